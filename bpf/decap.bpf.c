// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The real server's end of LVS/TUN where the kernel has no tunl0: takes the outer header off IPIP
 * packets (RFC 2003) for the VIPs of a map and gives the packets inside to the kernel. Everything
 * else passes untouched, malformed packets and fragments of tunnelled ones included: the kernel
 * drops and counts them.
 */
#include "checksum.h"
#include "forward.h"
#include "packet.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* The VIPs of this real server. The values mean nothing. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __be32);
	__type(value, __u8);
	__uint(max_entries, 1024);
} decap_vips SEC(".maps");

struct tunnelled {
	__u32 l2_len;
	/* Bytes of the outer header with its options. */
	__u32 outer_len;
	struct iphdr *outer;
	struct iphdr *inner;
};

static __always_inline bool parse_tunnelled(struct xdp_md *ctx, struct tunnelled *t)
{
	struct cursor c = cursor_of(ctx);
	__u32 outer_total, inner_total;
	void *start = c.pos;

	if (parse_ethernet(&c) != GO_ON)
		return false;
	t->l2_len = c.pos - start;
	if (parse_ipv4(&c, &t->outer, &outer_total) != GO_ON ||
	    t->outer->protocol != IPPROTO_IPIP ||
	    (t->outer->frag_off & bpf_htons(IP_MF | IP_OFFSET)))
		return false;
	/* A header with options is left to the inner one's checksum, which the kernel verifies. */
	if (t->outer->ihl == 5 && csum_fold(ip_header_sum(t->outer)) != 0)
		return false;
	t->outer_len = t->outer->ihl * 4;
	if (parse_ipv4(&c, &t->inner, &inner_total) != GO_ON)
		return false;
	return inner_total <= outer_total - t->outer_len;
}

/* Marks congestion, with the checksum adjusted (RFC 1624). */
static __always_inline void set_ce(struct iphdr *ip)
{
	__u16 *word = (__u16 *)ip;
	__u16 before = *word;

	ip->tos |= ECN_CE;
	ip->check = csum_fold((__u16)~ip->check + (__u16)~before + *word);
}

/*
 * Carries congestion met in the tunnel over to the inner header, as INET_ECN_decapsulate() of
 * include/net/inet_ecn.h (RFC 6040). False: the sender would not understand, so the packet is to be
 * dropped.
 */
static __always_inline bool keep_congestion(const struct iphdr *outer, struct iphdr *inner)
{
	if ((outer->tos & ECN_MASK) != ECN_CE)
		return true;
	if ((inner->tos & ECN_MASK) == 0)
		return false;
	set_ce(inner);
	return true;
}

SEC("xdp")
int decap(struct xdp_md *ctx)
{
	struct tunnelled t;

	if (!parse_tunnelled(ctx, &t) || !bpf_map_lookup_elem(&decap_vips, &t.inner->daddr))
		return XDP_PASS;
	if (!keep_congestion(t.outer, t.inner))
		return XDP_DROP;
	cut_behind_l2(ctx, t.l2_len, t.outer_len);
	return XDP_PASS;
}
