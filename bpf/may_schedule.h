/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Which packets may open a connection. Knows no maps. */
#ifndef MAY_SCHEDULE_H
#define MAY_SCHEDULE_H

#include "packet.h"
#include "checksum.h"

#define FTP_DATA_PORT 20

/* What IPVS schedules: a SYN or a datagram (tcp_conn_schedule()). */
static __always_inline bool opens_conn(const struct packet *p)
{
	return tuple_protocol(&p->tuple) != IPPROTO_TCP ||
	       (p->tcp_flags & (TCP_SYN | TCP_RST)) == TCP_SYN;
}

/* Quicker to ask: true of all that open one, and of few others. */
static __always_inline bool might_open_conn(const struct packet *p)
{
	return (p->tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_ACK;
}

/* Neither FTP data (ip_vs_schedule()), nor what the kernel drops before IPVS sees it. */
static __always_inline int may_schedule(const struct packet *p, const struct iphdr *ip)
{
	if (tuple_cport(&p->tuple) == bpf_htons(FTP_DATA_PORT))
		return VERDICT_PASS_NO_CONN;
	if (!opens_conn(p))
		return VERDICT_PASS_NO_CONN;
	if (is_martian(&p->tuple))
		return VERDICT_PASS_MARTIAN;
	/* What the kernel checked before IPVS sees a packet. Options are left to the real server.
	 */
	if (ip->ihl == 5 && csum_fold(ip_header_sum(ip)) != 0)
		return VERDICT_MALFORMED_CHECKSUM;
	return GO_ON;
}

#endif
