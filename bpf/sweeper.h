/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The sweeper: a timer in the kernel that keeps the clock of packets and takes expired connections
 * off the counts. It runs on with the daemon dead, as long as its map is pinned. A table of any
 * size is gone through once a second. Only the kernel has timers: where the packet path is a
 * module, its host keeps the clock and sweeps.
 */
#ifndef SWEEPER_H
#define SWEEPER_H

#include "clock.h"
#include "kernel_clock.h"
#include "conn.h"

#define CLOCK_MONOTONIC 1

struct sweeper {
	struct bpf_timer timer;
	__u32 next_set;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sweeper);
} sweeper SEC(".maps");

static int sweep(void *map, __u32 *key, struct sweeper *self)
{
	advance_clock();
	self->next_set = sweep_part(self->next_set, SWEEP_STEPS, now_tick());
	sum_assured();
	bpf_timer_start(&self->timer, SWEEP_INTERVAL_NS, 0);
	return 0;
}

/*
 * Run once by the daemon at each start: sets the timer going, or makes one that is going use this
 * program's code. Returns 0 or -errno.
 */
SEC("syscall")
int start_sweeper(void *ctx)
{
	__u32 key = 0;
	struct sweeper *self = bpf_map_lookup_elem(&sweeper, &key);
	long result;

	if (!self)
		return -2;
	/* Before the first packet. */
	advance_clock();
	/* -EBUSY: an earlier daemon initialised it. */
	bpf_timer_init(&self->timer, &sweeper, CLOCK_MONOTONIC);
	result = bpf_timer_set_callback(&self->timer, sweep);
	if (result)
		return result;
	return bpf_timer_start(&self->timer, SWEEP_INTERVAL_NS, 0);
}

#endif
