/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Which way a branch goes for packets of established connections: clang spends less on that way.
 * It does not move all that is rare behind it; what is long is in functions of its own.
 */
#ifndef LIKELY_H
#define LIKELY_H

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#endif
