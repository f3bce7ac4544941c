/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * New connections. Inserters of the same tuple meet at one lock, so a retransmitted SYN on another
 * CPU finds what the first one made, and the scheduler picks once. Slots are claimed by
 * compare-and-exchange, since inserters of other tuples may want the same slot under another lock.
 */
#ifndef CONN_INSERT_H
#define CONN_INSERT_H

#include "conn.h"
#include "pick.h"

/*
 * The first set is taken while it has fewer live entries than this, then the emptier one. Simulated
 * with 2 M slots, lost of 1 M / 1.5 M inserts and share found only in the second set: always the
 * emptier 0 / 18 and half; 6: 0 / 155 and 4 % / 12 %; 8: 159 / 10,359 and 0.7 % / 4 %.
 */
#define PREFER_FIRST_BELOW 6
/* Slots lost to other inserters before the packet is given up. */
#define CLAIM_TRIES 3
#define SLOT_MASK   ((1 << SET_SLOTS) - 1)

/* What a look at one set showed: a bit for each slot. */
struct survey {
	__u32 live;
	/* Slots with the words of the tuple, live or not. */
	__u32 same;
	__u32 n_live;
};

static long try_lock(__u32 i, __u32 **lock)
{
	return __sync_lock_test_and_set(*lock, 1) == 0;
}

/* Spins for less than the 100 us that LOCK_TRIES takes. Returns whether the lock is ours. */
static __always_inline bool take_lock(__u32 *lock)
{
	if (__sync_lock_test_and_set(lock, 1) == 0)
		return true;
	return bpf_loop(LOCK_TRIES, try_lock, &lock, 0) < LOCK_TRIES;
}

/* A plain store is enough: whatever was published before was published by an atomic exchange. */
static __always_inline void drop_lock(__u32 *lock)
{
	*(volatile __u32 *)lock = 0;
}

/*
 * 1 if x is 0, else 0, without a branch. The barrier keeps clang from making it one again: the
 * verifier would follow every combination of the outcomes of 8 slots.
 */
static __always_inline __u32 is_zero(__u64 x)
{
	x |= 0 - x;
	barrier_var(x);
	return 1 ^ (__u32)(x >> 63);
}

static __noinline int survey_set(const struct conn_set *set, const struct place *place, __u32 now,
				 struct survey *s)
{
	*s = (struct survey){};
	for (int i = 0; i < SET_SLOTS; i++) {
		const struct conn *conn = &set->slots[i];
		struct control c = unpack(read_word(&conn->control));
		__u64 differs = (read_word(&conn->cip) ^ place->addresses) |
				((read_word(&conn->cport) ^ place->identity) & IDENTITY_MASK);
		__u32 live = is_live(c, now);

		s->live |= live << i;
		s->same |= is_zero(differs) << i;
		s->n_live += live;
	}
	return 0;
}

/* Half-open connections of a set whose slots are all taken. */
static __noinline __u32 half_open_slots(const struct conn_set *set)
{
	__u32 mask = 0;

	for (int i = 0; i < SET_SLOTS; i++) {
		struct control c = unpack(read_word(&set->slots[i].control));
		__u32 claimed = is_zero(c.held ^ HELD_CLAIMED);

		mask |= (is_zero(c.state ^ STATE_SYN_RECV) & (1 ^ claimed)) << i;
	}
	return mask;
}

/* The slot among those in mask that comes first from `from` on, going round (slot_of()). mask is
 * not 0. */
static __always_inline __u32 first_slot(__u32 mask, __u32 from)
{
	__u32 turned = (mask >> from | mask << (SET_SLOTS - from)) & SLOT_MASK;
	__u32 lowest = turned & (0 - turned);
	__u32 slot = (1 ^ is_zero(lowest & 0xaa)) | (1 ^ is_zero(lowest & 0xcc)) << 1 |
		     (1 ^ is_zero(lowest & 0xf0)) << 2;

	return from + slot;
}

/* Where the new entry goes: set 0 or 1, and slot. */
struct choice {
	__u32 set;
	__u32 slot;
	bool evicts;
};

/*
 * In this order: the tuple's own expired slot (nobody may revive it beside the new one), a free
 * slot, the slot of a half-open connection. False when all are taken by better ones.
 */
static __always_inline bool choose_slot(struct conn_set *sets[2], const struct survey s[2],
					const struct place *place, struct choice *choice)
{
	__u32 candidates;

	choice->evicts = false;
	for (int i = 0; i < 2; i++) {
		candidates = s[i].same & ~s[i].live;
		if (candidates) {
			choice->set = i;
			choice->slot = first_slot(candidates, place->home);
			return true;
		}
	}
	choice->set = s[0].n_live >= PREFER_FIRST_BELOW && s[1].n_live < s[0].n_live;
	candidates = ~s[choice->set].live & SLOT_MASK;
	for (int i = 0; i < 2 && !candidates; i++) {
		choice->evicts = true;
		choice->set = i;
		candidates = half_open_slots(sets[i]);
	}
	if (!candidates)
		return false;
	choice->slot = first_slot(candidates, place->home);
	return true;
}

/* The tuple's live entry in a surveyed set, if there is one: it may have been evicted since. */
static __always_inline bool same_conn(struct conn_set *set, const struct survey *s,
				      const struct place *place, __u32 now, struct found *found)
{
	__u32 same = s->same & s->live;

	return same && read_conn(slot_of(set, first_slot(same, 0)), place, found) &&
	       is_usable(found, now);
}

/* Takes the slot over from whatever is in it, and makes it the tuple's. */
static __always_inline bool fill_slot(struct conn *conn, const struct choice *choice,
				      const struct place *place, const struct config *config,
				      const struct packet *p, __u32 now, struct found *found)
{
	__u64 seen = read_word(&conn->control);
	struct control c = unpack(seen), claimed = {.expires = now, .held = HELD_CLAIMED};
	const struct real_server *server;

	/* It came alive since the survey. */
	if (is_live(c, now) &&
	    !(choice->evicts && c.state == STATE_SYN_RECV && c.held != HELD_CLAIMED))
		return false;
	claimed.generation = c.generation + 1;
	if (!release_conn(conn, seen, pack(claimed)))
		return false;
	if (choice->evicts)
		count_evicted();
	else if (c.held != HELD_NOTHING)
		count_expired();

	server = bpf_map_lookup_elem(&real_servers, &found->server);
	found->forward = server ? server->forward : FWD_ROUTE;
	*(volatile __u64 *)&conn->cport = 0;
	*(volatile __u64 *)&conn->cip = place->addresses;
	conn->forward = found->forward;
	*(volatile __u64 *)&conn->cport = place->identity | (__u64)found->server << 32;
	claimed.state = next_state(STATE_NONE, p);
	claimed.held = is_active(claimed.state) ? HELD_ACTIVE : HELD_INACTIVE;
	claimed.expires = now + timeout_of(config, claimed.state);
	found->conn = conn;
	found->control = pack(claimed);
	move_count(found->server, HELD_NOTHING, claimed.held);
	__sync_lock_test_and_set(&conn->control, found->control);
	return true;
}

/* Under the lock. GO_ON with *found filled; *created tells whether it is new. */
static __always_inline int insert_locked(const struct config *config, const struct place *place,
					 __u32 plan, const struct packet *p, __u32 now,
					 struct found *found, bool *created)
{
	struct conn_set *sets[2];
	struct survey s[2];
	struct choice choice;
	__u32 server = NO_SERVER;
	int result;

	for (int i = 0; i < 2; i++) {
		__u32 index = place->set[i];

		sets[i] = bpf_map_lookup_elem(&conns, &index);
		if (!sets[i])
			return VERDICT_DROP_TABLE_FULL;
	}
	for (int i = 0; i < CLAIM_TRIES; i++) {
		survey_set(sets[0], place, now, &s[0]);
		survey_set(sets[1], place, now, &s[1]);
		if (same_conn(sets[0], &s[0], place, now, found) ||
		    same_conn(sets[1], &s[1], place, now, found))
			return GO_ON;
		if (!choose_slot(sets, s, place, &choice))
			return VERDICT_DROP_TABLE_FULL;
		/* Not `server == NO_SERVER`: the verifier of Linux 6.1 would follow the pick on
		 * every try. */
		if (i == 0) {
			result = pick_server(plan, &server);
			if (result != GO_ON)
				return result;
		}
		found->server = server;
		*created = fill_slot(slot_of(sets[choice.set & 1], choice.slot), &choice, place,
				     config, p, now, found);
		if (*created)
			return GO_ON;
	}
	return VERDICT_DROP_CONTENDED;
}

/* Makes a connection by the service's plan for the packet's tuple, or finds the one made meanwhile.
 */
static __always_inline int insert_conn(const struct config *config, const struct place *place,
				       __u32 plan, const struct packet *p, __u32 now,
				       struct found *found, bool *created)
{
	__u32 key = place->hash % INSERT_LOCKS;
	__u32 *lock = bpf_map_lookup_elem(&locks, &key);
	int result;

	if (!lock || !take_lock(lock))
		return VERDICT_DROP_CONTENDED;
	result = insert_locked(config, place, plan, p, now, found, created);
	drop_lock(lock);
	return result;
}

#endif
