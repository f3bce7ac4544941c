/* SPDX-License-Identifier: MIT */
/*
 * What a descriptor is. A netlink socket that has been given a message for IPVS is exchanged for a
 * Unix socket to the director, under the same number. What there is to know about it stands in the
 * abstract name that this socket is bound to, and so in the kernel: every copy of the descriptor
 * has it, in every thread and process, after fork() and exec() too, and close() forgets it.
 */
#ifndef XLVS_ENDPOINT_H
#define XLVS_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

enum endpoint_kind {
	ENDPOINT_OTHER,
	ENDPOINT_GENERIC, /* a socket of NETLINK_GENERIC, the kernel's */
	ENDPOINT_IPVS,	  /* exchanged: the director's */
};

struct endpoint {
	enum endpoint_kind kind;
	uint32_t port_id;    /* as the netlink socket was bound: nl_pid */
	uint64_t connection; /* tells one connection from all others */
};

bool endpoint_may_exist(void);
struct endpoint endpoint_of(int fd);
int endpoint_exchange(int fd, int replacement, uint32_t port_id, struct endpoint *endpoint);
int endpoint_restore(int fd, const struct endpoint *endpoint);

#endif
