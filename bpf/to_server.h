/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* A packet whose connection is known: it is counted, and goes to its real server. */
#ifndef TO_SERVER_H
#define TO_SERVER_H

#include "conn.h"
#include "forward.h"
#include "ip_addr.h"
#include "path_mtu.h"

/* What a packet is to the connection that it was found to have. */
enum role {
	ROLE_GOES_ON,
	ROLE_OPENS,
	/* An ICMP error about it, and no packet of it (ip_vs_in_icmp()). */
	ROLE_ERROR,
};

/* Returns the verdict. cpu: this one. */
static __always_inline int to_server(struct xdp_md *ctx, const __u32 *cpu, struct packet *p,
				     const struct headers *h, struct found *found, enum role role)
{
	const bool is_error = role == ROLE_ERROR;
	struct server_lane *lane = lane_of(cpu, found->server);
	struct next_hop *next_hop;
	struct tunnel tunnel;
	const struct hop *hop;

	/* Errors are for it as long as it has connections, uncounted (ip_vs_in_icmp()). */
	if (unlikely(!lane || !(is_error || lane->available)))
		return VERDICT_DROP_SERVER_REMOVED;
	if (!is_error || lane->available)
		count_traffic(&lane->traffic, p->ip_len, role == ROLE_OPENS);
	if (role == ROLE_GOES_ON)
		arm_conn(found, p);
	next_hop = next_hop_of(lane);
	note_next_hop(ctx, next_hop);
	if (unlikely(next_hop->local))
		return VERDICT_PASS_LOCAL;
	hop = hop_of(next_hop);
	if (unlikely(!hop->ifindex))
		return VERDICT_DROP_UNRESOLVED;
	if (found->forward != FWD_TUNNEL)
		return forward_route(ctx, p, h, hop, is_error);
	tunnel = (struct tunnel){
	    .saddr = ipv4_in(saddr_of(next_hop)),
	    .daddr = ipv4_in(&next_hop->rip),
	    .path_mtu = known_path_mtu(next_hop, p->now),
	    .id = p->hash >> 48,
	};
	return forward_tunnel(ctx, p, h->ip, hop, &tunnel, is_error);
}

#endif
