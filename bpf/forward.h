/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Forwarding: LVS/DR and LVS/TUN. Knows no maps: what it needs of the real server and the way there
 * comes in as arguments. Rules: net/netfilter/ipvs/ip_vs_xmit.c.
 */
#ifndef FORWARD_H
#define FORWARD_H

#include <stddef.h>
#include "checksum.h"
#include "packet.h"

#define ECN_MASK 0x03
#define ECN_CE	 0x03
#define ECN_ECT0 0x02

/* Both addresses at once, in words: byte by byte would cost 24 instructions on every packet. */
static __always_inline void set_macs(struct ethhdr *eth, const struct hop *hop)
{
	const __u32 *from = (const __u32 *)hop->destination_mac;
	__u32 *to = (__u32 *)eth->h_dest;

	_Static_assert(offsetof(struct hop, source_mac) ==
			   offsetof(struct hop, destination_mac) + ETH_ALEN,
		       "in the order of the frame");
	to[0] = from[0];
	to[1] = from[1];
	to[2] = from[2];
}

/* Moves the Ethernet type and the VLAN tags down after adjust_head() made room of `room` bytes, in
 * the frame as it is now. Returns whether it could. */
static __always_inline bool move_l2(const struct cursor *c, __u32 l2_len, __u32 room)
{
	void *from = c->pos + room, *to = c->pos;

	if (from + ETH_HLEN + VLAN_TAGS_MAX * sizeof(struct vlan_tag) > c->end)
		return false;
	*(__be16 *)(to + 12) = *(__be16 *)(from + 12);
	if (l2_len > ETH_HLEN)
		*(__be32 *)(to + 14) = *(__be32 *)(from + 14);
	if (l2_len > ETH_HLEN + sizeof(struct vlan_tag))
		*(__be32 *)(to + 18) = *(__be32 *)(from + 18);
	return true;
}

struct l2_header {
	struct ethhdr eth;
	struct vlan_tag tags[VLAN_TAGS_MAX];
};
_Static_assert(sizeof(struct l2_header) == ETH_HLEN + 4 * VLAN_TAGS_MAX, "as on the wire");

/* Takes the first bytes behind the Ethernet header and its tags out of the frame. Returns whether
 * it could. */
static __always_inline bool cut_behind_l2(struct xdp_md *ctx, __u32 l2_len, __u32 bytes)
{
	struct cursor c = cursor_of(ctx);
	struct l2_header l2, *from = c.pos, *to;

	if ((void *)(from + 1) > c.end)
		return false;
	l2 = *from;
	if (bpf_xdp_adjust_head(ctx, bytes))
		return false;
	c = cursor_of(ctx);
	to = c.pos;
	if ((void *)(to + 1) > c.end)
		return false;
	to->eth = l2.eth;
	if (l2_len > ETH_HLEN)
		to->tags[0] = l2.tags[0];
	if (l2_len > ETH_HLEN + sizeof(struct vlan_tag))
		to->tags[1] = l2.tags[1];
	return true;
}

/* The last step: back out of the interface that the frame came in by, or, as the kernel is told
 * here, out of another. Returns the verdict for it. */
static __always_inline int send_by(const struct xdp_md *ctx, const struct hop *hop,
				   enum verdict same, enum verdict other)
{
	if (hop->ifindex == ctx->ingress_ifindex)
		return same;
	bpf_redirect(hop->ifindex, 0);
	return other;
}

/* Whether the packet can take the way at all; mtu and overhead, which a tunnel adds, in bytes.
 * is_error: an ICMP error, about which none is sent. */
static __always_inline int check_route(const struct xdp_md *ctx, struct packet *p, struct iphdr *ip,
				       __u32 mtu, __u32 overhead, bool is_error)
{
	__u32 at_most = must_fit(ctx), length = p->ip_len < at_most ? p->ip_len : at_most;

	if (unlikely(ip->ttl <= 1))
		return is_error ? VERDICT_DROP_TTL : VERDICT_ICMP_TIME_EXCEEDED;
	if (likely(length + overhead <= mtu))
		return GO_ON;
	/* An XDP program has one frame to send: it cannot fragment. */
	if (is_error || !(ip->frag_off & bpf_htons(IP_DF)))
		return VERDICT_DROP_TOO_BIG;
	/* The quote is one hop older: __ip_vs_get_out_rt() looks at the MTU after the TTL. */
	decrement_ttl(ip);
	p->largest = mtu - overhead;
	return VERDICT_ICMP_FRAG_NEEDED;
}

/* ip_vs_dr_xmit(): the frame gets new MAC addresses, the packet is one hop older, no more. */
static __always_inline int forward_route(struct xdp_md *ctx, struct packet *p,
					 const struct headers *h, const struct hop *hop,
					 bool is_error)
{
	int result = check_route(ctx, p, h->ip, hop->mtu, 0, is_error);

	if (unlikely(result != GO_ON))
		return result;
	decrement_ttl(h->ip);
	set_macs(h->eth, hop);
	return send_by(ctx, hop, VERDICT_ROUTE_TX, VERDICT_ROUTE_REDIRECT);
}

/* INET_ECN_encapsulate(): congestion seen before the tunnel stays with the inner header. */
static __always_inline __u8 outer_tos(__u8 tos)
{
	return (tos & ECN_MASK) == ECN_CE ? (tos & ~ECN_MASK) | ECN_ECT0 : tos;
}

/*
 * Bytes behind the IP packet that the way has no room for: a driver would drop a frame that is too
 * long by what nobody reads. The packet itself has been seen to fit. Returns whether it could.
 */
static __always_inline bool cut_padding(struct xdp_md *ctx, const struct packet *p, __u32 mtu,
					__u32 overhead)
{
	__u32 length = frame_end(ctx) - frame_start(ctx);

	if (likely(length + overhead <= p->l2_len + mtu))
		return true;
	return !bpf_xdp_adjust_tail(ctx, (int)(p->l2_len + p->ip_len - length));
}

/* What the outer header says of a tunnel. */
struct tunnel {
	__be32 saddr;
	__be32 daddr;
	/* What is known of links behind the next hop, for packets with DF; routers fragment the
	 * others. */
	__u32 path_mtu;
	/* Differs between the flows and the packets of a flow, as reassembly needs (RFC 6864). */
	__u16 id;
};

/*
 * The outer header (RFC 2003): TTL, TOS and DF of the inner one. In words, as its checksum is
 * summed.
 */
static __always_inline void write_outer(struct iphdr *outer, const struct iphdr *inner,
					__u32 inner_len, const struct tunnel *tunnel)
{
	__u32 *words = (void *)outer;
	__u32 length = bpf_htons(inner_len + sizeof(*outer));
	__u32 first = 0x45 | outer_tos(inner->tos) << 8 | length << 16;
	__u32 second = (__u16)(inner->id + tunnel->id) | (__u32)(inner->frag_off & bpf_htons(IP_DF))
							     << 16;
	__u32 third = inner->ttl | IPPROTO_IPIP << 8;
	__u64 sum = (__u64)first + second + third + tunnel->saddr + tunnel->daddr;

	words[0] = first;
	words[1] = second;
	words[2] = third | (__u32)csum_fold_words(sum) << 16;
	words[3] = tunnel->saddr;
	words[4] = tunnel->daddr;
}

/* ip_vs_tunnel_xmit(): an outer header to the real server. */
static __always_inline int forward_tunnel(struct xdp_md *ctx, struct packet *p, struct iphdr *inner,
					  const struct hop *hop, const struct tunnel *tunnel,
					  bool is_error)
{
	__u32 mtu = hop->mtu;
	struct iphdr *outer;
	struct cursor c;
	int result;

	if (tunnel->path_mtu < mtu && (inner->frag_off & bpf_htons(IP_DF)))
		mtu = tunnel->path_mtu;
	result = check_route(ctx, p, inner, mtu, sizeof(*outer), is_error);
	if (unlikely(result != GO_ON))
		return result;
	if (!cut_padding(ctx, p, hop->mtu, sizeof(*outer)) ||
	    bpf_xdp_adjust_head(ctx, -(int)sizeof(*outer)))
		return VERDICT_DROP_NO_HEADROOM;
	c = cursor_of(ctx);
	if (!move_l2(&c, p->l2_len, sizeof(*outer)))
		return VERDICT_DROP_NO_HEADROOM;
	outer = c.pos + bounded_index(p->l2_len, L2_LEN_LIMIT);
	inner = outer + 1;
	if ((void *)(inner + 1) > c.end)
		return VERDICT_DROP_NO_HEADROOM;
	decrement_ttl(inner);
	write_outer(outer, inner, p->ip_len, tunnel);
	set_macs(c.pos, hop);
	return send_by(ctx, hop, VERDICT_TUNNEL_TX, VERDICT_TUNNEL_REDIRECT);
}

#endif
