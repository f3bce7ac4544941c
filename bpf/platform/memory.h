/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Memory of one process as platform, with one CPU and one thread: what the kernel's helpers and
 * libbpf's map definitions are there. A map is declared as for the kernel; its definition is a
 * struct of pointers, of which `value` leads to its memory once a host has placed it.
 */
#ifndef PLATFORM_MEMORY_H
#define PLATFORM_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/if_ether.h>

#define SEC(name)
#define __uint(name, number) int(*name)[number]
#define __type(name, type)   typeof(type) *name
#define __array(name, type)  typeof(type) *name[]
#define __noinline	     __attribute__((noinline))
#undef __always_inline
#define __always_inline inline __attribute__((always_inline))
#define barrier()	asm volatile("" ::: "memory")
/* For verifiers. */
#define barrier_var(variable) ((void)(variable))

struct next_hop;

/* A frame and what became of it. Programs are given the address of md. */
struct frame {
	struct xdp_md md;
	/* The first byte, the byte behind the last one, and the lowest that the first may become.
	 */
	__u8 *start;
	__u8 *end;
	__u8 *lowest;
	/* Bytes that have to fit the way in one piece: a longer packet is cut by whoever sends it.
	 */
	__u32 must_fit;
	/* enum verdict. */
	__u32 verdict;
	/* The way of a packet that is forwarded. */
	const struct next_hop *next_hop;
};

static __always_inline struct frame *frame_of(const struct xdp_md *ctx)
{
	return (struct frame *)ctx;
}

static __always_inline void *frame_start(const struct xdp_md *ctx)
{
	return frame_of(ctx)->start;
}

static __always_inline void *frame_end(const struct xdp_md *ctx)
{
	return frame_of(ctx)->end;
}

static __always_inline __u32 must_fit(const struct xdp_md *ctx)
{
	return frame_of(ctx)->must_fit;
}

static __always_inline void note_next_hop(struct xdp_md *ctx, const struct next_hop *next_hop)
{
	frame_of(ctx)->next_hop = next_hop;
}

static __always_inline void note_verdict(struct xdp_md *ctx, __u32 verdict)
{
	frame_of(ctx)->verdict = verdict;
}

/* The action says that it leaves, and the next hop by which interface. */
static __always_inline long bpf_redirect(__u32 ifindex, __u64 flags)
{
	return 0;
}

static __always_inline __u32 bpf_get_smp_processor_id(void)
{
	return 0;
}

static __always_inline long bpf_xdp_adjust_head(struct xdp_md *ctx, int delta)
{
	struct frame *frame = frame_of(ctx);
	ptrdiff_t room = frame->start - frame->lowest, length = frame->end - frame->start;

	if (-delta > room || delta > length - ETH_HLEN)
		return -EINVAL;
	frame->start += delta;
	return 0;
}

/* Shortens a frame: there may be another one behind it. */
static __always_inline long bpf_xdp_adjust_tail(struct xdp_md *ctx, int delta)
{
	struct frame *frame = frame_of(ctx);

	if (delta > 0 || frame->end - frame->start + delta < ETH_HLEN)
		return -EINVAL;
	frame->end += delta;
	return 0;
}

#define bpf_loop(count, step, state, flags)                                                        \
	({                                                                                         \
		__u32 loop_count = (count), loop_done = 0;                                         \
		while (loop_done < loop_count && !step(loop_done++, state))                        \
			;                                                                          \
		(long)loop_done;                                                                   \
	})

/* The pointers of a map's definition: every map has these, in this order. */
struct map_memory {
	const void *type;
	const void *map_flags;
	/* The number itself. */
	uintptr_t max_entries;
	const void *key;
	/* Where its memory begins: a host sets it. */
	void *value;
};

/* Maps round the sizes of what they hold up to 8 bytes. */
static __always_inline size_t map_stride(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

#include "hash_map.h"

/* Values of an array lie one behind the other. */
static __always_inline void *array_lookup(const struct map_memory *map, const void *key,
					  size_t value_size)
{
	__u32 index = *(const __u32 *)key;

	return index < map->max_entries ? (__u8 *)map->value + index * map_stride(value_size)
					: NULL;
}

/* The array is filled when the program is compiled. */
#define tail_call(ctx, map, index) return ((int (*)(struct xdp_md *))(map)->values[index])(ctx)

#define is_hash(map_def) (sizeof(*(map_def)->type) / sizeof(int) == BPF_MAP_TYPE_HASH)

#define bpf_map_lookup_elem(map, key_at)                                                           \
	({                                                                                         \
		_Static_assert(offsetof(typeof(*(map)), value) ==                                  \
				   offsetof(struct map_memory, value),                             \
			       "every map has type, map_flags, max_entries, key and value");       \
		const struct map_memory *map_at = (const struct map_memory *)(map);                \
		(typeof((map)->value))(is_hash(map)                                                \
					   ? hash_lookup(map_at, key_at, sizeof(*(map)->key),      \
							 sizeof(*(map)->value))                    \
					   : array_lookup(map_at, key_at, sizeof(*(map)->value))); \
	})

#endif
