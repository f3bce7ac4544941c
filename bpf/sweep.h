/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sweeper: a timer in the kernel that keeps the clock of packets and takes expired connections
 * off the counts. It runs on with the daemon dead, as long as its map is pinned. A table of any
 * size is gone through once a second.
 */
#ifndef SWEEP_H
#define SWEEP_H

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

struct sweep_step {
	__u32 first;
	__u32 mask;
	__u32 now;
};

static long sweep_set(__u32 i, struct sweep_step *step)
{
	__u32 index = (step->first + i) & step->mask;
	struct conn_set *set = bpf_map_lookup_elem(&conns, &index);

	if (!set)
		return 1;
	for (int slot = 0; slot < SET_SLOTS; slot++) {
		struct conn *conn = &set->slots[slot];
		__u64 seen = read_word(&conn->control);
		struct control c = unpack(seen);

		if (c.held == HELD_NOTHING || is_live(c, step->now))
			continue;
		c.held = HELD_NOTHING;
		if (release_conn(conn, seen, pack(c)))
			count_expired();
	}
	return 0;
}

static int sweep(void *map, __u32 *key, struct sweeper *self)
{
	struct sweep_step step = {.first = self->next_set};
	__u32 n_sets;

	step.now = advance_clock(&config);
	step.mask = config.set_mask;
	n_sets = (step.mask + 1) / SWEEP_STEPS;
	if (!n_sets)
		n_sets = 1;
	bpf_loop(n_sets, sweep_set, &step, 0);
	self->next_set = (step.first + n_sets) & step.mask;
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
	advance_clock(&config);
	/* -EBUSY: an earlier daemon initialised it. */
	bpf_timer_init(&self->timer, &sweeper, CLOCK_MONOTONIC);
	result = bpf_timer_set_callback(&self->timer, sweep);
	if (result)
		return result;
	return bpf_timer_start(&self->timer, SWEEP_INTERVAL_NS, 0);
}

#endif
