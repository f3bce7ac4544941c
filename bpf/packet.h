/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known of a packet, and the way through its bytes: a cursor, Ethernet with up to two VLAN
 * tags, IPv4 with options. Knows no maps. Every read is behind a bounds check against the end of
 * the frame and against the lengths that the headers claim.
 */
#ifndef PACKET_H
#define PACKET_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "likely.h"
#include "tuple.h"
#include "types.h"

/* What a stage returns when the packet goes on to the next one; otherwise it returns the verdict.
 */
#define GO_ON (-1)

#define VLAN_TAGS_MAX 2
/* Covers ETH_HLEN and all tags. */
#define L2_LEN_MASK 0x1f
#define IP_MF	    0x2000
#define IP_DF	    0x4000
#define IP_OFFSET   0x1fff

/* TCP flags as they stand in byte 13 of the header. */
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

/* What is known of a packet after parsing. */
struct packet {
	/* Its headers, until the frame is changed in length. */
	struct ethhdr *eth;
	struct iphdr *ip;
	struct tuple tuple;
	/* Bytes of Ethernet header and VLAN tags. */
	__u32 l2_len;
	/* IP total length, in bytes. */
	__u32 ip_len;
	/* Of one that does not fit (frag-needed): bytes that an IP packet may have. */
	__u32 largest;
	/* 0 if it is not TCP. */
	__u8 tcp_flags;
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

	/*
	 * The mask takes nothing away. Where clang may compare instead, Linux 6.1 forgets the
	 * outcome with the register.
	 */
	barrier_var(l2_len);
	ip = c.pos + (l2_len & L2_LEN_MASK);
	return (void *)(ip + 1) > c.end ? NULL : ip;
}

/* The Ethernet header of a frame that parse() accepted; NULL only to satisfy the verifier. */
static __always_inline struct ethhdr *eth_header(struct xdp_md *ctx)
{
	struct cursor c = cursor_of(ctx);
	struct ethhdr *eth = c.pos;

	return (void *)(eth + 1) > c.end ? NULL : eth;
}

/*
 * Fields of struct ethhdr, which is packed: clang would read them byte by byte on every packet.
 * The MAC address has its first byte lowest.
 */
static __always_inline __be16 eth_proto(const struct ethhdr *eth)
{
	const __be16 *proto = (const void *)&eth->h_proto;

	return *proto;
}

static __always_inline __u64 eth_destination(const struct ethhdr *eth)
{
	const __u64 *and_more = (const void *)eth->h_dest;

	return *and_more << 16 >> 16;
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

	if (unlikely((void *)(eth + 1) > c->end))
		return VERDICT_MALFORMED_ETHERNET;
	proto = eth_proto(eth);
	c->pos = eth + 1;
	for (int i = 0; i < VLAN_TAGS_MAX; i++) {
		struct vlan_tag *tag = c->pos;

		if (likely(!is_vlan(proto)))
			break;
		if ((void *)(tag + 1) > c->end)
			return VERDICT_MALFORMED_ETHERNET;
		proto = tag->next_proto;
		c->pos = tag + 1;
	}
	return likely(proto == bpf_htons(ETH_P_IP)) ? GO_ON : VERDICT_PASS_NOT_IPV4;
}

/*
 * Checks an IPv4 header at the cursor as ip_rcv_core() does, checksum aside, and moves behind it.
 * length: the IP total length, in bytes. quoted: the header is inside an ICMP error, which may have
 * cut off what follows it.
 */
static __always_inline int parse_ipv4(struct cursor *c, struct iphdr **header, __u32 *length,
				      bool quoted)
{
	struct iphdr *ip = c->pos;
	__u32 header_len, total_len;
	__u8 version_ihl;

	if (unlikely((void *)(ip + 1) > c->end))
		return VERDICT_MALFORMED_IPV4;
	version_ihl = *(__u8 *)ip;
	if (unlikely(version_ihl < 0x45 || version_ihl > 0x4f))
		return VERDICT_MALFORMED_IPV4;
	header_len = (version_ihl & 0x0f) * 4;
	total_len = bpf_ntohs(ip->tot_len);
	/* Linux 6.1 knows nothing of a number whose bytes were swapped. */
	barrier_var(total_len);
	total_len &= 0xffff;
	if (unlikely(total_len < header_len || c->pos + (quoted ? header_len : total_len) > c->end))
		return VERDICT_MALFORMED_IPV4;
	*header = ip;
	*length = total_len;
	c->pos += header_len;
	return GO_ON;
}

#endif
