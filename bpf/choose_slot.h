/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Part of conn_table.h: where a new connection goes, the slot of its two sets that loses least.
 * Reads the table only; conn_insert.h takes the slot over.
 */

static __noinline int survey_set(const struct conn_set *set, __u32 now, struct survey *s)
{
	__u32 live = 0, n_live = 0;

#pragma unroll
	for (int i = 0; i < SET_SLOTS; i++) {
		__u32 is = is_live(unpack(read_word(&set->slots[i].control)), now);

		live |= is << i;
		n_live += is;
	}
	s->live = live;
	s->n_live = n_live;
	return 0;
}

/*
 * The slot (bits 3..0) of the connection that may give way and whose last packet is longest ago,
 * above it 1 and its age in ticks. 0: there is none. share: as held_to_share() says.
 */
static __noinline __u64 oldest_slot(const struct conn_set *set, __u32 now, __u32 share)
{
	__u32 of_all = is_zero(share);
	__u64 oldest = 0;

	for (int i = 0; i < SET_SLOTS; i++) {
		struct control c = unpack(read_word(&set->slots[i].control));
		__u32 age = timeout_of(c.state) - (c.expires - now);
		/* Ages below 0 follow from a timeout that was changed: they count as younger. */
		__u64 rank = 1ULL << 36 | (__u64)(age ^ 1U << 31) << 4 | i;

		__u32 server = set->slots[i].owner & OWNER_SERVER_MASK;
		__u32 fits = of_all | is_zero(share_of(server) ^ share);

		rank &= 0 - (__u64)opaque(gives_way(c) & fits);
		oldest = greater(oldest, rank);
	}
	return oldest;
}

/* The slot that the new entry goes to. */
struct choice {
	struct conn *conn;
	bool evicts;
};

/* The connection of both sets that gives way, or NULL. share: as held_to_share() says. */
static __always_inline struct conn *choose_victim(__u64 hash, __u32 now, __u32 share)
{
	struct conn_set *first = set_of(hash, 0), *second = set_of(hash, 1);
	__u64 of_first, of_second;

	if (!first || !second)
		return NULL;
	of_first = oldest_slot(first, now, share);
	of_second = oldest_slot(second, now, share);
	if (of_second > of_first)
		return slot_of(second, of_second);
	return of_first ? slot_of(first, of_first) : NULL;
}

/* A free slot of the first set, or of the emptier one where the first has few. NULL: there is none.
 */
static __always_inline struct conn *choose_free(__u64 hash, __u32 now)
{
	struct conn_set *set = set_of(hash, 0), *second;
	struct survey s, of_second;
	__u32 free;

	if (!set)
		return NULL;
	survey_set(set, now, &s);
	if (s.n_live >= PREFER_FIRST_BELOW) {
		second = set_of(hash, 1);
		if (!second)
			return NULL;
		survey_set(second, now, &of_second);
		if (of_second.n_live < s.n_live) {
			set = second;
			s = of_second;
		}
	}
	free = ~s.live & SLOT_MASK;
	return free ? slot_of(set, first_slot(free, home_slot(hash))) : NULL;
}

/*
 * The tuple's own expired slot, since nobody may revive it beside a new one; else a free slot, else
 * that of the connection whose last packet is longest ago, of those that are not assured. They are
 * one class: a flood of what is in the class that goes first would take it from all services. What
 * is held to its share gets no free slot. False when all are assured.
 */
static __always_inline bool choose_slot(const struct packet *p, __u32 expired, __u32 share,
					struct choice *choice)
{
	struct conn_set *set;

	if (expired) {
		set = set_of(p->hash, expired > SET_SLOTS);
		choice->conn = set ? slot_of(set, expired - 1) : NULL;
		return set;
	}
	choice->conn = share ? NULL : choose_free(p->hash, p->now);
	if (choice->conn)
		return true;
	choice->evicts = true;
	choice->conn = choose_victim(p->hash, p->now, share);
	return choice->conn;
}
