/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the code says twice for the verifier. clang drops a mask or a test whose outcome it knows,
 * and replaces a mask by a comparison; the verifier, which knows less, then refuses the access that
 * the mask was for. Linux 6.1 also forgets what a comparison said once the register is copied.
 */
#ifndef VERIFIER_H
#define VERIFIER_H

#include "platform.h"

/* The value, of which clang knows nothing from here on: what follows is compiled as it stands. */
#define opaque(value)                                                                              \
	({                                                                                         \
		typeof(value) opaque_value = (value);                                              \
		barrier_var(opaque_value);                                                         \
		opaque_value;                                                                      \
	})

/* The index of one of n elements, a power of two. The mask takes nothing away from a right one. */
#define bounded_index(index, n)                                                                    \
	({                                                                                         \
		_Static_assert(((n) & ((n) - 1)) == 0, "a number that a mask can bound");          \
		opaque((__u32)(index)) & ((n) - 1);                                                \
	})

/*
 * 1 if x is 0, else 0, without a branch: of a branch for each of several elements the verifier
 * follows every combination of outcomes.
 */
static __always_inline __u32 is_zero(__u64 x)
{
	return 1 ^ (__u32)(opaque(x | (0 - x)) >> 63);
}

/* The greater of two numbers below 2^63, without a branch. */
static __always_inline __u64 greater(__u64 a, __u64 b)
{
	__u64 is_b = (__s64)opaque(a - b) >> 63;

	return opaque(a ^ ((a ^ b) & is_b));
}

#endif
