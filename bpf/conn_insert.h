/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * New connections. Inserters of the same tuple meet at one lock, so a retransmitted SYN on another
 * CPU finds what the first one made, and the scheduler picks once. The lock counts how often it was
 * taken: a lookup that found nothing since the count was read need not be repeated under it. Slots
 * are claimed by compare-and-exchange, since inserters of other tuples may want the same slot under
 * another lock.
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

/*
 * Of a slot that is being filled: it never expires, also if the CPU that fills it is taken away for
 * long, since two that fill it would leave a count behind. The farthest that is_live() reckons.
 */
#define CLAIM_TICKS 0x7fffffff
/* Of a lock: taken. The other bits count. */
#define LOCK_TAKEN 1

/* What a look at one set showed. */
struct survey {
	/* A bit for each slot. */
	__u32 live;
	__u32 n_live;
};

static __always_inline __u32 *lock_of(const struct place *place)
{
	__u32 key = place->hash % INSERT_LOCKS;

	return bpf_map_lookup_elem(&locks, &key);
}

/* To be read before the lookup that insert_conn() shall rely on. With LOCK_TAKEN it never does. */
static __always_inline __u32 read_lock(const struct place *place)
{
	const volatile __u32 *lock = lock_of(place);

	return lock ? *lock : 0;
}

struct locking {
	__u32 *lock;
	/* The word as it was found. */
	__u32 word;
};

static long try_lock(__u32 i, struct locking *l)
{
	l->word = __sync_fetch_and_or(l->lock, LOCK_TAKEN);
	return !(l->word & LOCK_TAKEN);
}

/* Spins for less than the 100 us that LOCK_TRIES takes. Returns whether the lock is ours. */
static __always_inline bool take_lock(struct locking *l)
{
	if (try_lock(0, l))
		return true;
	bpf_loop(LOCK_TRIES, try_lock, l, 0);
	return !(l->word & LOCK_TAKEN);
}

/* A plain store is enough: whatever was published before was published by an atomic exchange. */
static __always_inline void drop_lock(struct locking *l)
{
	*(volatile __u32 *)l->lock = l->word + 2;
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

/* The slot that the new entry goes to. */
struct choice {
	struct conn *conn;
	bool evicts;
};

/*
 * The tuple's own expired slot, since nobody may revive it beside a new one; else a free slot, else
 * that of a half-open connection. False when all are taken by better ones.
 */
static __always_inline bool choose_slot(const struct place *place, __u32 expired, __u32 now,
					struct choice *choice)
{
	struct conn_set *sets[2];
	struct survey s[2];
	__u32 set, candidates;

	for (int i = 0; i < 2; i++) {
		__u32 index = place->set[i];

		sets[i] = bpf_map_lookup_elem(&conns, &index);
		if (!sets[i])
			return false;
	}
	if (expired) {
		choice->conn = slot_of(expired > SET_SLOTS ? sets[1] : sets[0], expired - 1);
		return true;
	}
	for (int i = 0; i < 2; i++)
		survey_set(sets[i], now, &s[i]);
	set = s[0].n_live >= PREFER_FIRST_BELOW && s[1].n_live < s[0].n_live;
	candidates = ~s[set].live & SLOT_MASK;
	for (int i = 0; i < 2 && !candidates; i++) {
		choice->evicts = true;
		set = i;
		candidates = half_open_slots(sets[i]);
	}
	if (!candidates)
		return false;
	choice->conn = slot_of(set ? sets[1] : sets[0], first_slot(candidates, place->home));
	return true;
}

/* Takes the slot over from whatever is in it, and makes it the tuple's. */
static __always_inline bool fill_slot(const struct choice *choice, const struct place *place,
				      const struct config *config, const struct packet *p,
				      __u32 now, struct found *found)
{
	struct conn *conn = choice->conn;
	__u64 seen = read_word(&conn->control);
	struct control c = unpack(seen),
		       claimed = {.expires = now + CLAIM_TICKS, .held = HELD_CLAIMED};
	const struct real_server *server;

	/* It came alive since the slot was chosen. */
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

/* Under the lock: what was looked up before may be out of date. */
static __noinline bool find_again(const struct place *place, __u32 now, struct found *found)
{
	found->expired = 0;
	return find_conn(place, now, found);
}

/* Under the lock, once the tuple is known to have no entry. GO_ON with *found filled; *created
 * tells whether it is new. */
static __always_inline int insert_locked(const struct config *config, const struct place *place,
					 __u32 plan, const struct packet *p, __u32 now,
					 struct found *found, bool *created)
{
	__u32 server = NO_SERVER;
	int result;

	for (int i = 0; i < CLAIM_TRIES; i++) {
		struct choice choice = {};

		if (!choose_slot(place, found->expired, now, &choice))
			return VERDICT_DROP_TABLE_FULL;
		/* Not `server == NO_SERVER`: the verifier of Linux 6.1 would follow the pick on
		 * every try. */
		if (i == 0) {
			result = pick_server(plan, &server);
			if (result != GO_ON)
				return result;
		}
		found->server = server;
		*created = fill_slot(&choice, place, config, p, now, found);
		if (*created)
			return GO_ON;
		/* A late packet may have revived it: the next SYN will find it. */
		if (found->expired)
			break;
	}
	return VERDICT_DROP_CONTENDED;
}

/*
 * Makes a connection by the service's plan for the packet's tuple, or finds the one made meanwhile.
 * lock_seen: read_lock() before the lookup that left *found.
 */
static __always_inline int insert_conn(const struct config *config, const struct place *place,
				       __u32 lock_seen, __u32 plan, const struct packet *p,
				       __u32 now, struct found *found, bool *created)
{
	struct locking l = {.lock = lock_of(place)};
	int result = GO_ON;

	if (!l.lock || !take_lock(&l))
		return VERDICT_DROP_CONTENDED;
	if (l.word == lock_seen || !find_again(place, now, found))
		result = insert_locked(config, place, plan, p, now, found, created);
	drop_lock(&l);
	return result;
}

#endif
