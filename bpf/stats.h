/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Counting: the only file that adds to counters. */
#ifndef STATS_H
#define STATS_H

#include "maps.h"

static __always_inline void count_verdict(__u32 cpu, enum verdict verdict)
{
	verdicts[bounded_index(cpu, VERDICT_CPUS)].packets[verdict] += 1;
}

/* One packet from a client for a real server; bytes is the IP total length. Packets go last:
 * whoever reads them first has the rest. */
static __always_inline void count_traffic(struct traffic *traffic, __u32 bytes, bool new_conn)
{
	traffic->conns += new_conn;
	traffic->bytes += bytes;
	barrier();
	traffic->packets += 1;
}

static __always_inline struct server_counts *counts_of(__u32 server)
{
	return &server_counts[bounded_index(server, MAX_SERVERS)];
}

/*
 * Moves one connection of a server from one count to another; HELD_NOTHING on either side counts
 * nowhere. Called by whoever won the compare-and-exchange of conn.control, so each move happens
 * once.
 */
static __always_inline void move_count(__u32 server, enum held from, enum held to)
{
	struct server_counts *counts = counts_of(server);

	if (from == to)
		return;
	if (to == HELD_ACTIVE)
		__sync_fetch_and_add(&counts->active, 1);
	else if (to == HELD_INACTIVE)
		__sync_fetch_and_add(&counts->inactive, 1);
	if (from == HELD_ACTIVE)
		__sync_fetch_and_add(&counts->active, -1);
	else if (from == HELD_INACTIVE)
		__sync_fetch_and_add(&counts->inactive, -1);
}

/* The part of the connection table that a server's connections count for. */
static __always_inline __u32 share_of(__u32 server)
{
	return server_shares[bounded_index(server, MAX_SERVERS)].share;
}

static __always_inline struct service_share *service_share(__u32 share)
{
	return &service_shares[bounded_index(share, MAX_SERVERS)];
}

static __always_inline struct conn_counts *conn_counts_here(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return &conn_counts[bounded_index(cpu, CONN_COUNTERS)];
}

/* Connections of a server that have become assured; called as move_count() is. */
static __always_inline void count_assured(__u32 server, __s32 more)
{
	__sync_fetch_and_add(&conn_counts_here()->assured, more);
	__sync_fetch_and_add(&service_share(share_of(server))->assured, more);
}

/* A connection of a server that has come; it is not assured. */
static __always_inline void count_conn(__u32 server, enum held held)
{
	move_count(server, HELD_NOTHING, held);
	__sync_fetch_and_add(&conn_counts_here()->all, 1);
}

/* One that has gone. */
static __always_inline void uncount_conn(__u32 server, enum held held, bool assured)
{
	if (held == HELD_NOTHING)
		return;
	move_count(server, held, HELD_NOTHING);
	__sync_fetch_and_add(&conn_counts_here()->all, -1);
	if (assured)
		count_assured(server, -1);
}

/* Adds up the assured ones, for packets to read. */
static __always_inline void sum_assured(void)
{
	__u32 sum = 0;

	for (int i = 0; i < CONN_COUNTERS; i++)
		sum += conn_counts[i].assured;
	config.assured = sum;
}

static __always_inline void count_evicted(void)
{
	__u32 key = 0;
	struct table_stats *stats = bpf_map_lookup_elem(&table_stats, &key);

	if (stats)
		stats->evicted += 1;
}

static __always_inline void count_expired(void)
{
	__u32 key = 0;
	struct table_stats *stats = bpf_map_lookup_elem(&table_stats, &key);

	if (stats)
		stats->expired += 1;
}

#endif
