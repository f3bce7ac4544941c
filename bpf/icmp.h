/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * ICMP errors to clients, as icmp_send() makes them (net/ipv4/icmp.c): from the address that the
 * packet was for, back the way it came.
 */
#ifndef ICMP_H
#define ICMP_H

#include "checksum.h"
#include "forward.h"
#include "frame_sum.h"
#include "maps.h"
#include "parse_icmp.h"

/* An error is at most 576 bytes long (RFC 1812, 4.3.2.3); this is what is left for the quote. */
#define ICMP_QUOTE_MAX (576 - sizeof(struct iphdr) - sizeof(struct icmphdr))
#define ICMP_ROOM      (sizeof(struct iphdr) + sizeof(struct icmphdr))
#define ICMP_TTL       64
/* Precedence "internetwork control", as the kernel sets it on errors. */
#define ICMP_PRECEDENCE 0xc0

struct icmp_budget {
	__u32 tick;
	__u32 sent;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(map_flags, 0);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct icmp_budget);
} icmp_budget SEC(".maps");

/*
 * The kernel's limit on errors (icmp_msgs_per_sec), kept per CPU and tick. As there, path MTU
 * discovery has none (icmpv4_mask_allow()): a client that is not told hangs.
 */
static __always_inline bool may_send_icmp(const struct icmphdr *error, __u32 now)
{
	__u32 key = 0;
	struct icmp_budget *budget;

	if (is_frag_needed(error))
		return true;
	budget = bpf_map_lookup_elem(&icmp_budget, &key);
	if (!budget)
		return false;
	if (budget->tick != now) {
		budget->tick = now;
		budget->sent = 0;
	}
	return budget->sent++ < ICMP_PER_TICK;
}

static __always_inline void swap_macs(struct ethhdr *eth)
{
	__u8 mac[ETH_ALEN];

	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
}

/* Type, code and next-hop MTU (RFC 1191) of the error that a verdict stands for. */
static __always_inline struct icmphdr icmp_header_for(enum verdict verdict, __u32 mtu)
{
	struct icmphdr header = {.type = ICMP_DEST_UNREACH};

	if (verdict == VERDICT_ICMP_TIME_EXCEEDED) {
		header.type = ICMP_TIME_EXCEEDED;
		header.code = ICMP_EXC_TTL;
	} else if (verdict == VERDICT_ICMP_FRAG_NEEDED) {
		header.code = ICMP_FRAG_NEEDED;
		header.rest = bpf_htonl(mtu);
	} else {
		header.code = ICMP_PORT_UNREACH;
	}
	return header;
}

/* What becomes of a packet whose ICMP error is not sent. */
static __always_inline enum verdict without_icmp(enum verdict verdict)
{
	if (verdict == VERDICT_ICMP_TIME_EXCEEDED)
		return VERDICT_DROP_TTL;
	if (verdict == VERDICT_ICMP_FRAG_NEEDED)
		return VERDICT_DROP_TOO_BIG;
	return VERDICT_DROP_NO_SERVER;
}

/* The IP header of an error that quotes so many bytes of a packet. */
static __always_inline struct iphdr error_header(const struct iphdr *about, __u32 quote)
{
	struct iphdr header = {
	    .version = 4,
	    .ihl = 5,
	    .tos = (about->tos & 0x1e) | ICMP_PRECEDENCE,
	    .tot_len = bpf_htons(ICMP_ROOM + quote),
	    .id = about->id,
	    .ttl = ICMP_TTL,
	    .protocol = IPPROTO_ICMP,
	    .saddr = about->daddr,
	    .daddr = about->saddr,
	};

	header.check = csum_fold(ip_header_sum(&header));
	return header;
}

/*
 * Writes the headers of an error into the room of ICMP_ROOM bytes that is behind l2_len, and cuts
 * the frame off behind the quote. Returns whether it could. A function of its own, for the verifier
 * of Linux 6.1: inlined, the outcomes of the insertion are followed through it, a million steps.
 */
static __noinline int write_error(struct xdp_md *ctx, __u32 l2_len, __u32 quote,
				  const struct iphdr *header, const struct icmphdr *error)
{
	__u32 icmp_at = l2_len + sizeof(struct iphdr), length = l2_len + ICMP_ROOM + quote;
	struct cursor c = cursor_of(ctx);
	struct icmphdr *icmp;
	struct iphdr *ip;
	__u64 frame_len;

	/* Or clang subtracts the pointers in 32 bits, which the verifier refuses. */
	frame_len = opaque((__u64)(c.end - c.pos));
	if (bpf_xdp_adjust_tail(ctx, (int)(length - frame_len)))
		return 0;
	ip = ip_header(ctx, l2_len);
	if (!ip)
		return 0;
	*ip = *header;
	icmp = (void *)(ip + 1);
	c = cursor_of(ctx);
	if ((void *)(icmp + 1) > c.end)
		return 0;
	*icmp = *error;
	icmp->checksum = 0;
	icmp->checksum = csum_fold(sum_frame(ctx, icmp_at, length));
	return 1;
}

/*
 * Turns the frame into the error that p->verdict stands for. Returns that verdict, or the one
 * without the answer.
 */
static __always_inline enum verdict answer_icmp(struct xdp_md *ctx, const struct packet *p)
{
	enum verdict verdict = p->verdict;
	__u32 quote = p->ip_len < ICMP_QUOTE_MAX ? p->ip_len : ICMP_QUOTE_MAX;
	const struct icmphdr error = icmp_header_for(verdict, p->largest);
	struct iphdr *ip = ip_header(ctx, p->l2_len), header;
	struct ethhdr *eth = eth_header(ctx);
	struct cursor c;

	if (!ip || !eth || !may_send_icmp(&error, p->now))
		return without_icmp(verdict);
	header = error_header(ip, quote);
	swap_macs(eth);
	if (bpf_xdp_adjust_head(ctx, -(int)ICMP_ROOM))
		return without_icmp(verdict);
	c = cursor_of(ctx);
	if (c.pos + ICMP_ROOM + ETH_HLEN > c.end)
		return without_icmp(verdict);
	__builtin_memcpy(c.pos, c.pos + ICMP_ROOM, 2 * ETH_ALEN);
	if (!move_l2(&c, p->l2_len, ICMP_ROOM) ||
	    !write_error(ctx, p->l2_len, quote, &header, &error))
		return without_icmp(verdict);
	return verdict;
}

#endif
