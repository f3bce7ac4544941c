// SPDX-License-Identifier: GPL-2.0-only
/*
 * The director, and programs that do to the tables of IPv4 and of IPv6 connections alike what a
 * packet does, and a sweep: for director-conn-tables.test.ts.
 */
#include "still_clock.h"
#include "../../bpf/director.h"
#include "../../bpf/sweeper.h"
#include "../../bpf/conn6.h"

enum outcome {
	OUTCOME_MISSED,
	OUTCOME_FOUND,
	OUTCOME_MADE,
	OUTCOME_REFUSED,
};

/* A packet, and what became of it. */
struct request {
	/* Of a tuple; IPv4 has the first one. */
	__u64 addresses[4];
	__u64 identity;
	/* TCP's. A SYN makes a connection by plan 0. */
	__u32 flags;
	/* enum outcome */
	__u32 outcome;
	/* Index of the connection's real server. */
	__u32 server;
	/* enum verdict, of one that was refused. */
	__u32 verdict;
};

#define PACKET(program, six)                                                                       \
	SEC("syscall") int program(struct request *r)                                              \
	{                                                                                          \
		struct packet##six p = {                                                           \
		    .tuple##six.identity = r->identity, .now = now_tick(), .tcp_flags = r->flags}; \
		struct found##six found = {};                                                      \
		bool made = false;                                                                 \
		int result;                                                                        \
                                                                                                   \
		__builtin_memcpy(&p.tuple##six.addresses, r->addresses,                            \
				 sizeof(p.tuple##six.addresses));                                  \
		p.hash = hash_tuple##six(&p.tuple##six);                                           \
		p.lock_seen = read_lock(p.hash);                                                   \
		r->outcome = OUTCOME_FOUND;                                                        \
		if (find_conn##six(&p.tuple##six, p.hash, p.now, &found)) {                        \
			arm_conn##six(&found, &p);                                                 \
		} else if (r->flags & TCP_SYN) {                                                   \
			result = insert_conn##six(&p, 0, &found, &made);                           \
			r->outcome = result == GO_ON ? OUTCOME_MADE : OUTCOME_REFUSED;             \
			r->verdict = result;                                                       \
		} else {                                                                           \
			r->outcome = OUTCOME_MISSED;                                               \
		}                                                                                  \
		r->server = found.server;                                                          \
		return 0;                                                                          \
	}

#define SWEEP(program, six)                                                                        \
	SEC("syscall") int program(void *ctx)                                                      \
	{                                                                                          \
		sweep_part##six(0, 1, now_tick());                                                 \
		return 0;                                                                          \
	}

PACKET(packet_of_ipv4, )
PACKET(packet_of_ipv6, 6)
SWEEP(sweep_ipv4, )
SWEEP(sweep_ipv6, 6)

char LICENSE[] SEC("license") = "Dual MIT/GPL";
