/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Where the director's clock gets its time. Tests compile with another header in its place (same
 * include guard), and set the clock themselves.
 */
#ifndef KERNEL_CLOCK_H
#define KERNEL_CLOCK_H

#include "maps.h"

static __always_inline void advance_clock(void)
{
	*(volatile __u32 *)&config.now = bpf_ktime_get_ns() >> TICK_SHIFT;
}

#endif
