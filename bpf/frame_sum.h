/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Sums over stretches of the frame, for checksums. Knows no maps. Linux 6.1 has no loop over packet
 * bytes but bpf_loop(), and a call of it costs 10 ns: so most bytes are summed 64 at a call.
 */
#ifndef FRAME_SUM_H
#define FRAME_SUM_H

#include "packet.h"

/* Frames that are summed are shorter: for the verifier. */
#define SUM_MAX	  0x7fff
#define SUM_BLOCK 64
#define SUM_WORD  4

struct sum_range {
	struct xdp_md *ctx;
	__u32 offset;
	__u64 sum;
};

/* Piece i of those of `size` bytes that the range is made of; NULL only to satisfy the verifier. */
static __always_inline const void *sum_piece(const struct sum_range *range, __u32 i, __u32 size)
{
	struct cursor c = cursor_of(range->ctx);
	__u32 offset = range->offset + i * size;

	if (offset > SUM_MAX || c.pos + offset + size > c.end)
		return NULL;
	return c.pos + offset;
}

static long add_block(__u32 i, struct sum_range *range)
{
	const __u32 *words = sum_piece(range, i, SUM_BLOCK);
	__u64 sum = 0;

	if (!words)
		return 1;
#pragma unroll
	for (int word = 0; word < SUM_BLOCK / SUM_WORD; word++)
		sum += words[word];
	range->sum += sum;
	return 0;
}

static long add_word(__u32 i, struct sum_range *range)
{
	const __u32 *word = sum_piece(range, i, SUM_WORD);

	if (!word)
		return 1;
	range->sum += *word;
	return 0;
}

/* The last byte of an odd range counts as the high one of a word (RFC 1071): first on the wire. */
static long add_byte(__u32 i, struct sum_range *range)
{
	const __u8 *byte = sum_piece(range, i, 1);

	if (!byte)
		return 1;
	range->sum += (__u32)*byte << (i & 1) * 8;
	return 0;
}

/*
 * Sum of the frame's bytes [offset, end), folded to 17 bits so that a few can be added. Not static:
 * the verifier looks at a global function once, and not again behind each way that leads to a call.
 */
__noinline __u32 sum_frame(struct xdp_md *ctx, __u32 offset, __u32 end)
{
	struct sum_range range = {.ctx = ctx, .offset = offset};
	__u32 length = end - offset;
	__u64 sum;

	bpf_loop(length / SUM_BLOCK, add_block, &range, 0);
	range.offset = end - length % SUM_BLOCK;
	bpf_loop(length % SUM_BLOCK / SUM_WORD, add_word, &range, 0);
	range.offset = end - length % SUM_WORD;
	bpf_loop(length % SUM_WORD, add_byte, &range, 0);
	sum = (range.sum & 0xffffffff) + (range.sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

#endif
