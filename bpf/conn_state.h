/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* State machine of a connection, as net/netfilter/ipvs/ip_vs_proto_tcp.c has it for DR and TUN. */
#ifndef CONN_STATE_H
#define CONN_STATE_H

#include "parse.h"
#include "types.h"

enum tcp_event {
	TCP_EVENT_SYN,
	TCP_EVENT_FIN,
	TCP_EVENT_ACK,
	TCP_EVENT_RST,
	TCP_EVENT_COUNT,
};

_Static_assert((int)STATE_COUNT <= (int)STATE_SLOTS, "every state has a column");

#define sNO STATE_NONE
#define sES STATE_ESTABLISHED
#define sSS STATE_SYN_SENT
#define sSR STATE_SYN_RECV
#define sFW STATE_FIN_WAIT
#define sTW STATE_TIME_WAIT
#define sCL STATE_CLOSE
#define sCW STATE_CLOSE_WAIT
#define sLA STATE_LAST_ACK
#define sLI STATE_LISTEN
#define sSA STATE_SYNACK

/* tcp_states[INPUT-ONLY]: the director sees what the client sends, and nothing else. */
/* clang-format off */
static const __u8 tcp_next_state[TCP_EVENT_COUNT][STATE_SLOTS] = {
	/*                    NO   ES   SS   SR   FW   TW   CL   CW   LA   LI   SA */
	[TCP_EVENT_SYN] = { sSR, sES, sES, sSR, sSR, sSR, sSR, sSR, sSR, sSR, sSR },
	[TCP_EVENT_FIN] = { sCL, sFW, sSS, sTW, sFW, sTW, sCL, sCW, sLA, sLI, sTW },
	[TCP_EVENT_ACK] = { sES, sES, sSS, sES, sFW, sTW, sCL, sCW, sCL, sLI, sES },
	[TCP_EVENT_RST] = { sCL, sCL, sCL, sSR, sCL, sCL, sCL, sCL, sLA, sLI, sCL },
};
/* clang-format on */

/* The state after one more packet from the client. flags: TCP's, 0 if it is not TCP. */
static __always_inline __u8 next_state(__u8 state, __u8 protocol, __u8 flags)
{
	enum tcp_event event;

	/* First what almost every packet is. */
	if (likely((flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)) == TCP_ACK)) {
		if (likely(state == STATE_ESTABLISHED))
			return state;
		event = TCP_EVENT_ACK;
	} else if (protocol != IPPROTO_TCP)
		return STATE_UDP;
	else if (flags & TCP_RST)
		event = TCP_EVENT_RST;
	else if (flags & TCP_SYN)
		event = TCP_EVENT_SYN;
	else if (flags & TCP_FIN)
		event = TCP_EVENT_FIN;
	else
		return STATE_CLOSE;
	return tcp_next_state[event][state & (STATE_SLOTS - 1)];
}

/* tcp_state_active_table: which count of its real server a connection belongs to. UDP is never
 * active. */
static __always_inline bool is_active(__u8 state)
{
	return state == STATE_ESTABLISHED || state == STATE_SYN_SENT || state == STATE_SYN_RECV ||
	       state == STATE_SYNACK;
}

#endif
