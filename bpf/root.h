/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The program that every frame enters. A packet of an established connection stays in it, as a
 * straight line: parsed, found, counted, sent. All others leave for a stage.
 */
#ifndef ROOT_H
#define ROOT_H

#include "for_us.h"
#include "insert_lock.h"
#include "may_schedule.h"
#include "parse.h"
#include "stages.h"
#include "to_server.h"

/*
 * A SYN that reuses the tuple of a connection that is over (is_new_conn() with conn_reuse_mode 1).
 * RST or not: with it the old connection is given up as well, and no new one is scheduled.
 */
static __always_inline bool is_reuse(const struct packet *p, const struct found *found)
{
	__u8 state = unpack(found->control).state;

	return (p->tcp_flags & TCP_SYN) && (state == STATE_TIME_WAIT || state == STATE_CLOSE);
}

/*
 * Ends the connection whose tuple is used again: it has expired, and is not off the counts yet.
 * IPVS makes its timer due, and schedulers still see it when they pick a server for the new one
 * (ip_vs_conn_expire_now()). It expired a tick ago, since another CPU may have looked at the clock
 * before this one.
 */
static __always_inline void expire_conn(struct packet *p, struct found *found)
{
	struct control over = unpack(found->control);

	over.expires = p->now - 1;
	__sync_val_compare_and_swap(&found->conn->control, found->control, pack(over));
	/* It is to be looked up again: expired now, or new already if another CPU was first. */
	p->lock_seen = LOCK_TAKEN;
	found->expired = 0;
}

static __always_inline bool find_live(struct packet *p, struct found *found)
{
	if (unlikely(!find_conn(&p->tuple, p->hash, p->now, found)))
		return false;
	if (likely(!is_reuse(p, found)))
		return true;
	expire_conn(p, found);
	return false;
}

SEC("xdp")
int director(struct xdp_md *ctx)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct packet p = {.now = now_tick()};
	struct cursor c = cursor_of(ctx);
	struct found found;
	struct headers h;
	int verdict;

	verdict = parse_network(&c, &p, &h);
	if (unlikely(verdict != GO_ON))
		return finish(ctx, cpu, verdict);
	if (unlikely(!is_for_us(h.eth, &config, p.now)))
		return finish(ctx, cpu, VERDICT_PASS_OTHER_HOST);
	if (unlikely(is_fragment(h.ip)))
		return hand_over(ctx, cpu, &p, STAGE_FRAGMENT);
	if (unlikely(h.ip->protocol == IPPROTO_ICMP))
		return hand_over(ctx, cpu, &p, STAGE_ICMP);
	verdict = parse_transport(&c, &p, h.ip);
	if (unlikely(verdict != GO_ON))
		return finish(ctx, cpu, verdict);
	p.hash = hash_tuple(&p.tuple);
	if (unlikely(might_open_conn(&p)))
		p.lock_seen = read_lock(p.hash);
	if (unlikely(!find_live(&p, &found))) {
		p.expired = found.expired;
		return hand_over(ctx, cpu, &p, STAGE_SCHEDULE);
	}
	verdict = to_server(ctx, &cpu, &p, &h, &found, ROLE_GOES_ON);
	if (unlikely(needs_answer(verdict))) {
		p.verdict = verdict;
		return hand_over(ctx, cpu, &p, STAGE_ANSWER);
	}
	return finish(ctx, cpu, verdict);
}

#endif
