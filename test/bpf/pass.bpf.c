// SPDX-License-Identifier: GPL-2.0-only
/*
 * Passes every frame. On a veth it lets what the other end sends by XDP_TX in (test/lib/network.ts
 * says why).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
