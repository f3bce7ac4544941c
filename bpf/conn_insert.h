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

#include "choose_slot.h"
#include "conn.h"
#include "pick.h"

/* Slots lost to other inserters before the packet is given up. */
#define CLAIM_TRIES 3

/*
 * Of a slot that is being filled: it never expires, also if the CPU that fills it is taken away for
 * long, since two that fill it would leave a count behind. The farthest that is_live() reckons.
 */
#define CLAIM_TICKS 0x7fffffff
/* Of a lock: taken. The other bits count. */
#define LOCK_TAKEN 1

static __always_inline __u32 *lock_of(__u64 hash)
{
	return &locks[hash % INSERT_LOCKS];
}

/* To be read before the lookup that insert_conn() shall rely on. With LOCK_TAKEN it never does. */
static __always_inline __u32 read_lock(__u64 hash)
{
	return *(const volatile __u32 *)lock_of(hash);
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

/* Takes the slot over from whatever is in it, and makes it the tuple's. */
static __always_inline bool fill_slot(const struct choice *choice, const struct packet *p,
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
	*(volatile __u64 *)&conn->cip = p->tuple.addresses;
	conn->forward = found->forward;
	*(volatile __u64 *)&conn->cport = p->tuple.identity | (__u64)found->server << 32;
	claimed.state = next_state(STATE_NONE, p);
	claimed.held = is_active(claimed.state) ? HELD_ACTIVE : HELD_INACTIVE;
	claimed.expires = now + timeout_of(claimed.state);
	found->conn = conn;
	found->control = pack(claimed);
	move_count(found->server, HELD_NOTHING, claimed.held);
	__sync_lock_test_and_set(&conn->control, found->control);
	return true;
}

/* Under the lock: what was looked up before may be out of date. */
static __noinline bool find_again(const struct tuple *tuple, __u64 hash, __u32 now,
				  struct found *found)
{
	return find_conn(tuple, hash, now, found);
}

/* Under the lock, once the tuple is known to have no entry. GO_ON with *found filled; *created
 * tells whether it is new. */
static __always_inline int insert_locked(__u64 hash, __u32 plan, const struct packet *p, __u32 now,
					 struct found *found, bool *created)
{
	__u32 server = NO_SERVER;
	int result;

	for (int i = 0; i < CLAIM_TRIES; i++) {
		struct choice choice = {};

		if (!choose_slot(hash, found->expired, now, &choice))
			return VERDICT_DROP_TABLE_FULL;
		/* Not `server == NO_SERVER`: the verifier of Linux 6.1 would follow the pick on
		 * every try. */
		if (i == 0) {
			result = pick_server(plan, &server);
			if (result != GO_ON)
				return result;
		}
		found->server = server;
		*created = fill_slot(&choice, p, now, found);
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
static __always_inline int insert_conn(__u64 hash, __u32 lock_seen, __u32 plan,
				       const struct packet *p, __u32 now, struct found *found,
				       bool *created)
{
	struct locking l = {.lock = lock_of(hash)};
	int result = GO_ON;

	if (!take_lock(&l))
		return VERDICT_DROP_CONTENDED;
	if (l.word == lock_seen || !find_again(&p->tuple, hash, now, found))
		result = insert_locked(hash, plan, p, now, found, created);
	drop_lock(&l);
	return result;
}

#endif
