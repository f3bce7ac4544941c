/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock of the director: ticks, CLOCK_MONOTONIC >> TICK_SHIFT. The sweeper, which the kernel's
 * timer calls every 4 ms, writes the present one into the settings, and packets read it there: a
 * load from a line that they need anyway, where even the coarse clock is a call of 60 instructions,
 * a tenth of a packet. Tests compile with another header in its place (same include guard), so the
 * programs in production read the kernel's clock and nothing else.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "types.h"

/* For packets. */
static __always_inline __u32 now_tick(const struct config *config)
{
	return *(const volatile __u32 *)&config->now;
}

/* For the sweeper: looks at the kernel's clock, and passes it on. */
static __always_inline __u32 advance_clock(struct config *config)
{
	__u32 now = bpf_ktime_get_ns() >> TICK_SHIFT;

	*(volatile __u32 *)&config->now = now;
	return now;
}

#endif
