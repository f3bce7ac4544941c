/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stands in for bpf/clock.h (same include guard): the time is what the test says it is. And there
 * are few next hops.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "../../bpf/types.h"

#define MAX_NEXT_HOPS 64

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} fake_clock SEC(".maps");

/* The clock is in nanoseconds, as written by the test. */
static __always_inline __u32 now_tick(const struct config *config)
{
	__u32 key = 0;
	__u64 *now = bpf_map_lookup_elem(&fake_clock, &key);

	return now ? *now >> TICK_SHIFT : 0;
}

static __always_inline __u32 advance_clock(struct config *config)
{
	return now_tick(config);
}

#endif
