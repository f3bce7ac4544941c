/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What the packet path runs on: the kernel, or memory of one process (WebAssembly, and native
 * builds for tests). No other file knows which.
 */
#ifndef PLATFORM_H
#define PLATFORM_H

#ifdef __bpf__
#include "platform/kernel.h"
#else
#include "platform/memory.h"
#endif

#endif
