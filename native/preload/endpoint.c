/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "endpoint.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "descriptor.h"
#include "director.h"
#include "inherited.h"
#include "real.h"

/* Behind the zero that makes it abstract: this, the port id and a number, in hex digits. */
static const char prefix[] = "xlvs-ipvs-";
#define PREFIX_LENGTH (sizeof(prefix) - 1)
#define PORT_DIGITS   8
#define NUMBER_DIGITS 16
#define NAME_LENGTH   (1 + PREFIX_LENGTH + PORT_DIGITS + NUMBER_DIGITS)

/* printf() may not be called from a signal handler, and send() may. */
static void put_hex(char *to, uint64_t value, int digits)
{
	for (int i = digits - 1; i >= 0; i--, value >>= 4)
		to[i] = "0123456789abcdef"[value & 15];
}

static uint64_t get_hex(const char *from, int digits)
{
	uint64_t value = 0;

	for (int i = 0; i < digits; i++)
		value = value << 4 | (from[i] <= '9' ? from[i] - '0' : from[i] - 'a' + 10);
	return value;
}

union address {
	struct sockaddr any;
	struct sockaddr_un local;
	struct sockaddr_nl netlink;
};

static bool is_generic(int fd)
{
	int protocol;
	socklen_t length = sizeof(protocol);

	return REAL(getsockopt)(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 &&
	       protocol == NETLINK_GENERIC;
}

/* What a descriptor is; ENDPOINT_OTHER also if it is none. Leaves errno as it was. */
struct endpoint endpoint_of(int fd)
{
	struct endpoint endpoint = {.kind = ENDPOINT_OTHER};
	union address address = {0};
	socklen_t length = sizeof(address);
	const char *name = address.local.sun_path;
	const int error = errno;

	if (REAL(getsockname)(fd, &address.any, &length)) {
		errno = error;
		return endpoint;
	}
	if (address.any.sa_family == AF_NETLINK && is_generic(fd)) {
		endpoint.kind = ENDPOINT_GENERIC;
		endpoint.port_id = address.netlink.nl_pid;
	} else if (address.any.sa_family == AF_UNIX &&
		   length == offsetof(struct sockaddr_un, sun_path) + NAME_LENGTH &&
		   name[0] == '\0' && memcmp(name + 1, prefix, PREFIX_LENGTH) == 0) {
		name += 1 + PREFIX_LENGTH;
		endpoint.kind = ENDPOINT_IPVS;
		endpoint.port_id = get_hex(name, PORT_DIGITS);
		endpoint.connection = get_hex(name + PORT_DIGITS, NUMBER_DIGITS);
	}
	errno = error;
	return endpoint;
}

/*
 * Whether this process may have a descriptor that is the director's. In most it is false, which
 * spares them a system call for each read().
 */
bool endpoint_may_exist(void)
{
	return inherited_endpoint();
}

/* Binds a socket to a name that nobody has yet. 0 or -errno. */
static int give_name(int fd, uint32_t port_id, uint64_t *number)
{
	static uint64_t last;
	union address address = {.local.sun_family = AF_UNIX};
	char *name = address.local.sun_path + 1;

	memcpy(name, prefix, PREFIX_LENGTH);
	put_hex(name + PREFIX_LENGTH, port_id, PORT_DIGITS);
	do {
		/* Process and count: after a fork both halves go on from the same count. */
		*number = (uint64_t)getpid() << 32 |
			  (uint32_t)__atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
		put_hex(name + PREFIX_LENGTH + PORT_DIGITS, *number, NUMBER_DIGITS);
		if (REAL(bind)(fd, &address.any,
			       offsetof(struct sockaddr_un, sun_path) + NAME_LENGTH) == 0)
			return 0;
	} while (errno == EADDRINUSE);
	return -errno;
}

/*
 * Puts a Unix socket in the place of a descriptor: of a netlink socket, or of a connection that has
 * ended. It is closed under its old number, whatever happens. 0 or -errno.
 */
int endpoint_exchange(int fd, int replacement, uint32_t port_id, struct endpoint *endpoint)
{
	uint64_t number;
	int error = give_name(replacement, port_id, &number);

	if (!error) {
		inherited_note();
		error = descriptor_replace(fd, replacement);
	}
	close(replacement);
	if (!error) {
		endpoint->kind = ENDPOINT_IPVS;
		endpoint->port_id = port_id;
		endpoint->connection = number;
	}
	return error;
}

/* Makes it a netlink socket again, with the port id that it had if nobody else has it now. 0 or
 * -errno. */
int endpoint_restore(int fd, const struct endpoint *endpoint)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK, .nl_pid = endpoint->port_id};
	int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	int error;

	if (netlink < 0)
		return -errno;
	if (REAL(bind)(netlink, (struct sockaddr *)&address, sizeof(address)) &&
	    errno == EADDRINUSE) {
		address.nl_pid = 0;
		REAL(bind)(netlink, (struct sockaddr *)&address, sizeof(address));
	}
	error = descriptor_replace(fd, netlink);
	close(netlink);
	return error;
}
