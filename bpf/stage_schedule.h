/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* A packet of no connection: schedules one, or says why not. */
#ifndef STAGE_SCHEDULE_H
#define STAGE_SCHEDULE_H

#include "conn.h"
#include "may_schedule.h"
#include "service.h"
#include "stages.h"
#include "to_server.h"

static __always_inline int decide_new(struct xdp_md *ctx, const __u32 *cpu, struct packet *p,
				      const struct headers *h)
{
	struct found found = {.expired = p->expired};
	const struct service *service = find_service(&p->tuple);
	bool created = false;
	__u32 plan;
	int result;

	if (!service)
		return VERDICT_PASS_NO_SERVICE;
	/* At once: two updates later the map's entry can be another service's. */
	plan = service->plan;
	result = may_schedule(p, h->ip);
	if (result == GO_ON)
		result = insert_conn(p, plan, &found, &created);
	if (result != GO_ON)
		return result;
	return to_server(ctx, cpu, p, h, &found, created ? ROLE_OPENS : ROLE_GOES_ON);
}

SEC("xdp")
int schedule(struct xdp_md *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct packet *p = scratch_packet();
	struct headers h;
	int verdict;

	if (!p || !find_headers(ctx, p, &h))
		return finish(ctx, cpu, VERDICT_DROP_NO_STAGE);
	verdict = decide_new(ctx, &cpu, p, &h);
	if (!needs_answer(verdict))
		return finish(ctx, cpu, verdict);
	p->verdict = verdict;
	return enter_stage(ctx, cpu, STAGE_ANSWER);
}

#endif
