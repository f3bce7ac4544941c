/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The table of IPv6 connections: conn_table.h for slots of 64 bytes, one a cache line. One kind of
 * slot for both families would cost IPv4 a tenth of its speed.
 */
#ifndef CONN6_H
#define CONN6_H

#include "conn.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct conn_set6);
} conns6 SEC(".maps");

/* As struct tuple. */
struct tuple6 {
	/* cip and vip, as they stand in the packet's header. */
	__u64 addresses[4];
	__u64 identity;
};

/* What the table has to know of a packet; the fields are those of struct packet, the tuple by the
 * name that it has below. */
struct packet6 {
	struct tuple6 tuple6;
	__u64 hash;
	__u32 now;
	__u32 lock_seen;
	__u32 tcp_flags;
};

static __always_inline __u64 hash_tuple6(const struct tuple6 *t)
{
	__u64 h = config.hash_seed[0];

	for (int i = 0; i < 4; i++)
		h = hash_word(h, t->addresses[i]);
	return hash_identity(h, t->identity);
}

static __always_inline bool has_addresses6(const struct conn6 *conn, const struct tuple6 *t)
{
	const __u64 *addresses = (const void *)&conn->cip;

	for (int i = 0; i < 4; i++)
		if (read_word(&addresses[i]) != t->addresses[i])
			return false;
	return true;
}

static __always_inline void put_addresses6(struct conn6 *conn, const struct tuple6 *t)
{
	volatile __u64 *addresses = (void *)&conn->cip;

	for (int i = 0; i < 4; i++)
		addresses[i] = t->addresses[i];
}

/* What conn_table.h has, by other names. */
#define arm_conn      arm_conn6
#define choice	      choice6
#define choose_free   choose_free6
#define choose_slot   choose_slot6
#define choose_victim choose_victim6
#define conn	      conn6
#define conn_set      conn_set6
#define conns	      conns6
#define fill_slot     fill_slot6
#define find_again    find_again6
#define find_conn     find_conn6
#define found	      found6
#define has_addresses has_addresses6
#define home_slot     home_slot6
#define insert_conn   insert_conn6
#define insert_entry  insert_entry6
#define oldest_slot   oldest_slot6
#define packet	      packet6
#define put_addresses put_addresses6
#define read_conn     read_conn6
#define release_conn  release_conn6
#define set_mask      set_mask6
#define set_of	      set_of6
#define slot_of	      slot_of6
#define survey_set    survey_set6
#define sweep	      sweep6
#define sweep_part    sweep_part6
#define sweep_set     sweep_set6
#define tuple	      tuple6
#include "conn_table.h"
#undef arm_conn
#undef choice
#undef choose_free
#undef choose_slot
#undef choose_victim
#undef conn
#undef conn_set
#undef conns
#undef fill_slot
#undef find_again
#undef find_conn
#undef found
#undef has_addresses
#undef home_slot
#undef insert_conn
#undef insert_entry
#undef oldest_slot
#undef packet
#undef put_addresses
#undef read_conn
#undef release_conn
#undef set_mask
#undef set_of
#undef slot_of
#undef survey_set
#undef sweep
#undef sweep_part
#undef sweep_set
#undef tuple

#endif
