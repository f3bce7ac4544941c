/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* A packet that another stage wants to be answered with an ICMP error: its verdict says which. */
#ifndef STAGE_ANSWER_H
#define STAGE_ANSWER_H

#include "icmp.h"
#include "stages.h"

SEC("xdp")
int answer(struct xdp_md *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();
	const struct packet *p = scratch_packet();

	if (!p)
		return finish(ctx, cpu, VERDICT_DROP_NO_STAGE);
	return finish(ctx, cpu, answer_icmp(ctx, p));
}

#endif
