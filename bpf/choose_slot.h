/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Where a new connection goes: the slot of its two sets that loses least. Reads the table only;
 * conn_insert.h takes the slot over.
 */
#ifndef CHOOSE_SLOT_H
#define CHOOSE_SLOT_H

#include "conn.h"

/*
 * The first set is taken while it has fewer live entries than this, then the emptier one. Simulated
 * with 2 M slots, lost of 1 M / 1.5 M inserts and share found only in the second set: always the
 * emptier 0 / 18 and half; 6: 0 / 155 and 4 % / 12 %; 8: 159 / 10,359 and 0.7 % / 4 %.
 */
#define PREFER_FIRST_BELOW 6
#define SLOT_MASK	   ((1 << SET_SLOTS) - 1)

/* What a look at one set showed. */
struct survey {
	/* A bit for each slot. */
	__u32 live;
	__u32 n_live;
};

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

/* A connection that is to give way. */
struct victim {
	struct conn *conn;
	/* Ticks since its last packet. */
	__s32 age;
};

/* Whether a live entry may give way: nobody fills it, and it is not assured. */
static __always_inline bool gives_way(struct control c)
{
	return c.held != HELD_CLAIMED && !c.assured;
}

/* Looks in a set whose slots are all taken for the oldest connection that may give way. */
static __noinline int find_oldest(struct conn_set *set, __u32 now, struct victim *oldest)
{
	for (int i = 0; i < SET_SLOTS; i++) {
		struct control c = unpack(read_word(&set->slots[i].control));
		__s32 age = timeout_of(c.state) - (c.expires - now);

		if (!gives_way(c) || (oldest->conn && age <= oldest->age))
			continue;
		oldest->conn = &set->slots[i];
		oldest->age = age;
	}
	return 0;
}

/* The slot among those in mask that comes first from `from` on, going round. mask is not 0. The
 * result may be a round more than there are slots. */
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

/* The connection of both sets that gives way, or NULL. */
static __always_inline struct conn *choose_victim(__u64 hash, __u32 now)
{
	struct victim oldest = {};

	for (int choice = 0; choice < 2; choice++) {
		struct conn_set *set = set_of(hash, choice);

		if (!set)
			break;
		find_oldest(set, now, &oldest);
	}
	return oldest.conn;
}

/*
 * The tuple's own expired slot, since nobody may revive it beside a new one; else a free slot, else
 * that of the connection whose last packet is longest ago, of those that are not assured. They are
 * one class: a flood of what is in the class that goes first would take it from all services. False
 * when all are assured.
 */
static __always_inline bool choose_slot(__u64 hash, __u32 expired, __u32 now, struct choice *choice)
{
	struct conn_set *set = set_of(hash, expired > SET_SLOTS), *second;
	struct survey s, of_second;
	__u32 free;

	if (!set)
		return false;
	if (expired) {
		choice->conn = slot_of(set, expired - 1);
		return true;
	}
	survey_set(set, now, &s);
	if (s.n_live >= PREFER_FIRST_BELOW) {
		second = set_of(hash, 1);
		if (!second)
			return false;
		survey_set(second, now, &of_second);
		if (of_second.n_live < s.n_live) {
			set = second;
			s = of_second;
		}
	}
	free = ~s.live & SLOT_MASK;
	if (free) {
		choice->conn = slot_of(set, first_slot(free, home_slot(hash)));
		return true;
	}
	choice->evicts = true;
	choice->conn = choose_victim(hash, now);
	return choice->conn != NULL;
}

#endif
