/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Every struct and enum that userspace sees, and nothing else: the TypeScript codecs
 * (src/dataplane/tables/layout.gen.ts) are generated from this file through BTF.
 *
 * Rules, so that the generator and two compilers agree: fixed-width types, padding written out,
 * __be16/__be32 on every field in wire order (everything else is host order), no unions, no
 * bit-fields, and a size assertion behind every struct.
 */
#ifndef TYPES_H
#define TYPES_H

#include <stddef.h>
#include <linux/types.h>

/*
 * What happened to a packet. Each packet gets exactly one; finish() turns it into an XDP action and
 * a counter. The names, in lower case and without the prefix, are the names that
 * `xlvs status` and the metrics show.
 */
enum verdict {
	/* Not ours: to the kernel, untouched. */
	VERDICT_PASS_NOT_IPV4,
	VERDICT_PASS_NOT_L4,
	VERDICT_PASS_OTHER_HOST,
	VERDICT_PASS_NO_SERVICE,
	VERDICT_PASS_NO_CONN,
	VERDICT_PASS_ICMP,
	VERDICT_PASS_FRAGMENT,
	VERDICT_PASS_LOCAL,
	VERDICT_PASS_MARTIAN,
	/* Malformed: to the kernel as well, whose own parsers drop and count them. */
	VERDICT_MALFORMED_ETHERNET,
	VERDICT_MALFORMED_IPV4,
	VERDICT_MALFORMED_L4,
	VERDICT_MALFORMED_CHECKSUM,
	/* Forwarded to a real server. */
	VERDICT_ROUTE_TX,
	VERDICT_ROUTE_REDIRECT,
	VERDICT_TUNNEL_TX,
	VERDICT_TUNNEL_REDIRECT,
	/* Answered with an ICMP error, sent back where the packet came from. */
	VERDICT_ICMP_PORT_UNREACHABLE,
	VERDICT_ICMP_TIME_EXCEEDED,
	VERDICT_ICMP_FRAG_NEEDED,
	/* An ICMP error about a tunnel, made one for the client. */
	VERDICT_ICMP_TUNNEL_ERROR,
	/* Dropped. */
	VERDICT_DROP_NO_SERVER,
	VERDICT_DROP_TTL,
	VERDICT_DROP_TOO_BIG,
	VERDICT_DROP_FRAGMENT,
	VERDICT_DROP_SERVER_REMOVED,
	VERDICT_DROP_UNRESOLVED,
	VERDICT_DROP_TABLE_FULL,
	VERDICT_DROP_SHARE,
	VERDICT_DROP_CONTENDED,
	VERDICT_DROP_NO_HEADROOM,
	VERDICT_DROP_TUNNEL_ERROR,
	/* The program of a stage was not there: nobody holds it any more. */
	VERDICT_DROP_NO_STAGE,
	/* The packet path ended in a trap, of WebAssembly: a fault of xlvs. */
	VERDICT_DROP_FAULT,
	VERDICT_COUNT,
};

/* How packets reach a real server; the values are IPVS's (IP_VS_CONN_F_*, linux/ip_vs.h). */
enum forward {
	FWD_MASQ = 0,
	FWD_LOCAL = 1,
	FWD_TUNNEL = 2,
	FWD_ROUTE = 3,
};

/*
 * States of a connection, in the order of IPVS's IP_VS_TCP_S_* (net/ip_vs.h), then UDP's only one.
 * They index config.timeout_ticks.
 */
enum conn_state {
	STATE_NONE,
	STATE_ESTABLISHED,
	STATE_SYN_SENT,
	STATE_SYN_RECV,
	STATE_FIN_WAIT,
	STATE_TIME_WAIT,
	STATE_CLOSE,
	STATE_CLOSE_WAIT,
	STATE_LAST_ACK,
	STATE_LISTEN,
	STATE_SYNACK,
	STATE_UDP,
	STATE_COUNT,
};

/* Of packets; the values are those of AF_* (linux/socket.h). */
enum family {
	FAMILY_IPV4 = 2,
	FAMILY_IPV6 = 10,
};

/* The pickers of pick.h. A scheduler's plan names one (src/scheduler). */
enum picker {
	PICK_SEQUENCE,
	PICK_LEAST,
};

/* Bits of real_server.flags. */
enum server_flag {
	/* In its service's list. A removed server keeps its slot while connections name it. */
	SERVER_AVAILABLE = 1,
	/* The slot is in use: available, or removed and still named by connections. */
	SERVER_PRESENT = 2,
	/*
	 * Gone for good: its service's traffic_base.added is to be what its own says, or is so
	 * already, and the slot is to be freed. Lasts only if the daemon dies at this moment.
	 */
	SERVER_FOLDED = 4,
};

/* Numbers that both sides need: an enum, because BTF knows no macros. */
enum shared_constant {
	/*
	 * Of these structs. It rises when one of them changes its size or the meaning of what is in
	 * it; taking padding into use, for what may be 0, and adding a table that may begin with
	 * zeros do not.
	 */
	LAYOUT_VERSION = 2,
	/* Bits of conn.control: enum held; and that the client has gone on with the connection,
	 * which then gives way to no other. */
	CONN_HELD = 3,
	CONN_ASSURED = 4,
	/* Slots of a set of the connection table. */
	SET_SLOTS = 8,
	/* Shift from CLOCK_MONOTONIC in ns to ticks, of 67 ms. */
	TICK_SHIFT = 26,
	/*
	 * Ticks, of which there are 15 a second, that a connection may last beyond its timeout:
	 * while its packets come and its state stays, it is written to in one tick and not in as
	 * many after.
	 */
	ARM_SLACK = 4,
	/* Room for every enum conn_state; a power of two, so that an index is masked, not tested.
	 */
	STATE_SLOTS = 16,
	/* Room for every enum verdict, a power of two likewise. */
	VERDICT_SLOTS = 64,
	/* Entries of a plan that PICK_LEAST reads at once. */
	PLAN_BLOCK = 8,
	/* Room for hardware addresses of the director: its interfaces' and macvlans' on them. */
	OWN_MACS = 8,
	/* The longest scheduler name and its NUL, as in IPVS (IP_VS_SCHEDNAME_MAXLEN). */
	SCHEDULER_NAME_SIZE = 16,
	/* ICMP errors per CPU and tick: about the kernel's icmp_msgs_per_sec of 1000. */
	ICMP_PER_TICK = 67,
	/* Packets of a batch, and free bytes before each: for Ethernet, and an outer or ICMP
	   header. */
	BATCH_SIZE = 64,
	BATCH_HEADROOM = 64,
};

/*
 * An IPv6 address, in wire order. An IPv4 address is mapped into one: 0, 0, 0xffff and the address
 * (RFC 4291, section 2.5.5.2).
 */
struct ip_addr {
	__be32 words[4];
};
_Static_assert(sizeof(struct ip_addr) == 16, "no padding");

/*
 * One IPv4 connection in one half of a cache line.
 *
 * addresses and ports are the identity: they change only while the slot is free, and a reader that
 * sees the same addresses before and after it read ports has a consistent pair. control is
 * everything that changes in the entry's life and is changed by compare-and-exchange as a whole:
 * so an expiry, a state and the count that goes with the state can never disagree. It is 0 in a
 * slot that was never used.
 */
struct conn {
	__be32 cip;
	__be32 vip;
	__be16 cport;
	__be16 vport;
	/* Protocol (bits 31..24) and index of the real server (bits 23..0): published together. */
	__u32 owner;
	/* Tick at which it expires (bits 63..32), generation (31..16), state (15..8), assured (bit
	 * 2), held (1..0). */
	__u64 control;
	/* enum forward, as it was when the connection was made: it does not change with its
	 * server's. */
	__u8 forward;
	/* Room for flags (3 bytes), and for the index of a persistence template (4). */
	__u8 pad[7];
};
_Static_assert(sizeof(struct conn) == 32, "two connections a cache line");

/* What a connection holds of its real server's counts (bits 1..0 of conn.control). */
enum held {
	HELD_NOTHING = 0,
	HELD_ACTIVE = 1,
	HELD_INACTIVE = 2,
	/* Being filled by the CPU that took it. */
	HELD_CLAIMED = 3,
};

/* A set of the connection table: what one hash of a tuple chooses. */
struct conn_set {
	struct conn slots[SET_SLOTS];
};
_Static_assert(sizeof(struct conn_set) == 32 * SET_SLOTS, "no padding");

/* One IPv6 connection in a cache line; the fields are those of struct conn. */
struct conn6 {
	struct ip_addr cip;
	struct ip_addr vip;
	__be16 cport;
	__be16 vport;
	__u32 owner;
	__u64 control;
	__u8 forward;
	/* Room as in struct conn, and for the flow label. */
	__u8 pad[15];
};
_Static_assert(sizeof(struct conn6) == 64, "a connection a cache line");

struct conn_set6 {
	struct conn6 slots[SET_SLOTS];
};
_Static_assert(sizeof(struct conn_set6) == 64 * SET_SLOTS, "no padding");

/* Key of a virtual service. */
struct service_key {
	struct ip_addr vip;
	__be16 vport;
	__u8 protocol;
	/* enum family */
	__u8 family;
	/* Firewall mark, or 0. A service by mark has neither address, port nor protocol. */
	__u32 mark;
};
_Static_assert(sizeof(struct service_key) == 24, "hashed as a whole: no padding left to chance");

/*
 * A virtual service. Replaced as a whole, so a packet sees the old plan or the new one.
 */
struct service {
	/* Index into service_base, stable while the service exists. */
	__u32 id;
	/* Index into plans. */
	__u32 plan;
	char scheduler[SCHEDULER_NAME_SIZE];
	/* Room for flags of the service and of its scheduler, persistence, and a share of the
	 * connection table. */
	__u8 pad[40];
};
_Static_assert(sizeof(struct service) == 64, "one cache line");

/*
 * What a scheduler decided, for one service. cursor is the only field that packets write.
 *
 * PICK_SEQUENCE: pick k is position k mod length of the sequence that the segments spell out.
 * PICK_LEAST: the entries in the order in which ties are broken; no segments.
 * An empty plan (n_entries 0) has no server to offer.
 */
struct plan {
	/* Next position of the sequence (not yet taken modulo length). */
	__u64 cursor;
	/* The value that cursor had when the plan was installed: cursor - start picks were made. */
	__u64 start;
	/* Picks in a whole round of the sequence. */
	__u64 length;
	__u32 picker;
	/* Index of its first entry, which begins a block, and how many they are. */
	__u32 first_entry;
	__u32 n_entries;
	__u32 first_segment;
	__u32 n_segments;
	/* Servers left out because no way to them is known: new connections wait for them. */
	__u32 n_unresolved;
	__u32 pad[4];
};
_Static_assert(sizeof(struct plan) == 64,
	       "one cache line: cursors of two services never share one");

/* A server that a plan can pick. */
struct plan_entry {
	/* Index into real_servers. */
	__u32 server;
	/* Weight as the picker's cost rule wants it (lc: 1). At least 1. */
	__u32 weight;
};
_Static_assert(sizeof(struct plan_entry) == 8, "no padding");

/* Entry i is in block i / PLAN_BLOCK. */
struct plan_block {
	struct plan_entry entries[PLAN_BLOCK];
};
_Static_assert(sizeof(struct plan_block) == 64, "one cache line");

/*
 * A part of a sequence in which the same servers recur: n_entries servers, repeated until the next
 * segment starts. rr is one segment; wrr has one for each distinct weight.
 */
struct plan_segment {
	/* Position in the sequence at which the segment begins; the first segment begins at 0. */
	__u64 start;
	/* Index into plan_entries, and how many of them. */
	__u32 first_entry;
	__u32 n_entries;
};
_Static_assert(sizeof(struct plan_segment) == 16, "no padding");

/* A real server of one service. Its index is what connections and plans name. */
struct real_server {
	struct ip_addr rip;
	__be16 rport;
	/* enum forward */
	__u8 forward;
	/* enum server_flag bits */
	__u8 flags;
	__s32 weight;
	/* Rises with every server added: the list of a service is ordered by it, newest first. */
	__u32 order;
	/* Room for the upper and lower thresholds of connections, and the kind, flags and port of a
	 * tunnel. */
	__u8 pad[12];
	/*
	 * The service it belongs to, or did: a server that comes back to a service of the same key,
	 * even a new one, gets its connections back.
	 */
	struct service_key service;
};
_Static_assert(sizeof(struct real_server) == 64, "one cache line");

/* Connections that a real server has, by IPVS's division (notes at is_active in conn_state.h). */
struct server_counts {
	__u32 active;
	__u32 inactive;
};
_Static_assert(sizeof(struct server_counts) == 8, "no padding");

/*
 * Assured connections of one service, which give way to no others: those of its servers, removed
 * ones included, and of the service of the same key that comes after it. Entry 0 is of servers that
 * belong to none, and is never over its share.
 */
struct service_share {
	__u32 assured;
};
_Static_assert(sizeof(struct service_share) == 4, "no padding");

/* Which service_share a real server's connections count for, by the server's index. */
struct server_share {
	__u32 share;
};
_Static_assert(sizeof(struct server_share) == 4, "no padding");

/* Connections in the table, as some CPUs count them: only the sums of all say something, modulo
 * 2^32. */
struct conn_counts {
	__u32 all;
	__u32 assured;
	__u32 pad[14];
};
_Static_assert(sizeof(struct conn_counts) == 64, "CPUs do not share a cache line");

/* Traffic from clients to one real server. Bytes are IP total lengths. */
struct traffic {
	__u64 conns;
	__u64 packets;
	__u64 bytes;
};
_Static_assert(sizeof(struct traffic) == 24, "no padding");

/*
 * A real server on one CPU: what packets count, and what they need to know of it for that. In one
 * place, since of many servers each is another cache line.
 */
struct server_lane {
	struct traffic traffic;
	/* Index into next_hops: one for each address. */
	__u32 next_hop;
	/* 1: SERVER_AVAILABLE. */
	__u32 available;
};
_Static_assert(sizeof(struct server_lane) == 32,
	       "two a cache line: replies are counted in a table of their own");

/*
 * What userspace adds to the traffic of a real server or a service, and takes off it, to
 * show IPVS's figures. Written by the daemon alone; in a map so that it outlives the daemon.
 */
struct traffic_base {
	/*
	 * Services: the traffic of real servers that are gone for good. Real servers: with
	 * SERVER_FOLDED, what their service's is to be.
	 */
	struct traffic added;
	/* What it was when it was last zeroed (-Z). */
	struct traffic zero;
	/* Room for packets and bytes of replies in both. */
	__u8 pad[32];
};
_Static_assert(sizeof(struct traffic_base) == 80, "no padding");

/* The way to one address, as routing and the neighbour table give it. */
struct hop {
	/* Interface to send on. 0: no way known (yet). */
	__u32 ifindex;
	/* Largest IP packet that fits, in bytes. */
	__u32 mtu;
	__u8 destination_mac[6];
	__u8 source_mac[6];
	/* Room for a VLAN tag. */
	__u8 pad[4];
};
_Static_assert(sizeof(struct hop) == 24, "no padding");

/* Written twice and flipped, so that no packet sees half of a new way. */
struct next_hop {
	struct hop hops[2];
	/* Index into hops and saddrs of those in force. */
	__u32 current;
	/* 1: rip is an address; the entry is in use. */
	__u32 used;
	/* 1: the address is the director's own (IPVS's forwarding method Local). */
	__u32 local;
	/*
	 * What packets learned from ICMP: the largest packet that reaches the address (bits 15..0)
	 * and when that is forgotten (31..16), see path_mtu.h. 0: nothing.
	 */
	__u32 path_mtu;
	/* Address that this entry leads to. From here on only tunnels read. */
	struct ip_addr rip;
	/* Sources of the outer header. */
	struct ip_addr saddrs[2];
	__u8 pad[16];
};
_Static_assert(offsetof(struct next_hop, rip) == 64, "a routed packet reads one cache line");
_Static_assert(sizeof(struct next_hop) == 128, "two cache lines");

/* The packets of one CPU. */
struct cpu_verdicts {
	/* By enum verdict. */
	__u64 packets[VERDICT_COUNT];
	/* As far as a masked index reaches, so that no counter shares a cache line with one of the
	 * next CPU; and the size tells a build with other verdicts. */
	__u64 pad[VERDICT_SLOTS];
};
_Static_assert(sizeof(struct cpu_verdicts) == 8 * (VERDICT_COUNT + VERDICT_SLOTS), "no padding");

/* Settings that packets read. One entry. */
struct config {
	/* Key of the hash of the connection table, drawn once for the life of the table. */
	__u64 hash_seed[2];
	/* Number of sets of the connection table, less one; the number is a power of two. */
	__u32 set_mask;
	/* Entries of own_macs in use. */
	__u32 n_own_macs;
	/*
	 * Tick until which own_macs is good. After it every frame is the director's: with the
	 * daemon dead nobody would notice that an interface has a new address.
	 */
	__u32 own_macs_until;
	/* The present tick: the clock of packets, kept by the sweeper (clock.h). */
	__u32 now;
	/* By enum conn_state, in ticks. */
	__u32 timeout_ticks[STATE_SLOTS];
	/* LAYOUT_VERSION of the build that made the tables. */
	__u32 layout_version;
	/* Assured connections, as the sweeper has added them up last. */
	__u32 assured;
	/* From so many of them on the table is nearly full: a service that has share_limit of them
	 * or more gets no more. */
	__u32 nearly_full;
	__u32 share_limit;
	/* As set_mask, of the table of IPv6 connections. */
	__u32 set_mask6;
	__u8 pad[12];
	/*
	 * Hardware addresses that frames for the director have: 6 bytes, the first the lowest. None
	 * is of a group. Only the first n_own_macs count, or, if there are none, any address.
	 */
	__u64 own_macs[OWN_MACS];
};
_Static_assert(sizeof(struct config) == 192, "no padding");

/*
 * Packets in memory of a WebAssembly module, and what became of them (director.wasm.c). Offsets are
 * positions in that memory.
 */
struct batch {
	/* Where each begins, with BATCH_HEADROOM free bytes before, and how long it is. */
	__u32 offsets[BATCH_SIZE];
	__u32 lengths[BATCH_SIZE];
	/* Bytes that have to fit the way in one piece: what is longer is cut by whoever sends it.
	 */
	__u32 must_fit[BATCH_SIZE];
	/* enum verdict. */
	__u32 verdicts[BATCH_SIZE];
	/* Of a datagram that is sent: to which IPv4 address (host order), and as how many bytes at
	 * most. */
	__u32 addresses[BATCH_SIZE];
	__u32 mtus[BATCH_SIZE];
};
_Static_assert(sizeof(struct batch) == 6 * 4 * BATCH_SIZE, "no padding");

/* Events of the connection table, per CPU. */
struct table_stats {
	/* Connections, not yet assured, that gave way to new ones. */
	__u64 evicted;
	/* Connections taken off at their expiry. */
	__u64 expired;
};
_Static_assert(sizeof(struct table_stats) == 16, "no padding");

#endif
