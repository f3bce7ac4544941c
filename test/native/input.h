/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* An input of the fuzzer, taken from the front. What it lacks is 0. */
#ifndef INPUT_H
#define INPUT_H

struct input {
	const __u8 *at;
	const __u8 *end;
};

static __u8 take_byte(struct input *input)
{
	return input->at < input->end ? *input->at++ : 0;
}

static __u16 take_u16(struct input *input)
{
	__u16 low = take_byte(input);

	return low | take_byte(input) << 8;
}

static __u32 take_u32(struct input *input)
{
	__u32 low = take_u16(input);

	return low | (__u32)take_u16(input) << 16;
}

/* Up to n bytes. Returns how many there were. */
static size_t take_bytes(struct input *input, __u8 *to, size_t n)
{
	size_t left = input->end - input->at;

	if (n > left)
		n = left;
	memcpy(to, input->at, n);
	input->at += n;
	return n;
}

#endif
