/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock of the director. Tests compile with another header in its place (same include guard),
 * so the programs in production read the kernel's clock and nothing else.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/*
 * CLOCK_MONOTONIC in nanoseconds as of the last timer interrupt, for packets: a tick of the table
 * is 67 ms, and reading the hardware's counter costs 10 to 50 ns of each packet.
 */
static __always_inline __u64 now_ns(void)
{
	return bpf_ktime_get_coarse_ns();
}

/* The same clock to the nanosecond, for timers, which may not call the coarse one. */
static __always_inline __u64 timer_now_ns(void)
{
	return bpf_ktime_get_ns();
}

#endif
