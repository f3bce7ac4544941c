/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock of the director. Tests compile with another header in its place (same include guard),
 * so the programs in production read the kernel's clock and nothing else.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* CLOCK_MONOTONIC in nanoseconds. */
static __always_inline __u64 now_ns(void)
{
	return bpf_ktime_get_ns();
}

#endif
