/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which way a branch goes for packets of established connections. clang lays their way out in one
 * piece, in front of all else: fewer lines and pages of code, and no jumps over what is rare.
 */
#ifndef LIKELY_H
#define LIKELY_H

#define likely(condition)   __builtin_expect(!!(condition), 1)
#define unlikely(condition) __builtin_expect(!!(condition), 0)

#endif
