/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * An ICMP message. An error about a packet that a real server sent in the name of a VIP goes to
 * that server; one about a tunnel becomes one for the client; all else is the kernel's.
 */
#ifndef STAGE_ICMP_H
#define STAGE_ICMP_H

#include "parse_icmp.h"
#include "stages.h"
#include "to_server.h"
#include "tunnel_error.h"

static __always_inline int decide_icmp(struct xdp_md *ctx, const __u32 *cpu, struct packet *p,
				       const struct headers *h)
{
	struct cursor c = {.pos = (void *)h->ip + h->ip->ihl * 4, .end = frame_end(ctx)};
	struct found found;
	struct quote quote;
	int result;

	result = parse_icmp(&c, p, h->ip, &quote);
	if (result != GO_ON)
		return result;
	p->hash = hash_tuple(&p->tuple);
	if (!find_conn(&p->tuple, p->hash, p->now, &found))
		return VERDICT_PASS_ICMP;
	if (quote.rip)
		return tunnel_error(ctx, p, &quote, &found, p->now);
	return to_server(ctx, cpu, p, h, &found, ROLE_ERROR);
}

SEC("xdp")
int icmp(struct xdp_md *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct packet *p = scratch_packet();
	struct headers h;

	if (!p || !find_headers(ctx, p, &h))
		return finish(ctx, cpu, VERDICT_DROP_NO_STAGE);
	return finish(ctx, cpu, decide_icmp(ctx, &cpu, p, &h));
}

#endif
