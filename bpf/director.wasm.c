// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The director as a WebAssembly module. Its host (src/dataplane/wasm) gives each map its memory,
 * writes tables and config.now there, puts packets into `batch`, and calls what is exported here.
 */
#include "director.h"
#include "conn.h"

/* Packets that one call decides, and what became of them. */
struct batch batch;

/* The packet of it that is being decided; a trap may end that at any moment. */
static volatile __u32 current;

/* Bytes of the tables that are variables: their sizes are compiled in, and its host has to know. */
__u32 variables_size(void)
{
	return sizeof(config) + sizeof(locks) + sizeof(next_hops) + sizeof(server_counts) +
	       sizeof(server_shares) + sizeof(service_shares) + sizeof(conn_counts) +
	       sizeof(verdicts);
}

/* Gives a map its memory, which is all zeros. */
void place_map(struct map_memory *map, void *memory, __u32 max_entries)
{
	map->value = memory;
	map->max_entries = max_entries;
}

/* Bytes that a hash map needs. */
__u32 hash_memory(__u32 key_size, __u32 value_size, __u32 max_entries)
{
	return 2 * max_entries * hash_bucket_size(key_size, value_size);
}

/* The key's value, or NULL. */
void *hash_get(const struct map_memory *map, const void *key, __u32 key_size, __u32 value_size)
{
	return hash_lookup(map, key, key_size, value_size);
}

/* The key's value, to be written; the key may be new. The map has room for it. */
void *hash_put(const struct map_memory *map, const void *key, __u32 key_size, __u32 value_size)
{
	return hash_insert(map, key, key_size, value_size);
}

/* Removes a key, if it is there. */
void hash_drop(const struct map_memory *map, const void *key, __u32 key_size, __u32 value_size)
{
	hash_remove(map, key, key_size, value_size);
}

/* Sweeps an n-th of the table from a set on, and adds up what is assured. Returns the set to go on
 * with. */
__u32 sweep(__u32 first, __u32 n)
{
	first = sweep_part(first, n, config.now);
	sum_assured();
	return first;
}

/* Returns the action. start: of the Ethernet header. */
static int decide_packet(struct frame *frame, __u32 i, __u32 start, __u32 ifindex)
{
	int action;

	*frame = (struct frame){
	    .md.ingress_ifindex = ifindex,
	    .start = (__u8 *)start,
	    .end = (__u8 *)batch.offsets[i] + batch.lengths[i],
	    .lowest = (__u8 *)batch.offsets[i] - BATCH_HEADROOM,
	    .must_fit = batch.must_fit[i],
	};
	action = director(&frame->md);
	batch.verdicts[i] = frame->verdict;
	return action;
}

/* Releases the lock of a tuple and the slot that was being filled for it, if that was cut short. */
static void release_insertion(__u64 hash)
{
	__u32 *lock = lock_of(hash);

	if (*lock & LOCK_TAKEN)
		*lock += 1;
	for (__u32 i = 0; i < 2 * SET_SLOTS; i++) {
		struct conn *conn = slot_of(set_of(hash, i / SET_SLOTS), i);
		struct control c = unpack(conn->control);

		if (c.held != HELD_CLAIMED)
			continue;
		c.held = HELD_NOTHING;
		conn->control = pack(c);
	}
}

/*
 * After a trap: gives up the packet that was being decided. Only one that was handed
 * over takes a lock. Returns its number in the batch.
 */
__u32 recover(void)
{
	struct frame frame;

	release_insertion(scratch_packet()->hash);
	finish(&frame.md, 0, VERDICT_DROP_FAULT);
	batch.verdicts[current] = VERDICT_DROP_FAULT;
	return current;
}

/* Decides frames [first, count) of the batch, that came in by an interface. */
void decide_frames(__u32 first, __u32 count, __u32 ifindex)
{
	struct frame frame;

	for (__u32 i = first; i < count; i++) {
		current = i;
		decide_packet(&frame, i, batch.offsets[i], ifindex);
		batch.offsets[i] = (__u32)frame.start;
		batch.lengths[i] = frame.end - frame.start;
	}
}

/* The Ethernet header, for this director, that a datagram is given for the packet path. */
static void write_ethernet(struct ethhdr *eth)
{
	__builtin_memcpy(eth->h_dest, config.own_macs, ETH_ALEN);
	eth->h_proto = bpf_htons(ETH_P_IP);
}

/* The largest packet that the way takes: only a tunnel's path MTU is learned, and only packets with
 * DF are held to it. The outer header has the DF of the inner one. */
static __u32 mtu_of(const struct frame *frame, const struct iphdr *ip)
{
	const struct next_hop *next_hop = frame->next_hop;
	__u32 mtu = hop_of(next_hop)->mtu, path_mtu;

	if (frame->verdict < VERDICT_TUNNEL_TX || !(ip->frag_off & bpf_htons(IP_DF)))
		return mtu;
	path_mtu = known_path_mtu(next_hop, config.now);
	return path_mtu < mtu ? path_mtu : mtu;
}

/* Where a datagram is sent: what is forwarded to its real server, an answer to its destination. */
static void note_destination(const struct frame *frame, const struct iphdr *ip, __u32 i)
{
	bool is_forwarded = frame->verdict <= VERDICT_TUNNEL_REDIRECT;

	batch.addresses[i] = bpf_ntohl(is_forwarded ? ipv4_in(&frame->next_hop->rip) : ip->daddr);
	if (is_forwarded)
		batch.mtus[i] = mtu_of(frame, ip);
}

/*
 * Decides datagrams [first, count) of the batch, which begin with their IP header, that came in by
 * an interface. The program wants frames: so there is room for an Ethernet header before each.
 */
void decide_datagrams(__u32 first, __u32 count, __u32 ifindex)
{
	struct frame frame;
	int action;

	for (__u32 i = first; i < count; i++) {
		current = i;
		write_ethernet((void *)(batch.offsets[i] - ETH_HLEN));
		action = decide_packet(&frame, i, batch.offsets[i] - ETH_HLEN, ifindex);
		batch.offsets[i] = (__u32)frame.start + ETH_HLEN;
		batch.lengths[i] = (__u32)frame.end - batch.offsets[i];
		if (action == XDP_TX || action == XDP_REDIRECT)
			note_destination(&frame, (void *)batch.offsets[i], i);
	}
}
