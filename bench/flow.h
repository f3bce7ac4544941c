/* SPDX-License-Identifier: GPL-2.0-only */
/* Which packet belongs to which flow: bench/traffic.ts reckons the same. */
#ifndef FLOW_H
#define FLOW_H

#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* Flow i comes from address FIRST_CLIENT + i / 2^PORT_BITS, port 2^PORT_BITS + i % 2^PORT_BITS. */
#define FIRST_CLIENT 0x0a000000
#define PORT_BITS    15
/* Spreads flows over services (Knuth's multiplicative hash). */
#define SPREAD 2654435761U

static __always_inline __be32 flow_address(__u32 flow)
{
	return bpf_htonl(FIRST_CLIENT + (flow >> PORT_BITS));
}

static __always_inline __be16 flow_port(__u32 flow)
{
	return bpf_htons(1 << PORT_BITS | (flow & ((1 << PORT_BITS) - 1)));
}

/* Below n_services. */
static __always_inline __u32 flow_service(__u32 flow, __u32 n_services)
{
	return (__u64)(__u32)(flow * SPREAD) * n_services >> 32;
}

/* A checksum after words that were 0 have become what adds up to `sum`. */
static __always_inline __u16 checksum_with(__u16 check, __u32 sum)
{
	sum += (__u16)~check;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline __u32 halves(__be32 address)
{
	return (address & 0xffff) + (address >> 16);
}

#endif
