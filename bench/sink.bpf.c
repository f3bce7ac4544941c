// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where load ends, in the place of all real servers: counts what arrives for each of them, keeps a
 * sample of it, and drops it. What is not IPv4 goes to the kernel and is not counted.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* Servers are told apart by the last byte of their MAC address, which is below it. */
#define MAX_SERVERS 64
/* Counts what has no right MAC address, protocol or destination. */
#define STRANGE MAX_SERVERS

/* A power of two, above what the load has; of a longer frame a part is kept. */
#define SAMPLE_BYTES 128
/* A power of two; the last one is for what is strange. */
#define SAMPLES 64
/* Prime, so that no real server and no kind of packet is left out. */
#define SAMPLE_EVERY 61

/* As bench/live/sink.ts writes and reads it: the whole of .bss. */
struct arrivals {
	__be32 destination;
	/* Of the destination's inner header, if packets come in a tunnel; else 0. */
	__u32 tunnel;
	/* Not by CPU: an interface's frames come to one at a time, and only one has load. */
	__u64 packets[MAX_SERVERS + 1];
	/* Samples so far, and packets up to the next one. */
	__u32 sampled;
	__u32 countdown;
};

struct arrivals arrivals;

struct sample {
	__u32 length;
	__u8 bytes[SAMPLE_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SAMPLES);
	__type(key, __u32);
	__type(value, struct sample);
} samples SEC(".maps");

static __always_inline __u32 server_of(const struct ethhdr *eth, const struct iphdr *ip,
				       const void *end)
{
	__u32 server = eth->h_dest[ETH_ALEN - 1];

	if (arrivals.tunnel) {
		if (ip->protocol != IPPROTO_IPIP || ip->ihl != 5)
			return STRANGE;
		ip++;
		if ((void *)(ip + 1) > end)
			return STRANGE;
	}
	if (ip->daddr != arrivals.destination || ip->protocol != IPPROTO_TCP)
		return STRANGE;
	return server < MAX_SERVERS ? server : STRANGE;
}

static __always_inline void keep(struct xdp_md *ctx, __u32 slot)
{
	struct sample *sample = bpf_map_lookup_elem(&samples, &slot);
	__u32 length = (ctx->data_end - ctx->data) & (SAMPLE_BYTES - 1);

	if (!sample || length < ETH_HLEN)
		return;
	sample->length = length;
	bpf_xdp_load_bytes(ctx, 0, sample->bytes, length);
}

SEC("xdp")
int sink(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	void *end = (void *)(long)ctx->data_end;
	__u32 server;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	server = server_of(eth, ip, end);
	/* For the verifier. */
	barrier_var(server);
	if (server > STRANGE)
		return XDP_ABORTED;
	arrivals.packets[server]++;
	if (server == STRANGE) {
		keep(ctx, SAMPLES - 1);
	} else if (arrivals.countdown-- == 0) {
		arrivals.countdown = SAMPLE_EVERY - 1;
		keep(ctx, arrivals.sampled++ % (SAMPLES - 1));
	}
	return XDP_DROP;
}
