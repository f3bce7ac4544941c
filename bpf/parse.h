/* SPDX-License-Identifier: GPL-2.0-only */
/* Parsing: from a frame to a struct packet. Knows no maps. */
#ifndef PARSE_H
#define PARSE_H

#include "packet.h"
#include "parse_icmp.h"

/* l4_len: what the IP header says is left for it. */
static __always_inline int parse_tcp(struct cursor *c, struct packet *p, __u32 l4_len)
{
	struct tcphdr *tcp = c->pos;

	if ((void *)(tcp + 1) > c->end || l4_len < sizeof(*tcp))
		return VERDICT_MALFORMED_L4;
	if (tcp->doff * 4 < sizeof(*tcp) || tcp->doff * 4 > l4_len)
		return VERDICT_MALFORMED_L4;
	p->tuple.cport = tcp->source;
	p->tuple.vport = tcp->dest;
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
	p->tuple.cport = udp->source;
	p->tuple.vport = udp->dest;
	return GO_ON;
}

/*
 * Fills *p. A fragment comes back with addresses only: IPVS sees reassembled datagrams, this
 * program cannot.
 */
static __always_inline int parse(struct xdp_md *ctx, struct packet *p)
{
	struct cursor c = cursor_of(ctx);
	void *start = c.pos;
	struct iphdr *ip;
	__u32 l4_len;
	int result;

	result = parse_ethernet(&c);
	if (result != GO_ON)
		return result;
	p->eth = start;
	p->l2_len = c.pos - start;
	result = parse_ipv4(&c, &ip, false);
	if (result != GO_ON)
		return result;
	p->ip = ip;
	p->ip_len = bpf_ntohs(ip->tot_len);
	l4_len = p->ip_len - ip->ihl * 4;
	p->tuple.cip = ip->saddr;
	p->tuple.vip = ip->daddr;
	p->tuple.protocol = ip->protocol;
	if (ip->frag_off & bpf_htons(IP_MF | IP_OFFSET)) {
		p->fragment = true;
		return GO_ON;
	}
	switch (ip->protocol) {
	case IPPROTO_TCP:
		return parse_tcp(&c, p, l4_len);
	case IPPROTO_UDP:
		return parse_udp(&c, p, l4_len);
	case IPPROTO_ICMP:
		return parse_icmp(&c, p, l4_len);
	default:
		return VERDICT_PASS_NOT_L4;
	}
}

#endif
