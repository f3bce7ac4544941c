/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Part of conn_table.h: takes expired connections off the counts, a stretch of the table at a time.
 */

/* A stretch of sets, going round, and the time. */
struct sweep {
	__u32 first;
	__u32 now;
};

static long sweep_set(__u32 i, struct sweep *sweep)
{
	__u32 index = (sweep->first + i) & config.set_mask;
	struct conn_set *set = bpf_map_lookup_elem(&conns, &index);

	if (!set)
		return 1;
	for (int slot = 0; slot < SET_SLOTS; slot++) {
		struct conn *conn = &set->slots[slot];
		__u64 seen = read_word(&conn->control);
		struct control c = unpack(seen);

		if (c.held == HELD_NOTHING || is_live(c, sweep->now))
			continue;
		c.held = HELD_NOTHING;
		if (release_conn(conn, seen, pack(c)))
			count_expired();
	}
	return 0;
}

/* Sweeps an n-th of the table from a set on, and one set at least. Returns the set to go on with.
 */
static __always_inline __u32 sweep_part(__u32 first, __u32 n, __u32 now)
{
	struct sweep sweep = {.first = first, .now = now};
	__u32 n_sets = (config.set_mask + 1) / n;

	if (!n_sets)
		n_sets = 1;
	bpf_loop(n_sets, sweep_set, &sweep, 0);
	return (first + n_sets) & config.set_mask;
}
