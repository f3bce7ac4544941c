/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parsing: Ethernet, up to two VLAN tags, IPv4 with options, TCP, UDP and ICMP errors. Knows no
 * maps. Every read is behind a bounds check against the end of the frame and against the lengths
 * that the headers claim.
 */
#ifndef PARSE_H
#define PARSE_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "types.h"

/* What a stage returns when the packet goes on to the next one; otherwise it returns the verdict.
 */
#define GO_ON (-1)

#define VLAN_TAGS_MAX 2
#define IP_MF	      0x2000
#define IP_DF	      0x4000
#define IP_OFFSET     0x1fff

/* TCP flags as they stand in byte 13 of the header. */
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

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

/* Identity of a connection, seen from the client. */
struct tuple {
	__be32 cip;
	__be32 vip;
	__be16 cport;
	__be16 vport;
	__u8 protocol;
};

/* What is known of a packet after parsing. */
struct packet {
	struct tuple tuple;
	/* Bytes of Ethernet header and VLAN tags. */
	__u32 l2_len;
	/* IP total length, in bytes. */
	__u32 ip_len;
	__u8 tcp_flags;
	/* MF or an offset: not the whole datagram, and maybe no ports. */
	bool fragment;
	/* An ICMP error: tuple is that of the packet of ours that it quotes. */
	bool icmp_error;
};

struct cursor {
	void *pos;
	void *end;
};

struct vlan_tag {
	__be16 tci;
	__be16 next_proto;
};

static __always_inline struct cursor cursor_of(struct xdp_md *ctx)
{
	return (struct cursor){(void *)(long)ctx->data, (void *)(long)ctx->data_end};
}

/* The IP header of a frame whose l2_len parse() found; NULL only to satisfy the verifier. */
static __always_inline struct iphdr *ip_header(struct xdp_md *ctx, __u32 l2_len)
{
	struct cursor c = cursor_of(ctx);
	struct iphdr *ip;

	if (l2_len > ETH_HLEN + VLAN_TAGS_MAX * sizeof(struct vlan_tag))
		return NULL;
	ip = c.pos + l2_len;
	return (void *)(ip + 1) > c.end ? NULL : ip;
}

/* The Ethernet header of a frame that parse() accepted; NULL only to satisfy the verifier. */
static __always_inline struct ethhdr *eth_header(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = c.pos;

	return (void *)(eth + 1) > c.end ? NULL : eth;
}

static __always_inline bool is_vlan(__be16 proto)
{
	return proto == bpf_htons(ETH_P_8021Q) || proto == bpf_htons(ETH_P_8021AD);
}

/* Moves the cursor behind the Ethernet header and its tags. */
static __always_inline int parse_ethernet(struct cursor *c)
{
	struct ethhdr *eth = c->pos;
	__be16 proto;

	if ((void *)(eth + 1) > c->end)
		return VERDICT_MALFORMED_ETHERNET;
	proto = eth->h_proto;
	c->pos = eth + 1;
	for (int i = 0; i < VLAN_TAGS_MAX; i++) {
		struct vlan_tag *tag = c->pos;

		if (!is_vlan(proto))
			break;
		if ((void *)(tag + 1) > c->end)
			return VERDICT_MALFORMED_ETHERNET;
		proto = tag->next_proto;
		c->pos = tag + 1;
	}
	return proto == bpf_htons(ETH_P_IP) ? GO_ON : VERDICT_PASS_NOT_IPV4;
}

/*
 * Checks an IPv4 header at the cursor as ip_rcv_core() does, checksum aside, and moves behind it.
 * quoted: the header is inside an ICMP error, which may have cut off what follows it.
 */
static __always_inline int parse_ipv4(struct cursor *c, struct iphdr **header, bool quoted)
{
	struct iphdr *ip = c->pos;
	__u32 header_len, total_len;

	if ((void *)(ip + 1) > c->end)
		return VERDICT_MALFORMED_IPV4;
	header_len = ip->ihl * 4;
	total_len = bpf_ntohs(ip->tot_len);
	if (ip->version != 4 || header_len < sizeof(*ip) || total_len < header_len)
		return VERDICT_MALFORMED_IPV4;
	if (c->pos + header_len > c->end)
		return VERDICT_MALFORMED_IPV4;
	if (!quoted && c->pos + total_len > c->end)
		return VERDICT_MALFORMED_IPV4;
	*header = ip;
	c->pos += header_len;
	return GO_ON;
}

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
 * An ICMP error about a packet that a real server sent in the name of the VIP (RFC 792): its quote
 * is that packet's header and 8 bytes more. From the client's side source and destination swap.
 */
static __always_inline int parse_icmp(struct cursor *c, struct packet *p, __u32 l4_len)
{
	struct icmphdr *icmp = c->pos;
	struct iphdr *ip;
	__be16 *ports;
	int result;

	if ((void *)(icmp + 1) > c->end || l4_len < sizeof(*icmp))
		return VERDICT_MALFORMED_L4;
	if (icmp->type != ICMP_DEST_UNREACH && icmp->type != ICMP_SOURCE_QUENCH &&
	    icmp->type != ICMP_TIME_EXCEEDED)
		return VERDICT_PASS_ICMP;
	c->pos = icmp + 1;
	result = parse_ipv4(c, &ip, true);
	if (result != GO_ON)
		return VERDICT_PASS_ICMP;
	ports = c->pos;
	if ((ip->protocol != IPPROTO_TCP && ip->protocol != IPPROTO_UDP) ||
	    (ip->frag_off & bpf_htons(IP_OFFSET)) || (void *)(ports + 2) > c->end ||
	    l4_len < sizeof(*icmp) + ip->ihl * 4 + 2 * sizeof(*ports))
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
	p->l2_len = c.pos - start;
	result = parse_ipv4(&c, &ip, false);
	if (result != GO_ON)
		return result;
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
