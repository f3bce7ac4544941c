/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The end of a packet: one place that counts its verdict and returns the action. */
#ifndef FINISH_H
#define FINISH_H

#include "stats.h"

_Static_assert((int)VERDICT_COUNT <= (int)VERDICT_SLOTS, "every verdict has a slot");
/* Four that forward are named one by one. */
#define VERDICTS_FROM_TO(first, last) ((last) - (first) + 1)
_Static_assert(VERDICTS_FROM_TO(VERDICT_PASS_NOT_IPV4, VERDICT_MALFORMED_CHECKSUM) + 4 +
		       VERDICTS_FROM_TO(VERDICT_ICMP_PORT_UNREACHABLE, VERDICT_ICMP_TUNNEL_ERROR) +
		       VERDICTS_FROM_TO(VERDICT_DROP_NO_SERVER, VERDICT_DROP_FAULT) ==
		   VERDICT_COUNT,
	       "every verdict is named in action_of");

static const __u8 action_of[VERDICT_SLOTS] = {
    [VERDICT_PASS_NOT_IPV4... VERDICT_MALFORMED_CHECKSUM] = XDP_PASS,
    [VERDICT_ROUTE_TX] = XDP_TX,
    [VERDICT_ROUTE_REDIRECT] = XDP_REDIRECT,
    [VERDICT_TUNNEL_TX] = XDP_TX,
    [VERDICT_TUNNEL_REDIRECT] = XDP_REDIRECT,
    [VERDICT_ICMP_PORT_UNREACHABLE... VERDICT_ICMP_TUNNEL_ERROR] = XDP_TX,
    [VERDICT_DROP_NO_SERVER... VERDICT_DROP_FAULT] = XDP_DROP,
};

/* Counts the verdict on this CPU. Returns the action. */
static __always_inline int finish(struct xdp_md *ctx, __u32 cpu, enum verdict verdict)
{
	__u32 slot = bounded_index(verdict, VERDICT_SLOTS);

	count_verdict(cpu, slot);
	note_verdict(ctx, slot);
	return action_of[slot];
}

#endif
