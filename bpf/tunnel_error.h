/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ICMP errors about tunnels to real servers, as ip_vs_in_icmp() treats them. A router on the way
 * sends them to the director, for its address is outside; they are about a client's packet, so the
 * client gets to know. The answer leaves by the neighbour that brought the error, the only way to
 * the client that is at hand here. Where that one does not know the way, the path MTU that was
 * learned still answers the client's next packet, which is how the client is reached.
 */
#ifndef TUNNEL_ERROR_H
#define TUNNEL_ERROR_H

#include "conn.h"
#include "icmp.h"
#include "path_mtu.h"

/* More than Ethernet, two tags, two IP headers with all options, and ICMP have, 150 bytes. */
#define INNER_AT_LIMIT 256
/* The path MTU is passed on less the outer header if more than this would be left (RFC 791). */
#define IPV4_MIN_MTU 68

/*
 * The way that the tunnel takes, or NULL: nothing that this director sent by this connection, or to
 * a server that is removed, which ip_vs_find_tunnel() does not find.
 */
static __always_inline struct next_hop *tunnel_way(const struct quote *quote, __be32 director,
						   const struct found *found)
{
	__u32 cpu = bpf_get_smp_processor_id();
	const struct server_lane *lane = lane_of(&cpu, found->server);
	struct next_hop *next_hop;

	if (found->forward != FWD_TUNNEL || !lane || !lane->available)
		return NULL;
	next_hop = next_hop_of(lane);
	if (ipv4_in(&next_hop->rip) != quote->rip || ipv4_in(saddr_of(next_hop)) != director)
		return NULL;
	return next_hop;
}

/* The kernel has not looked at it yet, and what is learned from it is kept. */
static __always_inline bool has_checksums(struct xdp_md *ctx, const struct packet *p,
					  const struct iphdr *ip)
{
	__u32 options_at = p->l2_len + sizeof(*ip), icmp_at = p->l2_len + ip->ihl * 4;

	return csum_fold(ip_header_sum(ip) + sum_frame(ctx, options_at, icmp_at)) == 0 &&
	       csum_fold(sum_frame(ctx, icmp_at, p->l2_len + p->ip_len)) == 0;
}

/*
 * The MTU that the client is told: the path's as it is known now rather than the router's figure,
 * less the outer header.
 */
static __always_inline __u32 learn_from(const struct icmphdr *icmp, struct next_hop *next_hop,
					__u32 now)
{
	__u32 mtu = learn_path_mtu(next_hop, bpf_ntohl(icmp->rest) & 0xffff, now);
	__u32 link_mtu = hop_of(next_hop)->mtu;

	if (link_mtu < mtu)
		mtu = link_mtu;
	return mtu > IPV4_MIN_MTU + sizeof(struct iphdr) ? mtu - sizeof(struct iphdr) : mtu;
}

/* Makes the error one about the client's packet, and sends it back as answer_icmp() does. */
static __always_inline int pass_on(struct xdp_md *ctx, const struct packet *p, __u32 inner_at,
				   const struct iphdr *inner, const struct icmphdr *icmp)
{
	__u32 rest = p->l2_len + p->ip_len - inner_at;
	__u32 quote = rest < ICMP_QUOTE_MAX ? rest : ICMP_QUOTE_MAX;
	struct iphdr header = error_header(inner, quote);
	struct ethhdr *eth = eth_header(ctx);

	if (!eth)
		return VERDICT_DROP_TUNNEL_ERROR;
	swap_macs(eth);
	if (!cut_behind_l2(ctx, p->l2_len, inner_at - p->l2_len - ICMP_ROOM) ||
	    !write_error(ctx, p->l2_len, quote, &header, icmp))
		return VERDICT_DROP_TUNNEL_ERROR;
	return VERDICT_ICMP_TUNNEL_ERROR;
}

/* The verdict on an error that parse_quoted_tunnel() took, when its connection is known. */
static __always_inline int tunnel_error(struct xdp_md *ctx, const struct packet *p,
					const struct quote *quote, const struct found *found,
					__u32 now)
{
	const struct iphdr *ip = ip_header(ctx, p->l2_len), *inner;
	struct cursor c = cursor_of(ctx);
	struct next_hop *next_hop;
	struct icmphdr icmp, *at;
	struct iphdr about;

	if (!ip)
		return VERDICT_PASS_ICMP;
	at = (void *)ip + ip->ihl * 4;
	inner = c.pos + bounded_index(quote->inner_at, INNER_AT_LIMIT);
	next_hop = tunnel_way(quote, ip->daddr, found);
	if (!next_hop || (void *)(at + 1) > c.end || (void *)(inner + 1) > c.end)
		return VERDICT_PASS_ICMP;
	icmp = *at;
	about = *inner;
	/* Before the sums, which are most of the work: beyond the budget nobody can ask for them.
	 */
	if (!may_send_icmp(&icmp, now))
		return VERDICT_DROP_TUNNEL_ERROR;
	if (!has_checksums(ctx, p, ip))
		return VERDICT_MALFORMED_CHECKSUM;
	if (is_frag_needed(&icmp)) {
		icmp.rest = bpf_htonl(learn_from(&icmp, next_hop, now));
		if (!(about.frag_off & bpf_htons(IP_DF)))
			return VERDICT_DROP_TUNNEL_ERROR;
	}
	return pass_on(ctx, p, quote->inner_at, &about, &icmp);
}

#endif
