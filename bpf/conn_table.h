/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The connection table: a set-associative hash table in an array. A tuple hashes to two sets of
 * SET_SLOTS; within a set it prefers the cache line that the hash names, so that a lookup that hits
 * costs one memory access in all but a few cases. An expired slot is a free slot; whoever takes it
 * gives back what it held.
 *
 * There are two, of IPv4 and of IPv6, from this one source: conn.h includes it, and conn6.h once
 * more, with other names for all that is in it. Before come hash_tuple(), has_addresses() and
 * put_addresses(), which alone know addresses.
 */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "slots are read as 64-bit words");

#include "conn_find.h"
#include "conn_update.h"
#include "choose_slot.h"
#include "conn_insert.h"
#include "conn_sweep.h"
