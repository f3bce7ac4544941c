/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Gives frames to the packet path, each in an allocation of its own, which ends where the frame
 * ends and begins where its headroom does: so AddressSanitizer sees an access of one byte beyond.
 *
 * how, of a frame: checksums are made right first (bit 0), it came in by the other interface (1),
 * what of it has to fit the way (3..2, see must_fit_choices), words of headroom (7..4).
 */
#ifndef SEND_H
#define SEND_H

#include "wire.h"

#define FRAME_MAX (255 + 8 * 255)
/* What headroom holds that nobody has written to. */
#define UNTOUCHED 0xa5

struct sender {
	/* The frame that was sent last, as it was before. */
	__u8 last[FRAME_MAX];
	__u32 length;
	__u32 sent;
};

/* In XDP everything, of a packet that is cut in any case nothing, and two of whole MTUs. */
static const __u32 must_fit_choices[] = {0xffffffff, 0, 576, 1500};

/* A whole packet is sent, with the right checksum if it had one or if the header is new. */
NO_COVERAGE static void check_sent(const struct frame *frame, bool was_right)
{
	struct datagram datagram;

	REQUIRE(find_datagram(frame->start, frame->end - frame->start, &datagram));
	if (was_right || frame->verdict > VERDICT_ROUTE_REDIRECT)
		REQUIRE(header_checksum(&datagram) == 0);
	if (frame->verdict > VERDICT_TUNNEL_REDIRECT)
		REQUIRE(is_icmp(&datagram) && payload_checksum(&datagram) == 0);
}

/* start, end: where it was before. was_right: the checksum of its IP header. */
NO_COVERAGE static void check_frame(const struct frame *frame, const __u8 *start, const __u8 *end,
				    bool was_right, int action)
{
	REQUIRE(frame->verdict < VERDICT_COUNT);
	REQUIRE(action == action_of[frame->verdict]);
	/* All stages are there, and there is no other CPU. */
	REQUIRE(frame->verdict != VERDICT_DROP_NO_STAGE);
	REQUIRE(frame->verdict != VERDICT_DROP_CONTENDED);
	REQUIRE(frame->lowest <= frame->start && frame->start <= frame->end && frame->end <= end);
	if (action == XDP_TX || action == XDP_REDIRECT)
		check_sent(frame, was_right);
	for (const __u8 *at = frame->lowest; at < frame->start && at < start; at++)
		REQUIRE(*at == UNTOUCHED);
}

static void send_frame(struct sender *sender, __u8 how)
{
	__u32 headroom = (how >> 4) * 4;
	__u8 *memory = malloc(headroom + sender->length), *start = memory + headroom;
	struct frame frame = {
	    .md.ingress_ifindex = how & 2 ? 2 : 1,
	    .start = start,
	    .end = start + sender->length,
	    .lowest = memory,
	    .must_fit = must_fit_choices[how >> 2 & 3],
	    .verdict = VERDICT_COUNT,
	};
	__u64 before = count_packets();
	struct datagram datagram;
	bool was_right;
	int action;

	memset(memory, UNTOUCHED, headroom);
	memcpy(start, sender->last, sender->length);
	if (how & 1)
		mend_checksums(start, sender->length);
	was_right = find_datagram(start, sender->length, &datagram) && !header_checksum(&datagram);
	action = director(&frame.md);
	REQUIRE(count_packets() == before + 1);
	check_frame(&frame, start, start + sender->length, was_right, action);
	check_table();
	free(memory);
	sender->sent++;
}

static void send_new(struct sender *sender, struct input *input)
{
	__u8 how = take_byte(input);
	__u32 padding = 8 * take_byte(input), length = take_byte(input);

	length = take_bytes(input, sender->last, length);
	memset(sender->last + length, 0, padding);
	sender->length = length + padding;
	send_frame(sender, how);
}

static void send_again(struct sender *sender, struct input *input)
{
	__u8 how = take_byte(input);
	__u32 times = take_byte(input), at = take_byte(input), by = take_byte(input);

	for (__u32 i = 0; i < times && at < sender->length; i++) {
		sender->last[at] += by;
		send_frame(sender, how);
	}
}

#endif
