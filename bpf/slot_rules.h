/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Which slot of a set a new connection takes: what does not depend on the kind of slot. */
#ifndef SLOT_RULES_H
#define SLOT_RULES_H

#include "conn_control.h"
#include "stats.h"

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

/*
 * The service_share that a server's connections are held to: those that are new take the slots of
 * others of it, and none becomes assured. 0: they are not held. The count of all is some
 * milliseconds old.
 */
static __always_inline __u32 held_to_share(__u32 server)
{
	__u32 share;

	if (likely(config.assured < config.nearly_full))
		return 0;
	share = share_of(server);
	return service_share(share)->assured < config.share_limit ? 0 : share;
}

/* 1 if an entry may give way: it holds a connection that is not assured. Without branches. */
static __always_inline __u32 gives_way(struct control c)
{
	return (c.held ^ c.held >> 1) & (c.assured ^ 1);
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

#endif
