// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least that forwarding can cost: new MAC addresses, whatever the packet is, and out. And the
 * least that forwarding by flow can cost: to read one line of memory that the flow chooses.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* bench/traffic.ts has the addresses. */
#define DIRECTOR_MAC "\x02\x00\x00\x00\x02\x00"
#define SERVER_MAC   "\x02\x00\x00\x00\x01\x01"
/* Where to redirect to: bench/live/testbed.ts gives the interface these. */
#define OUT_IFINDEX 1002
#define OUT_MAC	    "\x02\x00\x00\x00\x02\x01"

/* As many bytes as xlvs's connection table has by default, in cache lines. Nobody writes to it. */
#define LINE_BITS 19

struct line {
	__u64 words[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << LINE_BITS);
	__type(key, __u32);
	__type(value, struct line);
} lines SEC(".maps");

static __always_inline bool readdress(struct xdp_md *ctx, const char *source)
{
	struct ethhdr *eth = (void *)(long)ctx->data;

	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return false;
	__builtin_memcpy(eth->h_source, source, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, SERVER_MAC, ETH_ALEN);
	return true;
}

SEC("xdp")
int bare_tx(struct xdp_md *ctx)
{
	return readdress(ctx, DIRECTOR_MAC) ? XDP_TX : XDP_DROP;
}

/* The address of the real server depends on what was read, as a director's does: it adds 0. */
SEC("xdp")
int bare_read(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	struct line *line;
	__u32 key;

	if ((void *)(tcp + 1) > (void *)(long)ctx->data_end || !readdress(ctx, DIRECTOR_MAC))
		return XDP_DROP;
	key = (((__u64)ip->saddr << 16 | tcp->source) * 0x9e3779b97f4a7c15ULL) >> (64 - LINE_BITS);
	line = bpf_map_lookup_elem(&lines, &key);
	if (!line)
		return XDP_DROP;
	eth->h_dest[ETH_ALEN - 1] += line->words[0];
	return XDP_TX;
}

SEC("xdp")
int bare_redirect(struct xdp_md *ctx)
{
	return readdress(ctx, OUT_MAC) ? bpf_redirect(OUT_IFINDEX, 0) : XDP_DROP;
}
