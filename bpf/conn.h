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
