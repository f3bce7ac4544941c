/* SPDX-License-Identifier: GPL-2.0-only */
/* Parsing: ICMP errors and the packets of ours that they quote. Knows no maps. */
#ifndef PARSE_ICMP_H
#define PARSE_ICMP_H

#include "packet.h"

/*
 * RFC 792 (linux/icmp.h drags in libc). `rest` is the second word: unused, or the MTU in the low
 * half (RFC 1191).
 */
#define ICMP_DEST_UNREACH  3
#define ICMP_SOURCE_QUENCH 4
#define ICMP_TIME_EXCEEDED 11
#define ICMP_PORT_UNREACH  3
#define ICMP_FRAG_NEEDED   4
#define ICMP_EXC_TTL	   0

struct icmphdr {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be32 rest;
};

static __always_inline bool is_frag_needed(const struct icmphdr *error)
{
	return error->type == ICMP_DEST_UNREACH && error->code == ICMP_FRAG_NEEDED;
}

/* Whether the cursor stands at the ports of a whole TCP segment's or datagram's beginning. */
static __always_inline bool has_ports(const struct cursor *c, const struct iphdr *ip)
{
	return (ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP) &&
	       !(ip->frag_off & bpf_htons(IP_OFFSET)) && c->pos + 2 * sizeof(__be16) <= c->end;
}

/*
 * The quote is a packet that a real server sent in the name of the VIP, its header and 8 bytes more
 * (RFC 792). From the client's side source and destination swap.
 */
static __always_inline int parse_quoted_reply(struct cursor *c, struct packet *p,
					      const struct iphdr *ip, __u32 quote_len)
{
	__be16 *ports = c->pos;

	if (!has_ports(c, ip) || quote_len < ip->ihl * 4 + 2 * sizeof(*ports))
		return VERDICT_PASS_ICMP;
	p->icmp_error = true;
	p->tuple = (struct tuple){
	    .cip = ip->daddr,
	    .vip = ip->saddr,
	    .cport = ports[1],
	    .vport = ports[0],
	    .protocol = ip->protocol,
	};
	return GO_ON;
}

/*
 * The quote is a packet that the addressee of the error sent by LVS/TUN: behind the outer header
 * there is one that came from a client.
 */
static __always_inline int parse_quoted_tunnel(struct cursor *c, struct packet *p,
					       const struct iphdr *outer, __u32 quote_len)
{
	struct iphdr *ip;
	__be16 *ports;

	if (outer->saddr != p->tuple.vip || (outer->frag_off & bpf_htons(IP_OFFSET)) ||
	    parse_ipv4(c, &ip, true) != GO_ON)
		return VERDICT_PASS_ICMP;
	ports = c->pos;
	if (!has_ports(c, ip) || quote_len < outer->ihl * 4 + ip->ihl * 4 + 2 * sizeof(*ports))
		return VERDICT_PASS_ICMP;
	p->icmp_error = true;
	p->rip = outer->daddr;
	p->inner_at = p->l2_len + p->ip_len - quote_len + outer->ihl * 4;
	p->tuple = (struct tuple){
	    .cip = ip->saddr,
	    .vip = ip->daddr,
	    .cport = ports[0],
	    .vport = ports[1],
	    .protocol = ip->protocol,
	};
	return GO_ON;
}

/* l4_len: what the IP header says is left for it. p->tuple has that header's addresses. */
static __always_inline int parse_icmp(struct cursor *c, struct packet *p, __u32 l4_len)
{
	struct icmphdr *icmp = c->pos;
	struct iphdr *ip;

	if ((void *)(icmp + 1) > c->end || l4_len < sizeof(*icmp))
		return VERDICT_MALFORMED_L4;
	if (icmp->type != ICMP_DEST_UNREACH && icmp->type != ICMP_SOURCE_QUENCH &&
	    icmp->type != ICMP_TIME_EXCEEDED)
		return VERDICT_PASS_ICMP;
	if (is_martian(&p->tuple))
		return VERDICT_PASS_MARTIAN;
	c->pos = icmp + 1;
	if (parse_ipv4(c, &ip, true) != GO_ON)
		return VERDICT_PASS_ICMP;
	if (ip->protocol == IPPROTO_IPIP)
		return parse_quoted_tunnel(c, p, ip, l4_len - sizeof(*icmp));
	return parse_quoted_reply(c, p, ip, l4_len - sizeof(*icmp));
}

#endif
