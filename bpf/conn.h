/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The table of IPv4 connections: conn_table.h for slots of 32 bytes, two a cache line.
 */
#ifndef CONN_H
#define CONN_H

#include "clock.h"
#include "conn_state.h"
#include "insert_lock.h"
#include "pick.h"
#include "slot_rules.h"
#include "words.h"

/* A round of a hash: multiply and shift, as in MurmurHash3's finalizer. */
static __always_inline __u64 hash_word(__u64 h, __u64 word)
{
	h = (h ^ word) * 0xff51afd7ed558ccdULL;
	return h ^ h >> 32;
}

/* The rounds after those of the addresses. */
static __always_inline __u64 hash_identity(__u64 h, __u64 identity)
{
	h = (h ^ identity ^ config.hash_seed[1]) * 0xc4ceb9fe1a85ec53ULL;
	h ^= h >> 29;
	h *= 0x9e3779b97f4a7c15ULL;
	return h ^ h >> 32;
}

/* Keyed, so that nobody outside can aim at a set. */
static __always_inline __u64 hash_tuple(const struct tuple *t)
{
	return hash_identity(hash_word(config.hash_seed[0], t->addresses), t->identity);
}

static __always_inline bool has_addresses(const struct conn *conn, const struct tuple *t)
{
	return read_word(&conn->cip) == t->addresses;
}

static __always_inline void put_addresses(struct conn *conn, const struct tuple *t)
{
	*(volatile __u64 *)&conn->cip = t->addresses;
}

#include "conn_table.h"

#endif
