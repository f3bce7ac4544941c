/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The kernel as platform: helpers and maps are its own; a frame is what its context says. */
#ifndef PLATFORM_KERNEL_H
#define PLATFORM_KERNEL_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct next_hop;

/* Ends this program and runs one of an array; goes on behind it only if that is not there. */
#define tail_call(ctx, map, index) bpf_tail_call_static(ctx, map, index)

static __always_inline void *frame_start(const struct xdp_md *ctx)
{
	return (void *)(long)ctx->data;
}

static __always_inline void *frame_end(const struct xdp_md *ctx)
{
	return (void *)(long)ctx->data_end;
}

/* Bytes of an IP packet that have to fit its way in one piece: all, since nobody cuts it. */
static __always_inline __u32 must_fit(const struct xdp_md *ctx)
{
	return 0xffffffff;
}

/* Nobody asks how a packet was decided: the action and the counters say it. */
static __always_inline void note_next_hop(struct xdp_md *ctx, const struct next_hop *next_hop)
{
}

static __always_inline void note_verdict(struct xdp_md *ctx, __u32 verdict)
{
}

#endif
