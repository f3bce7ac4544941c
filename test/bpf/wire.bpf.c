// SPDX-License-Identifier: GPL-2.0-only
/*
 * One end of a veth, as a wire with an observer (test/vm/compare/wire.ts): what the other end sends
 * is recorded byte for byte and goes no further; what is injected comes out at the other end.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_helpers.h>

#define MAX_FRAMES 4096
/* A power of two, above what a frame without fragments can have. */
#define MAX_BYTES 2048

struct frame {
	__u32 length;
	__u8 bytes[MAX_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_FRAMES);
	__type(key, __u32);
	__type(value, struct frame);
} frames SEC(".maps");

/* Frames seen so far; frame n is in frames[n % MAX_FRAMES]. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} seen SEC(".maps");

/* The interface that this end of the wire is. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} wire SEC(".maps");

SEC("xdp")
int record(struct xdp_md *ctx)
{
	__u32 zero = 0, length = (ctx->data_end - ctx->data) & (MAX_BYTES - 1);
	__u64 *count = bpf_map_lookup_elem(&seen, &zero);

	if (!count)
		return XDP_ABORTED;

	/* One queue, so one CPU at a time. */
	__u32 index = *count % MAX_FRAMES;
	struct frame *frame = bpf_map_lookup_elem(&frames, &index);

	if (!frame)
		return XDP_ABORTED;
	frame->length = length;
	if (length < ETH_HLEN || bpf_xdp_load_bytes(ctx, 0, frame->bytes, length))
		return XDP_ABORTED;
	__sync_fetch_and_add(count, 1);
	return XDP_DROP;
}

SEC("xdp")
int inject(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u32 *ifindex = bpf_map_lookup_elem(&wire, &zero);

	return ifindex ? bpf_redirect(*ifindex, 0) : XDP_ABORTED;
}

char _license[] SEC("license") = "GPL";
