/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Memory of the maps, each in an allocation of its own, and what a daemon writes to it. */
#ifndef TABLES_H
#define TABLES_H

/* As many as there is room for, so that they stand in each other's way. */
#define N_SERVICES 6
/* Entries and segments that a plan has room for. */
#define PLAN_ROOM     (MAX_PLAN_ENTRIES / MAX_PLANS)
#define PLAN_SEGMENTS (MAX_PLAN_SEGMENTS / MAX_PLANS)

struct table {
	struct map_memory *map;
	size_t entries;
	size_t size;
};

#define ENTRIES(def) (sizeof(*(def).max_entries) / sizeof(int))
#define ARRAY(def)                                                                                 \
	{(void *)&(def), ENTRIES(def), ENTRIES(def) * map_stride_of(sizeof(*(def).value))}
#define HASH(def, n)                                                                               \
	{(void *)&(def), n,                                                                        \
	 2 * (n) *                                                                                 \
	     (HASH_USED_SIZE + map_stride_of(sizeof(*(def).key)) +                                 \
	      map_stride_of(sizeof(*(def).value)))}
#define map_stride_of(size) (((size) + 7) & ~(size_t)7)

/* All but conns, whose size an input chooses. */
static const struct table tables[] = {
    HASH(services, N_SERVICES), HASH(vips, N_SERVICES), ARRAY(plans),	     ARRAY(plan_entries),
    ARRAY(plan_segments),	ARRAY(real_servers),	ARRAY(server_lanes), ARRAY(server_base),
    ARRAY(service_base),	ARRAY(table_stats),	ARRAY(scratch),	     ARRAY(icmp_budget),
};
#define N_TABLES (sizeof(tables) / sizeof(*tables))

static void place_tables(void)
{
	for (size_t i = 0; i < N_TABLES; i++) {
		tables[i].map->max_entries = tables[i].entries;
		tables[i].map->value = malloc(tables[i].size);
	}
}

/* All zeros, and so many sets of connections, until drop_conns(). */
static void clear_tables(__u32 sets)
{
	struct map_memory *map = (void *)&conns;

	for (size_t i = 0; i < N_TABLES; i++)
		memset(tables[i].map->value, 0, tables[i].size);
	map->max_entries = sets;
	map->value = calloc(sets, sizeof(struct conn_set));
	memset(locks, 0, sizeof(locks));
	memset(&config, 0, sizeof(config));
	memset(server_counts, 0, sizeof(server_counts));
	memset(server_shares, 0, sizeof(server_shares));
	memset(service_shares, 0, sizeof(service_shares));
	memset(conn_counts, 0, sizeof(conn_counts));
	memset(next_hops, 0, sizeof(next_hops));
	memset(verdicts, 0, sizeof(verdicts));
	config.set_mask = sets - 1;
}

static void drop_conns(void)
{
	free(conns.value);
	conns.value = NULL;
}

/* A plan's entries, all of them at first, then the first half once more: two segments. */
static void set_plan(__u32 index, __u32 picker, __u32 n_unresolved,
		     const struct plan_entry *entries, __u32 n)
{
	__u32 at = index % MAX_PLANS, first_entry = at * PLAN_ROOM;
	__u32 first_segment = at * PLAN_SEGMENTS, half = (n + 1) / 2;
	struct plan_segment *segments = (struct plan_segment *)plan_segments.value + first_segment;
	struct plan_entry *to = plan_entries.value->entries;
	struct plan *plan = plans.value + at;

	memcpy(to + first_entry, entries, n * sizeof(*entries));
	segments[0] = (struct plan_segment){0, first_entry, n};
	segments[1] = (struct plan_segment){2 * n, first_entry, half};
	*plan = (struct plan){
	    .length = 2 * n + half,
	    .picker = picker,
	    .first_entry = first_entry,
	    .n_entries = n,
	    .first_segment = first_segment,
	    .n_segments = 2,
	    .n_unresolved = n_unresolved,
	};
}

static void set_server(__u32 index, __u32 next_hop, __u8 forward, bool available)
{
	struct server_lane *lane = &server_lanes.value->of[index % MAX_SERVERS];
	struct real_server *server = real_servers.value + index % MAX_SERVERS;

	lane->next_hop = next_hop;
	lane->available = available;
	server->forward = forward;
	server->flags = SERVER_PRESENT | (available ? SERVER_AVAILABLE : 0);
}

/* The way to 10.0.0.(1 + index): written beside the one in force, and flipped. */
static void set_hop(__u32 index, __u32 ifindex, bool local, __u32 mtu)
{
	struct next_hop *to = &next_hops[index % MAX_NEXT_HOPS];
	__u32 other = !(to->current & 1);

	to->hops[other] = (struct hop){
	    .ifindex = ifindex,
	    .mtu = mtu,
	    .destination_mac = {2, 0, 0, 0, 1, index},
	    .source_mac = {2, 0, 0, 0, 0, 0xfe},
	};
	to->saddrs[other] = mapped(bpf_htonl(0x0a0000fe));
	to->rip = mapped(bpf_htonl(0x0a000001 + index % MAX_NEXT_HOPS));
	to->used = 1;
	to->local = local;
	to->current = other;
}

/* A word of a table that the daemon writes, to any value; but there are always 2^n sets, or they
 * would not be swept in finite time. */
static void write_word(__u32 table, __u32 index, __u32 value)
{
	const struct {
		void *words;
		size_t size;
	} written[] = {
	    {plans.value, MAX_PLANS * sizeof(struct plan)},
	    {plan_entries.value, MAX_PLAN_ENTRIES * sizeof(struct plan_entry)},
	    {plan_segments.value, MAX_PLAN_SEGMENTS * sizeof(struct plan_segment)},
	    {real_servers.value, MAX_SERVERS * sizeof(struct real_server)},
	    {server_lanes.value, sizeof(struct cpu_lanes)},
	    {next_hops, sizeof(next_hops)},
	    {&config, sizeof(config)},
	};

	table %= sizeof(written) / sizeof(*written);
	((__u32 *)written[table].words)[index % (written[table].size / sizeof(__u32))] = value;
	for (int shift = 1; shift < 32; shift *= 2)
		config.set_mask |= config.set_mask >> shift;
}

#endif
