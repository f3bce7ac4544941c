// SPDX-License-Identifier: GPL-2.0-only
/*
 * The director: the life of a packet. Each stage is a header; each returns GO_ON or the verdict.
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

/* State of one packet between the stages. */
struct journey {
	const struct config *config;
	struct packet packet;
	struct place place;
	struct found found;
	__u32 now;
	/* Of the tuple's lock, before it was looked up; of packets that can open a connection. */
	__u32 lock_seen;
	bool new_conn;
	/* Set once the real server is known. */
	struct hop *hop;
	/* The largest packet that gets to it by a tunnel, in bytes. */
	__u32 path_mtu;
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

	if (!find_conn(&j->place, j->now, &j->found))
		return false;
	if (j->packet.icmp_error || j->packet.tuple.protocol != IPPROTO_TCP || !is_reuse(j))
		return true;
	over = unpack(j->found.control);
	over.held = HELD_NOTHING;
	release_conn(j->found.conn, j->found.control, pack(over));
	/* It is to be looked up again: expired now, or new already if another CPU was first. */
	j->lock_seen = LOCK_TAKEN;
	return false;
}

/* No connection: schedule one, or say why not. */
static __always_inline int schedule(struct journey *j)
{
	const struct service *service;
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
	return insert_conn(j->config, &j->place, j->lock_seen, plan, &j->packet, j->now, &j->found,
			   &j->new_conn);
}

/* The connection is known: count, re-arm, send to its real server. */
static __always_inline int to_server(struct xdp_md *ctx, struct journey *j)
{
	struct real_server *server = bpf_map_lookup_elem(&real_servers, &j->found.server);
	struct next_hop *next_hop;

	/* Errors are for it as long as it has connections (ip_vs_in_icmp()). */
	if (!server || !(server->flags & SERVER_AVAILABLE || j->packet.icmp_error))
		return VERDICT_DROP_SERVER_REMOVED;
	count_traffic(j->found.server, j->packet.ip_len, j->new_conn);
	/* An error about a connection is no packet of it (ip_vs_in_icmp()). */
	if (!j->new_conn && !j->packet.icmp_error)
		arm_conn(j->config, &j->found, &j->packet, j->now);
	next_hop = bpf_map_lookup_elem(&next_hops, &server->next_hop);
	if (!next_hop)
		return VERDICT_DROP_UNRESOLVED;
	if (next_hop->local)
		return VERDICT_PASS_LOCAL;
	j->hop = &next_hop->hops[next_hop->current & 1];
	if (!j->hop->ifindex)
		return VERDICT_DROP_UNRESOLVED;
	if (j->found.forward == FWD_TUNNEL) {
		j->path_mtu = known_path_mtu(next_hop, j->now);
		return forward_tunnel(ctx, &j->packet, j->hop, j->path_mtu, server->rip,
				      j->place.hash >> 48);
	}
	return forward_route(ctx, &j->packet, j->hop);
}

/*
 * IPVS sees datagrams put together again, this program cannot: the kernel would, and its own TCP
 * and UDP would answer for the VIP.
 */
static __always_inline int decide_fragment(const struct tuple *t)
{
	if (t->protocol != IPPROTO_TCP && t->protocol != IPPROTO_UDP)
		return VERDICT_PASS_FRAGMENT;
	return is_vip(t->vip) ? VERDICT_DROP_FRAGMENT : VERDICT_PASS_FRAGMENT;
}

static __always_inline int decide(struct xdp_md *ctx, struct journey *j)
{
	struct cursor c = cursor_of(ctx);
	__u32 key = 0;
	bool live;
	int result;

	result = parse_network(&c, &j->packet);
	if (result != GO_ON)
		return result;
	j->config = bpf_map_lookup_elem(&config, &key);
	if (!j->config)
		return VERDICT_PASS_NO_SERVICE;
	j->now = now_tick(j->config);
	if (!is_for_us(&j->packet, j->config, j->now))
		return VERDICT_PASS_OTHER_HOST;
	if (is_fragment(&j->packet))
		return decide_fragment(&j->packet.tuple);
	result = parse_transport(&c, &j->packet);
	if (result != GO_ON)
		return result;
	find_place(j->config, &j->packet.tuple, &j->place);
	if (opens_conn(&j->packet))
		j->lock_seen = read_lock(&j->place);
	live = find_live(j);
	if (j->packet.icmp_error) {
		if (!live)
			return VERDICT_PASS_ICMP;
		if (j->packet.rip)
			return tunnel_error(ctx, &j->packet, &j->found, j->now);
	} else if (!live) {
		result = schedule(j);
		if (result != GO_ON)
			return result;
	}
	return to_server(ctx, j);
}

/* The largest packet that would have reached the real server, for frag-needed. */
static __always_inline __u32 largest_packet(const struct journey *j)
{
	__u32 mtu = j->hop ? j->hop->mtu : 0;

	if (j->found.forward != FWD_TUNNEL)
		return mtu;
	if (j->path_mtu < mtu)
		mtu = j->path_mtu;
	return mtu - sizeof(struct iphdr);
}

/* What not every packet gets a value of its own for, and no more: each store is one of every
 * packet. */
static __always_inline void begin(struct journey *j)
{
	j->packet.rip = 0;
	j->packet.inner_at = 0;
	j->packet.tcp_flags = 0;
	j->packet.icmp_error = false;
	j->found.expired = 0;
	j->found.forward = FWD_MASQ;
	j->lock_seen = 0;
	j->new_conn = false;
	j->hop = NULL;
	j->path_mtu = NO_PATH_MTU;
}

SEC("xdp")
int director(struct xdp_md *ctx)
{
	struct journey j;
	enum verdict verdict;

	begin(&j);
	verdict = decide(ctx, &j);
	if (verdict >= VERDICT_ICMP_PORT_UNREACHABLE && verdict <= VERDICT_ICMP_FRAG_NEEDED)
		verdict = answer_icmp(ctx, &j.packet, verdict, largest_packet(&j), j.now);
	count_verdict(verdict);
	switch (verdict) {
	case VERDICT_ROUTE_TX:
	case VERDICT_TUNNEL_TX:
	case VERDICT_ICMP_PORT_UNREACHABLE:
	case VERDICT_ICMP_TIME_EXCEEDED:
	case VERDICT_ICMP_FRAG_NEEDED:
	case VERDICT_ICMP_TUNNEL_ERROR:
		return XDP_TX;
	case VERDICT_ROUTE_REDIRECT:
	case VERDICT_TUNNEL_REDIRECT:
		return j.hop ? bpf_redirect(j.hop->ifindex, 0) : XDP_ABORTED;
	case VERDICT_DROP_NO_SERVER ... VERDICT_DROP_TUNNEL_ERROR:
		return XDP_DROP;
	default:
		return XDP_PASS;
	}
}
