/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* IPv4 addresses in struct ip_addr. Knows no maps. */
#ifndef IP_ADDR_H
#define IP_ADDR_H

#include <bpf/bpf_endian.h>
#include "types.h"

static __always_inline struct ip_addr mapped(__be32 ipv4)
{
	return (struct ip_addr){{0, 0, bpf_htonl(0xffff), ipv4}};
}

/* The IPv4 address that is mapped into it. */
static __always_inline __be32 ipv4_in(const struct ip_addr *address)
{
	return address->words[3];
}

#endif
