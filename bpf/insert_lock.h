/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Locks of insertions. Inserters of the same tuple meet at one lock, so a retransmitted SYN on
 * another CPU finds what the first one made, and the scheduler picks once. The lock counts how
 * often it was taken: a lookup that found nothing since the count was read need not be repeated
 * under it.
 */
#ifndef INSERT_LOCK_H
#define INSERT_LOCK_H

#include "maps.h"

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

/* Spins for LOCK_TRIES at most. Returns whether the lock is ours. */
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

#endif
