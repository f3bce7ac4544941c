/* SPDX-License-Identifier: MIT */
/* The calls that ask what a socket is, and those by which IPVS was controlled before netlink. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "endpoint.h"
#include "real.h"

/*
 * A client that finds no netlink family tries the socket options of IPVS (ipvsadm does). Where the
 * kernel has IPVS, these would reach it: it is not to be configured by accident, so the answer is
 * that of a kernel without it.
 */
static bool is_ipvs_option(int level, int option)
{
	return level == SOL_IP && option >= IP_VS_BASE_CTL && option <= IP_VS_SO_SET_MAX;
}

static bool is_directors(int fd, struct endpoint *endpoint)
{
	if (!endpoint_may_exist())
		return false;
	*endpoint = endpoint_of(fd);
	return endpoint->kind == ENDPOINT_IPVS;
}

static int fails(int error)
{
	errno = error;
	return -1;
}

INTERPOSED int getsockname(int fd, struct sockaddr *address, socklen_t *length)
{
	struct sockaddr_nl netlink = {.nl_family = AF_NETLINK};
	struct endpoint endpoint;

	if (!address || !length || !is_directors(fd, &endpoint))
		return REAL(getsockname)(fd, address, length);
	netlink.nl_pid = endpoint.port_id;
	memcpy(address, &netlink, *length < sizeof(netlink) ? *length : sizeof(netlink));
	*length = sizeof(netlink);
	return 0;
}

/* As netlink_bind(): the port id cannot change once there is one. */
INTERPOSED int bind(int fd, const struct sockaddr *address, socklen_t length)
{
	const struct sockaddr_nl *netlink = (const void *)address;
	struct endpoint endpoint;

	if (!address || !is_directors(fd, &endpoint))
		return REAL(bind)(fd, address, length);
	if (length < sizeof(*netlink) || netlink->nl_family != AF_NETLINK ||
	    (netlink->nl_pid && netlink->nl_pid != endpoint.port_id))
		return fails(EINVAL);
	return 0;
}

/* As netlink_connect(): to the kernel, or to nobody again. */
INTERPOSED int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	const struct sockaddr_nl *netlink = (const void *)address;
	struct endpoint endpoint;

	if (!address || !is_directors(fd, &endpoint))
		return REAL(connect)(fd, address, length);
	if (length >= sizeof(address->sa_family) && address->sa_family == AF_UNSPEC)
		return 0;
	if (length < sizeof(*netlink) || netlink->nl_family != AF_NETLINK)
		return fails(EINVAL);
	return netlink->nl_pid || netlink->nl_groups ? fails(EPERM) : 0;
}

/* What a netlink socket says of itself. False for options that all sockets have alike. */
static bool netlink_option(int level, int option, int *value)
{
	if (level == SOL_NETLINK) {
		*value = 0;
		return true;
	}
	if (level != SOL_SOCKET)
		return false;
	switch (option) {
	case SO_DOMAIN:
		*value = AF_NETLINK;
		return true;
	case SO_PROTOCOL:
		*value = NETLINK_GENERIC;
		return true;
	case SO_TYPE:
		*value = SOCK_RAW;
		return true;
	default:
		return false;
	}
}

INTERPOSED int getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
	struct endpoint endpoint;
	int found;

	if (is_ipvs_option(level, option))
		return fails(ENOPROTOOPT);
	if (!value || !length || !is_directors(fd, &endpoint) ||
	    !netlink_option(level, option, &found))
		return REAL(getsockopt)(fd, level, option, value, length);
	if (*length > sizeof(found))
		*length = sizeof(found);
	memcpy(value, &found, *length);
	return 0;
}

/* Options of netlink change nothing: the director sends what a socket without them gets. */
INTERPOSED int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
	struct endpoint endpoint;

	if (is_ipvs_option(level, option))
		return fails(ENOPROTOOPT);
	if (level == SOL_NETLINK && is_directors(fd, &endpoint))
		return 0;
	return REAL(setsockopt)(fd, level, option, value, length);
}
