/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The clock of the director: ticks, CLOCK_MONOTONIC >> TICK_SHIFT. The sweeper, which the kernel's
 * timer calls every 4 ms, writes the present one into the settings, and packets read it there: a
 * load from a line that they need anyway, where even the coarse clock is a call of 60 instructions,
 * a tenth of a packet.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include "maps.h"

static __always_inline __u32 now_tick(void)
{
	return *(const volatile __u32 *)&config.now;
}

#endif
