/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A fragment. IPVS sees datagrams put together again, this program cannot: the kernel would, and
 * its own TCP and UDP would answer for the VIP.
 */
#ifndef STAGE_FRAGMENT_H
#define STAGE_FRAGMENT_H

#include "service.h"
#include "stages.h"

SEC("xdp")
int fragment(struct xdp_md *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();
	const struct packet *p = scratch_packet();
	struct headers h;

	if (!p || !find_headers(ctx, p, &h))
		return finish(ctx, cpu, VERDICT_DROP_NO_STAGE);
	if (h.ip->protocol != IPPROTO_TCP && h.ip->protocol != IPPROTO_UDP)
		return finish(ctx, cpu, VERDICT_PASS_FRAGMENT);
	return finish(ctx, cpu,
		      is_vip(tuple_vip(&p->tuple)) ? VERDICT_DROP_FRAGMENT : VERDICT_PASS_FRAGMENT);
}

#endif
