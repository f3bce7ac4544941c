// SPDX-License-Identifier: GPL-2.0-only
/* The least that forwarding can cost: new MAC addresses, whatever the packet is, and out. */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* bench/traffic.ts has the addresses. */
#define DIRECTOR_MAC "\x02\x00\x00\x00\x02\x00"
#define SERVER_MAC   "\x02\x00\x00\x00\x01\x01"
/* Where to redirect to: bench/live/testbed.ts gives the interface these. */
#define OUT_IFINDEX 1002
#define OUT_MAC	    "\x02\x00\x00\x00\x02\x01"

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

SEC("xdp")
int bare_redirect(struct xdp_md *ctx)
{
	return readdress(ctx, OUT_MAC) ? bpf_redirect(OUT_IFINDEX, 0) : XDP_DROP;
}
