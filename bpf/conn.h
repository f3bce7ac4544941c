/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The connection table: a set-associative hash table in an array. A tuple hashes to two sets of
 * SET_SLOTS; within a set it prefers the cache line that the hash names, so that a lookup that hits
 * costs one memory access in all but a few cases. An expired slot is a free slot; whoever takes it
 * gives back what it held. This file finds and updates; conn_insert.h makes new ones.
 */
#ifndef CONN_H
#define CONN_H

#include "clock.h"
#include "conn_state.h"
#include "maps.h"
#include "stats.h"
#include "words.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "struct conn is read as 64-bit words");

#define OWNER_SERVER_MASK 0xffffff
/* Of the word made of ports and owner: all that identifies the tuple, the server left out. */
#define IDENTITY_MASK 0xff000000ffffffffULL
/* Lost races that an update goes through before it leaves the entry to the others. */
#define UPDATE_TRIES 4

/* The fields of conn.control, unpacked. */
struct control {
	__u32 expires;
	__u16 generation;
	__u8 state;
	/* enum held */
	__u8 held;
	bool assured;
};

/* An entry that was found live; or, in expired alone, where one was. */
struct found {
	struct conn *conn;
	/* Its control word when it was seen. */
	__u64 control;
	__u32 server;
	/* 1 + SET_SLOTS * set + slot of the tuple's entry that has expired; 0: there is none. */
	__u32 expired;
	/* enum forward */
	__u8 forward;
};

static __always_inline struct control unpack(__u64 word)
{
	return (struct control){word >> 32, word >> 16, word >> 8, word & CONN_HELD,
				word & CONN_ASSURED};
}

static __always_inline __u64 pack(struct control c)
{
	return (__u64)c.expires << 32 | (__u32)c.generation << 16 | (__u32)c.state << 8 |
	       (c.assured ? CONN_ASSURED : 0) | c.held;
}

/* 1 if the entry holds a connection that has not expired, or is being filled. Without branches:
 * choose_slot.h counts on it. */
static __always_inline __u32 is_live(struct control c, __u32 now)
{
	__u32 holds = c.held | c.held >> 1;

	return (now - c.expires) >> 31 & opaque(holds);
}

/*
 * Keyed, so that nobody outside can aim at a set. Multiply and shift rounds on the addresses and
 * then the ports, as in MurmurHash3's finalizer.
 */
static __always_inline __u64 hash_tuple(const struct tuple *t)
{
	__u64 h = (t->addresses ^ config.hash_seed[0]) * 0xff51afd7ed558ccdULL;

	h ^= h >> 32;
	h = (h ^ t->identity ^ config.hash_seed[1]) * 0xc4ceb9fe1a85ec53ULL;
	h ^= h >> 29;
	h *= 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 32;
}

/* The set that a tuple can be in, by its hash: the first, choice 0, or the second, 1. NULL only to
 * satisfy the verifier. */
static __always_inline struct conn_set *set_of(__u64 hash, __u32 choice)
{
	__u32 index = (__u32)(hash >> 32 * choice) & config.set_mask;

	return bpf_map_lookup_elem(&conns, &index);
}

/* The first slot of the cache line to look at first. */
static __always_inline __u32 home_slot(__u64 hash)
{
	return (hash >> 29) & (SET_SLOTS - 2);
}

/* Slot i of a set, going round. */
static __always_inline struct conn *slot_of(struct conn_set *set, __u32 i)
{
	return &set->slots[bounded_index(i, SET_SLOTS)];
}

/*
 * Reads an entry, if it is the tuple's; it may have expired. The words are looked at again after
 * control: in a slot that was recycled meanwhile it would be another connection's.
 */
static __always_inline bool read_conn(struct conn *conn, const struct tuple *tuple,
				      struct found *found)
{
	__u64 word;

	if (unlikely(read_word(&conn->cip) != tuple->addresses))
		return false;
	word = read_word(&conn->cport);
	if (unlikely((word & IDENTITY_MASK) != tuple->identity))
		return false;
	found->conn = conn;
	found->control = read_word(&conn->control);
	found->server = (word >> 32) & OWNER_SERVER_MASK;
	found->forward = conn->forward;
	return likely(read_word(&conn->cip) == tuple->addresses && read_word(&conn->cport) == word);
}

/* Whether the entry can be used: it is active or inactive, not just being filled, and has not
 * expired. */
static __always_inline bool is_usable(struct control c, __u32 now)
{
	_Static_assert(HELD_ACTIVE == 1 && HELD_INACTIVE == 2 && HELD_CLAIMED == 3,
		       "the two that have one bit set");
	return (now - c.expires) >> 31 & (c.held ^ c.held >> 1);
}

/*
 * Looks a tuple up. Cost: one cache line when it sits in its home line. When false,
 * found->expired tells where it was before.
 */
static __always_inline bool find_conn(const struct tuple *tuple, __u64 hash, __u32 now,
				      struct found *found)
{
	__u32 home = home_slot(hash), expired = 0;

	for (int choice = 0; choice < 2; choice++) {
		struct conn_set *set = set_of(hash, choice);

		if (unlikely(!set))
			break;
		for (int i = 0; i < SET_SLOTS; i++) {
			struct conn *conn = slot_of(set, home + i);

			if (unlikely(!read_conn(conn, tuple, found)))
				continue;
			if (likely(is_usable(unpack(found->control), now)))
				return true;
			expired = 1 + choice * SET_SLOTS + ((home + i) & (SET_SLOTS - 1));
		}
	}
	found->expired = expired;
	return false;
}

static __always_inline __u32 timeout_of(__u8 state)
{
	return config.timeout_ticks[state & (STATE_SLOTS - 1)];
}

/*
 * Moves the connection on to its next state and arms its timer. Most packets find it assured, in
 * that state already and armed for long enough, and write nothing: what arms a connection that
 * stays in its state arms it for ARM_SLACK longer than its timeout. A packet that finds it
 * established by an earlier one assures it: a TCP handshake alone does not, nor does one datagram.
 */
static __always_inline void arm_conn(struct found *found, const struct packet *p)
{
	__u32 now = p->now;

	for (int i = 0; i < UPDATE_TRIES; i++) {
		struct control old = unpack(found->control), new = old;
		__u64 seen;

		new.state = next_state(old.state, p);
		new.expires = now + timeout_of(new.state);
		if (likely(new.state == old.state)) {
			bool is_armed = old.expires - new.expires <= ARM_SLACK;

			if (likely(is_armed && old.assured))
				return;
			new.expires = is_armed ? old.expires : new.expires + ARM_SLACK;
			new.assured |= new.state == STATE_ESTABLISHED || new.state == STATE_UDP;
		}
		new.held = is_active(new.state) ? HELD_ACTIVE : HELD_INACTIVE;
		seen =
		    __sync_val_compare_and_swap(&found->conn->control, found->control, pack(new));
		if (seen == found->control) {
			move_count(found->server, old.held, new.held);
			return;
		}
		if (unpack(seen).generation != old.generation || !is_live(unpack(seen), now))
			return;
		found->control = seen;
	}
}

/* Takes what an entry holds off the counts, if it is still as it was seen. Returns whether it was.
 */
static __always_inline bool release_conn(struct conn *conn, __u64 seen, __u64 replacement)
{
	__u32 server = conn->owner & OWNER_SERVER_MASK;

	if (__sync_val_compare_and_swap(&conn->control, seen, replacement) != seen)
		return false;
	uncount_conn(server, unpack(seen).held);
	return true;
}

#endif
