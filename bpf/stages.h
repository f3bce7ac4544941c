/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Stages: what is rarer than a packet of an established connection is in programs of their own,
 * entered by tail call. Each is verified alone, and none costs an established packet anything. What
 * is known of the packet is handed over in memory of the CPU.
 */
#ifndef STAGES_H
#define STAGES_H

#include "finish.h"
#include "packet.h"

enum stage {
	/* A packet of no connection (stage_schedule.h). */
	STAGE_SCHEDULE,
	/* An ICMP message (stage_icmp.h). */
	STAGE_ICMP,
	STAGE_FRAGMENT,
	/* A packet that is answered with an ICMP error (stage_answer.h). */
	STAGE_ANSWER,
	STAGE_COUNT,
};

int schedule(struct xdp_md *ctx);
int icmp(struct xdp_md *ctx);
int fragment(struct xdp_md *ctx);
int answer(struct xdp_md *ctx);

/*
 * The programs of the stages. The kernel empties the array when user space has neither a descriptor
 * nor a pin of it any more, also while a program that uses it runs on another CPU.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGE_COUNT);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} stages SEC(".maps") = {
    .values =
	{
	    [STAGE_SCHEDULE] = (void *)&schedule,
	    [STAGE_ICMP] = (void *)&icmp,
	    [STAGE_FRAGMENT] = (void *)&fragment,
	    [STAGE_ANSWER] = (void *)&answer,
	},
};

/* The packet that goes from stage to stage on this CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(map_flags, 0);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct packet);
} scratch SEC(".maps");

/* The packet that was handed over. NULL only to satisfy the verifier. */
static __always_inline struct packet *scratch_packet(void)
{
	__u32 key = 0;

	return bpf_map_lookup_elem(&scratch, &key);
}

/*
 * Goes on in a stage, for good, with the packet that is in scratch. If the stage is not there, the
 * packet is dropped: passed, it would reach the director's own TCP, which would reset the client.
 */
static __always_inline int enter_stage(struct xdp_md *ctx, __u32 cpu, enum stage stage)
{
	tail_call(ctx, &stages, stage);
	return finish(ctx, cpu, VERDICT_DROP_NO_STAGE);
}

/* Hands a packet over to a stage. */
static __always_inline int hand_over(struct xdp_md *ctx, __u32 cpu, const struct packet *p,
				     enum stage stage)
{
	struct packet *to = scratch_packet();

	if (unlikely(!to))
		return finish(ctx, cpu, VERDICT_DROP_NO_STAGE);
	*to = *p;
	return enter_stage(ctx, cpu, stage);
}

/* Whether a stage's verdict is one that STAGE_ANSWER has to carry out. */
static __always_inline bool needs_answer(enum verdict verdict)
{
	return verdict >= VERDICT_ICMP_PORT_UNREACHABLE && verdict <= VERDICT_ICMP_FRAG_NEEDED;
}

#endif
