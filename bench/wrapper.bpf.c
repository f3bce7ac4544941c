// SPDX-License-Identifier: GPL-2.0-only
/*
 * What BPF_PROG_TEST_RUN runs in a benchmark. With repeat > 1 the kernel feeds a program its own
 * output; this one restores length and bytes of the frame, makes it a packet of the next flow, and
 * then tail-calls the program under test. Everything it does is the same for each program, so that
 * the time with an empty program in the slot can be subtracted.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include "flow.h"

char LICENSE[] SEC("license") = "GPL";

#define FRAME_WORDS 8
#define FRAME_SIZE  (FRAME_WORDS * (int)sizeof(__u64))

/* As bench/micro/harness.ts writes it. */
struct traffic_spec {
	/* Flow of the next packet, below flows; each packet adds stride, modulo flows. */
	__u64 next;
	__u64 stride;
	__u64 flows;
	/* Flows are spread over so many services, whose VIPs follow each other. */
	__u64 services;
	/* TCP packet with source 0.0.0.0:0, the IP checksum right for that and destination 0.0.0.0.
	 */
	__u64 frame[FRAME_WORDS];
	/* In host order. */
	__u32 first_vip;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct traffic_spec);
} spec SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} under_test SEC(".maps");

static __always_inline void set_flow(void *frame, const struct traffic_spec *s)
{
	struct iphdr *ip = frame + ETH_HLEN;
	struct tcphdr *tcp = (void *)(ip + 1);
	__u32 flow = s->next;

	ip->saddr = flow_address(flow);
	ip->daddr = bpf_htonl(s->first_vip + flow_service(flow, s->services));
	ip->check = checksum_with(ip->check, halves(ip->saddr) + halves(ip->daddr));
	tcp->source = flow_port(flow);
}

SEC("xdp")
int wrapper(struct xdp_md *ctx)
{
	__u32 key = 0;
	struct traffic_spec *s = bpf_map_lookup_elem(&spec, &key);
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 *words;

	/* Also where nothing was put in front, so that it costs every program the same. */
	if (!s || bpf_xdp_adjust_head(ctx, (int)(end - data) - FRAME_SIZE))
		return XDP_ABORTED;
	words = (void *)(long)ctx->data;
	if ((void *)(words + FRAME_WORDS) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	for (int i = 0; i < FRAME_WORDS; i++)
		words[i] = s->frame[i];
	set_flow(words, s);
	s->next += s->stride;
	if (s->next >= s->flows)
		s->next -= s->flows;
	bpf_tail_call(ctx, &under_test, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int empty(struct xdp_md *ctx)
{
	return XDP_PASS;
}
