/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * A word of 64 bits that other CPUs may write meanwhile: it is read once, where it says so, and
 * whole. Tests compile with another header in its place (same include guard), in which another CPU
 * comes between two words.
 */
#ifndef WORDS_H
#define WORDS_H

#include <linux/types.h>
#include "platform.h"

static __always_inline __u64 read_word(const void *address)
{
	return *(const volatile __u64 *)address;
}

#endif
