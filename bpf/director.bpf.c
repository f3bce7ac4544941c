// SPDX-License-Identifier: GPL-2.0-only
/*
 * The director: the life of a packet. Each stage is a header; each returns GO_ON or the verdict.
 * What packets of established connections do not pass through is in functions of its own, so that
 * their way is short: a third of the instructions that all of it would be.
 */
#include "parse.h"
#include "for_us.h"
#include "maps.h"
#include "stats.h"
#include "conn.h"
#include "conn_insert.h"
#include "service.h"
#include "may_schedule.h"
#include "pick.h"
#include "forward.h"
#include "icmp.h"
#include "path_mtu.h"
#include "tunnel_error.h"
#include "sweep.h"
#include "anchors.h"

char LICENSE[] SEC("license") = "GPL";

/* What a packet is to the connection that it was found to have. */
enum role {
	ROLE_GOES_ON,
	ROLE_OPENS,
	/* An ICMP error about it, and no packet of it (ip_vs_in_icmp()). */
	ROLE_ERROR,
};

/*
 * State of one packet between the stages. It stays in memory, since helpers get addresses of its
 * fields, and that is as well: with copies for the helpers clang made values of all of it, for four
 * registers that survive a call, and a packet took a sixth more instructions.
 */
struct journey {
	struct packet packet;
	__u64 hash;
	struct found found;
	__u32 now;
	__u32 cpu;
	/* Of the tuple's lock, before it was looked up; of packets that might open a connection. */
	__u32 lock_seen;
};

/*
 * A SYN that reuses the tuple of a connection that is over (is_new_conn() with conn_reuse_mode 1).
 * RST or not: with it the old connection is given up as well, and no new one is scheduled.
 */
static __always_inline bool is_reuse(const struct journey *j)
{
	__u8 state = unpack(j->found.control).state;

	return (j->packet.tcp_flags & TCP_SYN) &&
	       (state == STATE_TIME_WAIT || state == STATE_CLOSE);
}

static __always_inline bool find_live(struct journey *j)
{
	struct control over;

	if (unlikely(!find_conn(&j->packet.tuple, j->hash, j->now, &j->found)))
		return false;
	if (likely(!is_reuse(j)))
		return true;
	/*
	 * Expired, and not off the counts yet: IPVS makes its timer due, and schedulers still see
	 * it when they pick a server for the new one (ip_vs_conn_expire_now()). A tick ago, since
	 * another CPU may have looked at the clock before us.
	 */
	over = unpack(j->found.control);
	over.expires = j->now - 1;
	__sync_val_compare_and_swap(&j->found.conn->control, j->found.control, pack(over));
	/* It is to be looked up again: expired now, or new already if another CPU was first. */
	j->lock_seen = LOCK_TAKEN;
	/* The look will fill it. Verifiers of before Linux 6.3 want to see it filled. */
	j->found.expired = 0;
	return false;
}

/* The connection is known: count, re-arm, send to its real server. */
static __always_inline int to_server(struct xdp_md *ctx, struct journey *j, enum role role)
{
	const bool is_error = role == ROLE_ERROR;
	struct server_lane *lane = lane_of(&j->cpu, j->found.server);
	struct next_hop *next_hop;
	struct hop *hop;
	__u32 path_mtu;

	/* Errors are for it as long as it has connections (ip_vs_in_icmp()). */
	if (unlikely(!lane || !(is_error || lane->available)))
		return VERDICT_DROP_SERVER_REMOVED;
	count_traffic(&lane->traffic, j->packet.ip_len, role == ROLE_OPENS);
	if (role == ROLE_GOES_ON)
		arm_conn(&j->found, &j->packet, j->now);
	next_hop = next_hop_of(lane);
	if (unlikely(next_hop->local))
		return VERDICT_PASS_LOCAL;
	hop = &next_hop->hops[next_hop->current & 1];
	if (unlikely(!hop->ifindex))
		return VERDICT_DROP_UNRESOLVED;
	if (j->found.forward != FWD_TUNNEL)
		return forward_route(ctx, &j->packet, hop, is_error);
	path_mtu = known_path_mtu(next_hop, j->now);
	return forward_tunnel(ctx, &j->packet, hop, path_mtu, next_hop->rip, j->hash >> 48,
			      is_error);
}

/* No connection: schedule one, or say why not. */
static __noinline int schedule(struct xdp_md *ctx, struct journey *j)
{
	const struct service *service;
	bool created = false;
	__u32 plan;
	int result;

	service = find_service(&j->packet.tuple);
	if (!service)
		return VERDICT_PASS_NO_SERVICE;
	/* At once: two updates later the map's entry can be another service's. */
	plan = service->plan;
	result = may_schedule(&j->packet);
	if (result != GO_ON)
		return result;
	result = insert_conn(j->hash, j->lock_seen, plan, &j->packet, j->now, &j->found, &created);
	if (result != GO_ON)
		return result;
	return to_server(ctx, j, created ? ROLE_OPENS : ROLE_GOES_ON);
}

/* An ICMP error, if it is one about a packet of ours. */
static __noinline int decide_icmp(struct xdp_md *ctx, struct cursor *at, struct journey *j)
{
	struct quote quote;
	int result = parse_icmp(at, &j->packet, &quote);

	if (result != GO_ON)
		return result;
	j->hash = hash_tuple(&j->packet.tuple);
	if (!find_conn(&j->packet.tuple, j->hash, j->now, &j->found))
		return VERDICT_PASS_ICMP;
	if (quote.rip)
		return tunnel_error(ctx, &j->packet, &quote, &j->found, j->now);
	return to_server(ctx, j, ROLE_ERROR);
}

/*
 * IPVS sees datagrams put together again, this program cannot: the kernel would, and its own TCP
 * and UDP would answer for the VIP.
 */
static __noinline int decide_fragment(const struct packet *p)
{
	__u8 protocol = p->ip->protocol;

	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return VERDICT_PASS_FRAGMENT;
	return is_vip(tuple_vip(&p->tuple)) ? VERDICT_DROP_FRAGMENT : VERDICT_PASS_FRAGMENT;
}

static __always_inline int decide(struct xdp_md *ctx, struct journey *j)
{
	struct cursor c = cursor_of(ctx);
	int result;

	result = parse_network(&c, &j->packet);
	if (unlikely(result != GO_ON))
		return result;
	j->now = now_tick(&config);
	if (unlikely(!is_for_us(&j->packet, &config, j->now)))
		return VERDICT_PASS_OTHER_HOST;
	if (unlikely(is_fragment(&j->packet)))
		return decide_fragment(&j->packet);
	if (unlikely(j->packet.ip->protocol == IPPROTO_ICMP)) {
		/* A copy has an address; c itself shall have none. */
		struct cursor at = c;

		return decide_icmp(ctx, &at, j);
	}
	result = parse_transport(&c, &j->packet);
	if (unlikely(result != GO_ON))
		return result;
	j->hash = hash_tuple(&j->packet.tuple);
	if (unlikely(might_open_conn(&j->packet)))
		j->lock_seen = read_lock(j->hash);
	return likely(find_live(j)) ? to_server(ctx, j, ROLE_GOES_ON) : schedule(ctx, j);
}

/* A power of two, so that a verdict is masked, not tested. */
#define VERDICT_SLOTS 32
_Static_assert(VERDICT_COUNT <= VERDICT_SLOTS, "every verdict has a slot");
_Static_assert(8 * VERDICT_SLOTS <= sizeof(struct cpu_verdicts), "every slot can be counted in");
/* Four that forward are named one by one. */
#define VERDICTS_FROM_TO(first, last) ((last) - (first) + 1)
_Static_assert(VERDICTS_FROM_TO(VERDICT_PASS_NOT_IPV4, VERDICT_MALFORMED_CHECKSUM) + 4 +
		       VERDICTS_FROM_TO(VERDICT_ICMP_PORT_UNREACHABLE, VERDICT_ICMP_TUNNEL_ERROR) +
		       VERDICTS_FROM_TO(VERDICT_DROP_NO_SERVER, VERDICT_DROP_TUNNEL_ERROR) ==
		   VERDICT_COUNT,
	       "every verdict is named in action_of");

static const __u8 action_of[VERDICT_SLOTS] = {
    [VERDICT_PASS_NOT_IPV4... VERDICT_MALFORMED_CHECKSUM] = XDP_PASS,
    [VERDICT_ROUTE_TX] = XDP_TX,
    [VERDICT_ROUTE_REDIRECT] = XDP_REDIRECT,
    [VERDICT_TUNNEL_TX] = XDP_TX,
    [VERDICT_TUNNEL_REDIRECT] = XDP_REDIRECT,
    [VERDICT_ICMP_PORT_UNREACHABLE... VERDICT_ICMP_TUNNEL_ERROR] = XDP_TX,
    [VERDICT_DROP_NO_SERVER... VERDICT_DROP_TUNNEL_ERROR] = XDP_DROP,
};

SEC("xdp")
int director(struct xdp_md *ctx)
{
	enum verdict verdict;
	struct journey j;

	j.lock_seen = 0;
	j.packet.largest = 0;
	j.cpu = bpf_get_smp_processor_id();
	verdict = decide(ctx, &j);
	if (unlikely(verdict >= VERDICT_ICMP_PORT_UNREACHABLE &&
		     verdict <= VERDICT_ICMP_FRAG_NEEDED))
		verdict = answer_icmp(ctx, &j.packet, verdict, j.now);
	/* The mask takes nothing away; the barrier as in slot_of(). */
	barrier_var(verdict);
	verdict &= VERDICT_SLOTS - 1;
	count_verdict(j.cpu, verdict);
	return action_of[verdict];
}
