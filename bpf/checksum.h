/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Internet checksums (RFC 1071, RFC 1624). Sums are of 16-bit words in wire order. */
#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <linux/ip.h>
#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include "platform.h"

static __always_inline __u16 csum_fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Of a sum of 32-bit words, fewer than 2^16 of them: 2^16 is 1 in this arithmetic. */
static __always_inline __u16 csum_fold_words(__u64 sum)
{
	return csum_fold((sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32));
}

/* Sum of the first 20 bytes of an IPv4 header. */
static __always_inline __u32 ip_header_sum(const struct iphdr *ip)
{
	const __u16 *words = (const __u16 *)ip;
	__u32 sum = 0;

#pragma unroll
	for (int i = 0; i < 10; i++)
		sum += words[i];
	return sum;
}

/* One less, as ip_decrease_ttl() of include/net/ip.h: the checksum is adjusted, not made anew. */
static __always_inline void decrement_ttl(struct iphdr *ip)
{
	__u32 check = ip->check + bpf_htons(0x0100);

	ip->check = check + (check >= 0xffff);
	ip->ttl--;
}

#endif
