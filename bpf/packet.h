/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What is known of a packet, and the way through its bytes: a cursor, Ethernet with up to two VLAN
 * tags, IPv4 with options. Knows no maps. Every read is behind a bounds check against the end of
 * the frame and against the lengths that the headers claim.
 */
#ifndef PACKET_H
#define PACKET_H

#include <stdbool.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include "platform.h"
#include "likely.h"
#include "tuple.h"
#include "types.h"
#include "verifier.h"

/* What a stage returns when the packet goes on to the next one; otherwise it returns the verdict.
 */
#define GO_ON (-1)

#define VLAN_TAGS_MAX 2
/* More than Ethernet header and all tags have, a power of two. */
#define L2_LEN_LIMIT 32
#define IP_MF	     0x2000
#define IP_DF	     0x4000
#define IP_OFFSET    0x1fff

/* TCP flags as they stand in byte 13 of the header. */
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

/* What is known of a packet. All of it can be handed to another program (stages.h). */
struct packet {
	struct tuple tuple;
	/* Of the tuple: hash_tuple(). */
	__u64 hash;
	/* Bytes of Ethernet header and VLAN tags. */
	__u32 l2_len;
	/* IP total length, in bytes. */
	__u32 ip_len;
	/* The tick at which it came. */
	__u32 now;
	/* The tuple's lock before it was looked up, of what might open a connection (read_lock()).
	 */
	__u32 lock_seen;
	/* Where the tuple's expired connection was seen (struct found). */
	__u32 expired;
	/* enum verdict, of one that is to be answered. */
	__u32 verdict;
	/* Of one that does not fit (frag-needed): bytes that an IP packet may have. */
	__u32 largest;
	/* 0 if it is not TCP. */
	__u32 tcp_flags;
};

/* Its headers in the frame, until that is changed in length. */
struct headers {
	struct ethhdr *eth;
	struct iphdr *ip;
};

struct cursor {
	void *pos;
	void *end;
};

struct vlan_tag {
	__be16 tci;
	__be16 next_proto;
};

static __always_inline struct cursor cursor_of(const struct xdp_md *ctx)
{
	return (struct cursor){frame_start(ctx), frame_end(ctx)};
}

/* The IP header of a frame whose l2_len parse() found; NULL only to satisfy the verifier. */
static __always_inline struct iphdr *ip_header(struct xdp_md *ctx, __u32 l2_len)
{
	struct cursor c = cursor_of(ctx);
	struct iphdr *ip = c.pos + bounded_index(l2_len, L2_LEN_LIMIT);

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

/* Finds the headers of a packet again whose l2_len is known. False only to satisfy the verifier. */
static __always_inline bool find_headers(struct xdp_md *ctx, const struct packet *p,
					 struct headers *h)
{
	h->eth = eth_header(ctx);
	h->ip = ip_header(ctx, p->l2_len);
	return h->eth && h->ip;
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
 * length: the IP total length, in bytes.
 */
static __always_inline int parse_ipv4(struct cursor *c, struct iphdr **header, __u32 *length)
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
	/* Linux 6.1 knows nothing of a number whose bytes were swapped. */
	total_len = opaque((__u32)bpf_ntohs(ip->tot_len)) & 0xffff;
	if (unlikely(total_len < header_len || c->pos + total_len > c->end))
		return VERDICT_MALFORMED_IPV4;
	*header = ip;
	*length = total_len;
	c->pos += header_len;
	return GO_ON;
}

#endif
