/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Virtual services: which tuple is ours. */
#ifndef SERVICE_H
#define SERVICE_H

#include "ip_addr.h"
#include "maps.h"
#include "parse.h"

static __always_inline struct service *find_service(const struct tuple *t)
{
	struct service_key key = {
	    .vip = mapped(tuple_vip(t)),
	    .vport = tuple_vport(t),
	    .protocol = tuple_protocol(t),
	    .family = FAMILY_IPV4,
	};

	return bpf_map_lookup_elem(&services, &key);
}

static __always_inline bool is_vip(__be32 ipv4)
{
	struct ip_addr address = mapped(ipv4);

	return bpf_map_lookup_elem(&vips, &address) != NULL;
}

#endif
