/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Tables that packets and the daemon share. All are pinned and outlive the daemon. Userspace writes
 * services, plans, servers and next hops; packets write connections, counts and cursors.
 *
 * Each map names type, map_flags, max_entries, key and value, in this order: platform/memory.h
 * reads its definition so.
 *
 * A variable in a section .data.NAME is a map of one entry, too, whose address the program has: a
 * lookup would be a dozen instructions. Its size is the compiled one, and the object file has as
 * many zeros.
 */
#ifndef MAPS_H
#define MAPS_H

#include <stddef.h>
#include "platform.h"
#include "config.h"
#include "types.h"
#include "verifier.h"

/* The connection table (conn.h). max_entries is set at load: one set is SET_SLOTS connections. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct conn_set);
} conns SEC(".maps");

/* Locks of insertions (insert_lock.h), by hash. */
__u32 locks[INSERT_LOCKS] SEC(".data.locks");

struct config config SEC(".data.config");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, 0);
	__uint(max_entries, MAX_SERVICES);
	__type(key, struct service_key);
	__type(value, struct service);
} services SEC(".maps");

/* Addresses that have at least one service. The value counts them. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, 0);
	__uint(max_entries, MAX_SERVICES);
	__type(key, struct ip_addr);
	__type(value, __u32);
} vips SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_PLANS);
	__type(key, __u32);
	__type(value, struct plan);
} plans SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_PLAN_ENTRIES / PLAN_BLOCK);
	__type(key, __u32);
	__type(value, struct plan_block);
} plan_entries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_PLAN_SEGMENTS);
	__type(key, __u32);
	__type(value, struct plan_segment);
} plan_segments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_SERVERS);
	__type(key, __u32);
	__type(value, struct real_server);
} real_servers SEC(".maps");

struct server_counts server_counts[MAX_SERVERS] SEC(".data.server_counts");

struct server_share server_shares[MAX_SERVERS] SEC(".data.server_shares");

struct service_share service_shares[MAX_SERVERS] SEC(".data.service_shares");

/* By CPU; those beyond share. */
struct conn_counts conn_counts[CONN_COUNTERS] SEC(".data.conn_counts");

/* The servers on one CPU. */
struct cpu_lanes {
	struct server_lane of[MAX_SERVERS];
};

/*
 * By CPU; max_entries is set at load. No per-CPU map: that has a table of pointers between, whose
 * lines packets to many servers would have to fetch as well, and is no memory to map.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cpu_lanes);
} server_lanes SEC(".maps");

/* Of this CPU. NULL only to satisfy the verifier. */
static __always_inline struct server_lane *lane_of(const __u32 *cpu, __u32 server)
{
	struct cpu_lanes *lanes = bpf_map_lookup_elem(&server_lanes, cpu);

	return lanes ? &lanes->of[bounded_index(server, MAX_SERVERS)] : NULL;
}

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MAX_SERVERS);
	__type(key, __u32);
	__type(value, struct traffic_base);
} server_base SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	/* By service.id; the last has the traffic of services that are gone. */
	__uint(max_entries, MAX_SERVICES + 1);
	__type(key, __u32);
	__type(value, struct traffic_base);
} service_base SEC(".maps");

struct next_hop next_hops[MAX_NEXT_HOPS] SEC(".data.next_hops");

static __always_inline struct next_hop *next_hop_of(const struct server_lane *lane)
{
	return &next_hops[bounded_index(lane->next_hop, MAX_NEXT_HOPS)];
}

/* The way in force. */
static __always_inline const struct hop *hop_of(const struct next_hop *next_hop)
{
	return &next_hop->hops[next_hop->current & 1];
}

/* The source of the outer header by that way. */
static __always_inline const struct ip_addr *saddr_of(const struct next_hop *next_hop)
{
	return &next_hop->saddrs[next_hop->current & 1];
}

/* By CPU: up to Linux 6.9 a look into a per-CPU map is the call of a function. */
struct cpu_verdicts verdicts[VERDICT_CPUS] SEC(".data.verdicts");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(map_flags, 0);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct table_stats);
} table_stats SEC(".maps");

#endif
