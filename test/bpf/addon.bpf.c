// SPDX-License-Identifier: GPL-2.0-only
/* One of each thing that src/bpf handles, for addon.test.ts. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4);
	__type(key, __u32);
	/* Not a multiple of 8: values lie 16 bytes apart. */
	__type(value, __u32[3]);
} array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} percpu SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1000);
	__type(key, __u64);
	__type(value, __u32);
} hash SEC(".maps");

__u32 variables[3] SEC(".data.variables");

struct add {
	__u32 a;
	__u32 b;
	__u32 sum;
};

static int swap_byte(struct xdp_md *ctx, __u8 byte, int action)
{
	__u8 *data = (void *)(long)ctx->data;

	if (data + 1 > (__u8 *)(long)ctx->data_end)
		return XDP_ABORTED;
	*data = byte;
	return action;
}

SEC("xdp")
int first(struct xdp_md *ctx)
{
	return swap_byte(ctx, 0x11, XDP_PASS);
}

SEC("xdp")
int second(struct xdp_md *ctx)
{
	return swap_byte(ctx, 0x22, XDP_TX);
}

SEC("xdp")
int interface(struct xdp_md *ctx)
{
	return ctx->ingress_ifindex;
}

/* Counts in percpu entry 0 on the CPU that it runs on. */
SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = 0, *value = bpf_map_lookup_elem(&percpu, &key);

	if (value)
		++*value;
	return XDP_DROP;
}

SEC("xdp")
int count_in_variable(struct xdp_md *ctx)
{
	variables[1]++;
	return XDP_DROP;
}

SEC("syscall")
int add(struct add *ctx)
{
	ctx->sum = ctx->a + ctx->b;
	return 7;
}

/* The verifier refuses it: no bounds check. Disabled by everybody but one test. */
SEC("xdp")
int refused(struct xdp_md *ctx)
{
	return *(__u8 *)(long)ctx->data;
}
