/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Whose packet it is: addresses, ports and protocol. Knows no maps. */
#ifndef TUPLE_H
#define TUPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/ip.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>

/*
 * Identity of a connection, seen from the client, in the words that struct conn has it in, and that
 * a packet's headers give in one load each.
 */
struct tuple {
	/* cip (bits 31..0) and vip (63..32), each in wire order. */
	__u64 addresses;
	/* cport (bits 15..0) and vport (31..16), each in wire order; protocol (63..56). */
	__u64 identity;
};
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "bits as in the words of a packet");

static __always_inline __be32 tuple_cip(const struct tuple *t)
{
	return t->addresses;
}

static __always_inline __be32 tuple_vip(const struct tuple *t)
{
	return t->addresses >> 32;
}

static __always_inline __be16 tuple_cport(const struct tuple *t)
{
	return t->identity;
}

static __always_inline __be16 tuple_vport(const struct tuple *t)
{
	return t->identity >> 16;
}

/* Of tuple.identity. */
static __always_inline __u8 protocol_in(__u64 identity)
{
	return identity >> 56;
}

static __always_inline __u8 tuple_protocol(const struct tuple *t)
{
	return protocol_in(t->identity);
}

static __always_inline __u64 tuple_addresses(const struct iphdr *ip)
{
	const __u64 *both = (const void *)&ip->saddr;

	_Static_assert(offsetof(struct iphdr, daddr) == offsetof(struct iphdr, saddr) + 4,
		       "in the order of the tuple");
	return *both;
}

/* ports: of TCP or UDP, the source's first. */
static __always_inline __u64 tuple_identity(__u8 protocol, const void *ports)
{
	const __u32 *both = ports;

	return (__u64)protocol << 56 | *both;
}

/* With source and destination swapped. */
static __always_inline struct tuple reversed(struct tuple t)
{
	__u32 ports = t.identity;

	return (struct tuple){
	    .addresses = t.addresses << 32 | t.addresses >> 32,
	    .identity = (t.identity >> 32 << 32) | (__u32)(ports << 16 | ports >> 16),
	};
}

/*
 * Whether a packet cannot have come from where it says, as ip_route_input_slow() sees it before
 * IPVS does: from an address that is not one host's, or from its own destination. 0/8 but for
 * 0.0.0.0 is unicast since Linux 5.3. What is not scheduled is not answered with an ICMP error
 * either.
 */
static __always_inline bool is_martian(const struct tuple *tuple)
{
	__be32 cip = tuple_cip(tuple);
	__u8 first = bpf_ntohl(cip) >> 24;

	return !cip || first == 127 || first >= 224 || cip == tuple_vip(tuple);
}

#endif
