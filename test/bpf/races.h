/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The director with another CPU that comes in at the worst moment, so that races are no matter of
 * luck: when a test has armed it, it has just changed the word that a compare-and-exchange is
 * about, or has just made a connection under the lock that is to be taken, or makes another one of
 * an entry that is being read. Stands in for bpf/words.h (same include guard).
 */
#ifndef RACES_H
#define RACES_H
#define WORDS_H

#include "still_clock.h"
#include "../../bpf/maps.h"

struct race {
	/* What the other CPU makes of the word. */
	__u64 word;
	/* 1: at the next compare-and-exchange. It goes back to 0 then. */
	__u64 armed;
	/* What it puts into the first slot of the table; all 0: nothing. */
	__u64 inserted[4];
	/* After so many words have been read, it writes the first slot of the table anew. */
	__u64 reads;
	__u64 recycled[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct race);
} race SEC(".maps");

static __attribute__((noinline)) int other_cpu(__u64 *word)
{
	__u32 key = 0;
	struct race *r = bpf_map_lookup_elem(&race, &key);

	if (r && r->armed) {
		r->armed = 0;
		*word = r->word;
	}
	return 0;
}

static __attribute__((noinline)) int other_inserter(__u32 *lock, __u64 *slot)
{
	__u32 key = 0;
	struct race *r = bpf_map_lookup_elem(&race, &key);

	if (!r || !r->inserted[0] || !slot)
		return 0;
	for (int i = 0; i < 4; i++) {
		slot[i] = r->inserted[i];
		r->inserted[i] = 0;
	}
	*lock += 2;
	return 0;
}

static __attribute__((noinline)) int other_recycler(void)
{
	__u32 key = 0;
	struct race *r = bpf_map_lookup_elem(&race, &key);
	__u64 *slot;

	if (!r || !r->reads || --r->reads)
		return 0;
	slot = bpf_map_lookup_elem(&conns, &key);
	for (int i = 0; slot && i < 4; i++)
		slot[i] = r->recycled[i];
	return 0;
}

static __always_inline __u64 read_word(const void *address)
{
	__u64 word = *(const volatile __u64 *)address;

	other_recycler();
	return word;
}

#define __sync_fetch_and_or(address, bits)                                                         \
	({                                                                                         \
		__u32 first_set = 0;                                                               \
		other_inserter(address, bpf_map_lookup_elem(&conns, &first_set));                  \
		__sync_fetch_and_or(address, bits);                                                \
	})

#define __sync_val_compare_and_swap(address, expected, desired)                                    \
	({                                                                                         \
		other_cpu(address);                                                                \
		__sync_val_compare_and_swap(address, expected, desired);                           \
	})

#endif
