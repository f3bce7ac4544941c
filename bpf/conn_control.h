/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The control word of a connection: all that changes in its life, changed by compare-and-exchange
 * as a whole. The same for connections of IPv4 and IPv6.
 */
#ifndef CONN_CONTROL_H
#define CONN_CONTROL_H

#include <stdbool.h>
#include "maps.h"
#include "verifier.h"

#define CACHE_LINE	  64
#define OWNER_SERVER_MASK 0xffffff
/* Of the word made of ports and owner: all that identifies the tuple, the server left out. */
#define IDENTITY_MASK 0xff000000ffffffffULL

/* The fields of conn.control, unpacked. */
struct control {
	__u32 expires;
	__u16 generation;
	__u8 state;
	/* enum held */
	__u8 held;
	bool assured;
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
 * survey_set() counts on it. */
static __always_inline __u32 is_live(struct control c, __u32 now)
{
	__u32 holds = c.held | c.held >> 1;

	return (now - c.expires) >> 31 & opaque(holds);
}

/* Whether the entry can be used: it is active or inactive, not just being filled, and has not
 * expired. */
static __always_inline bool is_usable(struct control c, __u32 now)
{
	_Static_assert(HELD_ACTIVE == 1 && HELD_INACTIVE == 2 && HELD_CLAIMED == 3,
		       "the two that have one bit set");
	return (now - c.expires) >> 31 & (c.held ^ c.held >> 1);
}

static __always_inline __u32 timeout_of(__u8 state)
{
	return config.timeout_ticks[state & (STATE_SLOTS - 1)];
}

#endif
