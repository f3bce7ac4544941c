/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Parsing: from a frame to a struct packet. Knows no maps. */
#ifndef PARSE_H
#define PARSE_H

#include "packet.h"

/* Bytes that the IP header says are left for what is behind it, where the cursor stands. */
static __always_inline __u32 l4_length(const struct cursor *c, const struct packet *p,
				       const struct iphdr *ip)
{
	return p->ip_len - (c->pos - (void *)ip);
}

static __always_inline int parse_tcp(struct cursor *c, struct packet *p, __u32 l4_len)
{
	struct tcphdr *tcp = c->pos;

	if (unlikely((void *)(tcp + 1) > c->end || l4_len < sizeof(*tcp)))
		return VERDICT_MALFORMED_L4;
	if (unlikely(tcp->doff * 4 < sizeof(*tcp) || tcp->doff * 4 > l4_len))
		return VERDICT_MALFORMED_L4;
	p->tuple.identity = tuple_identity(IPPROTO_TCP, tcp);
	p->tcp_flags = ((__u8 *)tcp)[13];
	return GO_ON;
}

static __always_inline int parse_udp(struct cursor *c, struct packet *p, __u32 l4_len)
{
	struct udphdr *udp = c->pos;

	if ((void *)(udp + 1) > c->end || l4_len < sizeof(*udp))
		return VERDICT_MALFORMED_L4;
	if (bpf_ntohs(udp->len) < sizeof(*udp) || bpf_ntohs(udp->len) > l4_len)
		return VERDICT_MALFORMED_L4;
	p->tuple.identity = tuple_identity(IPPROTO_UDP, udp);
	p->tcp_flags = 0;
	return GO_ON;
}

/*
 * The way that the cursor has come from the start of the frame, and nothing else of it: the
 * verifier would walk through all that follows once for each number of tags.
 */
static __always_inline int measure_l2(struct cursor *c, void *start, __u32 *length)
{
	__u64 way;

	if (unlikely(start + ETH_HLEN + sizeof(struct iphdr) > c->end))
		return VERDICT_MALFORMED_IPV4;
	way = opaque(c->pos) - start;
	way = opaque(way & (L2_LEN_LIMIT - 1));
	c->pos = start + way;
	*length = way;
	return GO_ON;
}

/*
 * Fills *h, and *p but for ports and protocol, and moves the cursor behind the IP header. Of a
 * fragment there is no more to be had: IPVS sees reassembled datagrams, this program cannot.
 */
static __always_inline int parse_network(struct cursor *c, struct packet *p, struct headers *h)
{
	void *start = c->pos;
	int result;

	result = parse_ethernet(c);
	if (unlikely(result != GO_ON))
		return result;
	h->eth = start;
	result = measure_l2(c, start, &p->l2_len);
	if (unlikely(result != GO_ON))
		return result;
	result = parse_ipv4(c, &h->ip, &p->ip_len);
	if (unlikely(result != GO_ON))
		return result;
	p->tuple.addresses = tuple_addresses(h->ip);
	return GO_ON;
}

static __always_inline bool is_fragment(const struct iphdr *ip)
{
	return ip->frag_off & bpf_htons(IP_MF | IP_OFFSET);
}

/* Fills what is left of *p. Neither for fragments nor for ICMP. */
static __always_inline int parse_transport(struct cursor *c, struct packet *p,
					   const struct iphdr *ip)
{
	__u8 protocol = ip->protocol;

	if (likely(protocol == IPPROTO_TCP))
		return parse_tcp(c, p, l4_length(c, p, ip));
	if (protocol == IPPROTO_UDP)
		return parse_udp(c, p, l4_length(c, p, ip));
	return VERDICT_PASS_NOT_L4;
}

#endif
