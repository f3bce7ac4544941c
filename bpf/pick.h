/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The pickers: from a service's plan to a real server. What the plans say is decided in
 * src/scheduler; a plan lists only servers that may be picked.
 */
#ifndef PICK_H
#define PICK_H

#include "maps.h"
#include "parse.h"
#include "stats.h"

#define NO_SERVER 0xffffffff
/* Halvings that find one segment of MAX_PLAN_SEGMENTS. */
#define SEGMENT_SEARCH_STEPS 19

/* The segment that position is in: the last whose start is not behind it. */
static __always_inline struct plan_segment *find_segment(const struct plan *plan, __u64 position)
{
	__u32 low = 0, high = plan->n_segments, key;

	for (int i = 0; i < SEGMENT_SEARCH_STEPS && high - low > 1; i++) {
		__u32 middle = low + (high - low) / 2;
		struct plan_segment *segment;

		key = plan->first_segment + middle;
		segment = bpf_map_lookup_elem(&plan_segments, &key);
		if (!segment)
			return NULL;
		if (segment->start <= position)
			low = middle;
		else
			high = middle;
	}
	key = plan->first_segment + low;
	return bpf_map_lookup_elem(&plan_segments, &key);
}

static __always_inline __u32 pick_sequence(struct plan *plan)
{
	struct plan_segment *segment;
	struct plan_block *block;
	__u64 position;
	__u32 entry, key;

	if (!plan->length)
		return NO_SERVER;
	position = __sync_fetch_and_add(&plan->cursor, 1) % plan->length;
	segment = find_segment(plan, position);
	if (!segment || !segment->n_entries)
		return NO_SERVER;
	entry = segment->first_entry + (position - segment->start) % segment->n_entries;
	key = entry / PLAN_BLOCK;
	block = bpf_map_lookup_elem(&plan_entries, &key);
	return block ? block->entries[entry % PLAN_BLOCK].server : NO_SERVER;
}

struct least {
	__u32 first_block;
	__u32 n_entries;
	__u32 server;
	/* Of the one in the lead. Before the first: 1 and 0, worse than any. */
	__u64 overhead;
	__u64 weight;
};

/* ip_vs_dest_conn_overhead() up to Linux 6.1: an active connection costs as much as 256 inactive.
 */
static __always_inline __u64 conn_overhead(const struct server_counts *counts)
{
	return ((__u64)counts->active << 8) + counts->inactive;
}

/* An entry takes the lead if it is strictly better, by cross multiplication: the earlier keeps a
 * tie. */
static __always_inline void consider_entry(const struct plan_entry *entry, struct least *least)
{
	__u64 overhead = conn_overhead(counts_of(entry->server));

	if (least->overhead * entry->weight <= overhead * least->weight)
		return;
	least->server = entry->server;
	least->overhead = overhead;
	least->weight = entry->weight;
}

/*
 * Entries in blocks, the lead in registers meanwhile: a call for each entry would cost a new
 * connection 170 ns more with 16 servers.
 */
static long consider_block(__u32 i, struct least *result)
{
	struct least least = *result;
	__u32 key = least.first_block + i, left = least.n_entries - i * PLAN_BLOCK;
	struct plan_block *block = bpf_map_lookup_elem(&plan_entries, &key);

	if (!block)
		return 1;
#pragma unroll
	for (__u32 entry = 0; entry < PLAN_BLOCK; entry++) {
		if (entry < left)
			consider_entry(&block->entries[entry], &least);
	}
	*result = least;
	return 0;
}

static __always_inline __u32 pick_least(const struct plan *plan)
{
	struct least least = {
	    .first_block = plan->first_entry / PLAN_BLOCK,
	    .n_entries = plan->n_entries,
	    .server = NO_SERVER,
	    .overhead = 1,
	};

	bpf_loop((plan->n_entries + PLAN_BLOCK - 1) / PLAN_BLOCK, consider_block, &least, 0);
	return least.server;
}

static __always_inline __u32 pick_from(struct plan *plan)
{
	switch (plan->picker) {
	case PICK_SEQUENCE:
		return pick_sequence(plan);
	case PICK_LEAST:
		return pick_least(plan);
	default:
		return NO_SERVER;
	}
}

/*
 * The server for a new connection. With none to offer, the client is told so, unless one may turn
 * up as soon as its neighbour answers: then it shall try again.
 */
static __always_inline int pick_server(__u32 index, __u32 *server)
{
	struct plan *plan = bpf_map_lookup_elem(&plans, &index);

	if (!plan)
		return VERDICT_DROP_NO_SERVER;
	*server = plan->n_entries ? pick_from(plan) : NO_SERVER;
	if (*server != NO_SERVER)
		return GO_ON;
	return plan->n_unresolved ? VERDICT_DROP_UNRESOLVED : VERDICT_ICMP_PORT_UNREACHABLE;
}

#endif
