/* SPDX-License-Identifier: MIT */
/* The calls by which programs send. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "endpoint.h"
#include "exchange.h"
#include "message.h"
#include "real.h"
#include "turn.h"
#include "vocabulary.h"

/* For another process or for a group: not for the kernel. */
static bool is_addressed_elsewhere(const struct sockaddr *address, socklen_t length)
{
	const struct sockaddr_nl *netlink = (const void *)address;

	return address && length >= sizeof(*netlink) && netlink->nl_family == AF_NETLINK &&
	       (netlink->nl_pid || netlink->nl_groups);
}

/* An unbound socket gets its port id with its first message, as netlink_sendmsg() does it. */
static void bind_if_unbound(int fd, struct endpoint *endpoint)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};

	if (endpoint->kind != ENDPOINT_GENERIC || endpoint->port_id)
		return;
	REAL(bind)(fd, (struct sockaddr *)&address, sizeof(address));
	*endpoint = endpoint_of(fd);
}

/* Returns true with 0 or -errno if that was all, false if it is the kernel's now. */
static bool handle(int fd, const struct msghdr *message, int *error)
{
	struct endpoint endpoint = endpoint_of(fd);
	struct request request;
	enum recipient recipient;

	*error = 0;
	if (endpoint.kind == ENDPOINT_OTHER)
		return false;
	request.length =
	    iov_gather(message->msg_iov, message->msg_iovlen, request.bytes, REQUEST_MAX);
	recipient = recipient_of(&request);
	/* Longer than all that IPVS is asked: what of it was gathered is no request. */
	if (iov_length(message->msg_iov, message->msg_iovlen) > REQUEST_MAX) {
		if (request.header.nlmsg_type == IPVS_FAMILY_ID) {
			*error = -EMSGSIZE;
			return true;
		}
		recipient = RECIPIENT_OTHER;
	}
	if (is_addressed_elsewhere(message->msg_name, message->msg_namelen))
		recipient = RECIPIENT_OTHER;
	if (recipient == RECIPIENT_IPVS) {
		bind_if_unbound(fd, &endpoint);
		*error = exchange_send(fd, &endpoint, &request);
		return true;
	}
	if (endpoint.kind == ENDPOINT_GENERIC)
		return false;
	if (recipient == RECIPIENT_OTHER)
		*error = endpoint_restore(fd, &endpoint);
	return recipient == RECIPIENT_NONE || *error;
}

/*
 * Sends to the director what is for it; returns false for all else, which is the kernel's. What the
 * descriptor is comes first. Of other descriptors the program's memory is not touched, where a bad
 * address is EFAULT, and the turn is not taken, for which a signal handler would wait that
 * interrupts who has it.
 */
static bool to_director(int fd, const struct msghdr *message, ssize_t *result)
{
	const int before = errno;
	size_t length;
	bool is_handled;
	int error;

	if (endpoint_of(fd).kind == ENDPOINT_OTHER)
		return false;
	if (!may_be_ipvs(message->msg_iov, message->msg_iovlen) && !endpoint_may_exist())
		return false;
	error = -turn_take();
	if (error) {
		is_handled = true;
	} else {
		is_handled = handle(fd, message, &error);
		turn_give();
	}
	errno = error ? -error : before;
	length = iov_length(message->msg_iov, message->msg_iovlen);
	*result = error ? -1 : (ssize_t)length;
	return is_handled;
}

static bool bytes_to_director(int fd, const void *data, size_t length,
			      const struct sockaddr *address, socklen_t address_length,
			      ssize_t *result)
{
	struct iovec iov = {.iov_base = (void *)data, .iov_len = length};
	const struct msghdr message = {
	    .msg_name = (void *)address,
	    .msg_namelen = address_length,
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	};

	/* Too short for a message, and nobody's who would have to be told. */
	if (length < NLMSG_HDRLEN && !endpoint_may_exist())
		return false;
	return to_director(fd, &message, result);
}

INTERPOSED ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	ssize_t result;

	if (message && to_director(fd, message, &result))
		return result;
	return REAL(sendmsg)(fd, message, flags);
}

INTERPOSED ssize_t sendto(int fd, const void *data, size_t length, int flags,
			  const struct sockaddr *address, socklen_t address_length)
{
	ssize_t result;

	if (bytes_to_director(fd, data, length, address, address_length, &result))
		return result;
	return REAL(sendto)(fd, data, length, flags, address, address_length);
}

INTERPOSED ssize_t send(int fd, const void *data, size_t length, int flags)
{
	ssize_t result;

	if (bytes_to_director(fd, data, length, NULL, 0, &result))
		return result;
	return REAL(send)(fd, data, length, flags);
}

INTERPOSED ssize_t write(int fd, const void *data, size_t length)
{
	ssize_t result;

	if (bytes_to_director(fd, data, length, NULL, 0, &result))
		return result;
	return REAL(write)(fd, data, length);
}

INTERPOSED ssize_t writev(int fd, const struct iovec *iov, int count)
{
	const struct msghdr message = {.msg_iov = (void *)iov, .msg_iovlen = count};
	ssize_t result;

	if (count > 0 && to_director(fd, &message, &result))
		return result;
	return REAL(writev)(fd, iov, count);
}
