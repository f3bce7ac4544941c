/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Parsing: ICMP errors and the packets of ours that they quote. Knows no maps. */
#ifndef PARSE_ICMP_H
#define PARSE_ICMP_H

#include "parse.h"

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

/* Of source and destination port. */
#define PORTS_SIZE 4

/* What an ICMP error says of a packet of ours beside its tuple. */
struct quote {
	/* An error about a tunnel: the real server at its end. Otherwise 0. */
	__be32 rip;
	/* And where in the frame the quoted packet of the client begins. */
	__u32 inner_at;
};

/*
 * Moves the cursor behind the quoted IPv4 header that it stands at; NULL: there is none. Of it
 * ip_vs_in_icmp() asks no more: neither the total length nor the checksum, and options may be cut
 * off, as what follows them.
 */
static __always_inline struct iphdr *parse_quoted_ipv4(struct cursor *c)
{
	struct iphdr *ip = c->pos;

	if ((void *)(ip + 1) > c->end || ip->version != 4 || ip->ihl < 5)
		return NULL;
	c->pos += ip->ihl * 4;
	return ip;
}

/* Whether the cursor stands at the ports of a whole TCP segment's or datagram's beginning. */
static __always_inline bool has_ports(const struct cursor *c, const struct iphdr *ip)
{
	return (ip->protocol == IPPROTO_TCP || ip->protocol == IPPROTO_UDP) &&
	       !(ip->frag_off & bpf_htons(IP_OFFSET)) && c->pos + PORTS_SIZE <= c->end;
}

/* Of a header for which has_ports() holds. */
static __always_inline struct tuple quoted_tuple(const struct cursor *c, const struct iphdr *ip)
{
	return (struct tuple){
	    .addresses = tuple_addresses(ip),
	    .identity = tuple_identity(ip->protocol, c->pos),
	};
}

/*
 * The quote is a packet that a real server sent in the name of the VIP, its header and 8 bytes more
 * (RFC 792). From the client's side source and destination swap.
 */
static __always_inline int parse_quoted_reply(struct cursor *c, struct packet *p,
					      struct quote *quote, const struct iphdr *ip,
					      __u32 quote_len)
{
	if (!has_ports(c, ip) || quote_len < ip->ihl * 4 + PORTS_SIZE)
		return VERDICT_PASS_ICMP;
	*quote = (struct quote){};
	p->tuple = reversed(quoted_tuple(c, ip));
	return GO_ON;
}

/*
 * The quote is a packet that the addressee of the error sent by LVS/TUN: behind the outer header
 * there is one that came from a client.
 */
static __always_inline int parse_quoted_tunnel(struct cursor *c, struct packet *p,
					       struct quote *quote, const struct iphdr *outer,
					       __u32 quote_len)
{
	struct iphdr *ip;

	if (outer->saddr != tuple_vip(&p->tuple) || (outer->frag_off & bpf_htons(IP_OFFSET)))
		return VERDICT_PASS_ICMP;
	ip = parse_quoted_ipv4(c);
	if (!ip || !has_ports(c, ip) || quote_len < outer->ihl * 4 + ip->ihl * 4 + PORTS_SIZE)
		return VERDICT_PASS_ICMP;
	quote->rip = outer->daddr;
	quote->inner_at = p->l2_len + p->ip_len - quote_len + outer->ihl * 4;
	p->tuple = quoted_tuple(c, ip);
	return GO_ON;
}

/*
 * Whether the packet is an ICMP error about one of ours: then p->tuple, which has the addresses of
 * the error, becomes that of the quoted packet's connection, and *quote is filled.
 */
static __always_inline int parse_icmp(struct cursor *c, struct packet *p, const struct iphdr *error,
				      struct quote *quote)
{
	__u32 l4_len = l4_length(c, p, error);
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
	ip = parse_quoted_ipv4(c);
	if (!ip)
		return VERDICT_PASS_ICMP;
	p->tcp_flags = 0;
	if (ip->protocol == IPPROTO_IPIP)
		return parse_quoted_tunnel(c, p, quote, ip, l4_len - sizeof(*icmp));
	return parse_quoted_reply(c, p, quote, ip, l4_len - sizeof(*icmp));
}

#endif
