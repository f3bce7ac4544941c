/* SPDX-License-Identifier: MIT */
/* The calls by which programs receive. */
#define _GNU_SOURCE
#include "real.h"
#include "receive.h"

static bool bytes_from_director(int fd, void *data, size_t length, int flags,
				struct sockaddr *address, socklen_t *address_length,
				ssize_t *result)
{
	struct iovec iov = {.iov_base = data, .iov_len = length};
	struct msghdr message = {
	    .msg_name = address,
	    .msg_namelen = address && address_length ? *address_length : 0,
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	};

	if (!receive(fd, &message, flags, result))
		return false;
	if (*result >= 0 && address && address_length)
		*address_length = message.msg_namelen;
	return true;
}

INTERPOSED ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	ssize_t result;

	if (message && receive(fd, message, flags, &result))
		return result;
	return REAL(recvmsg)(fd, message, flags);
}

INTERPOSED ssize_t recvfrom(int fd, void *data, size_t length, int flags, struct sockaddr *address,
			    socklen_t *address_length)
{
	ssize_t result;

	if (bytes_from_director(fd, data, length, flags, address, address_length, &result))
		return result;
	return REAL(recvfrom)(fd, data, length, flags, address, address_length);
}

INTERPOSED ssize_t recv(int fd, void *data, size_t length, int flags)
{
	ssize_t result;

	if (bytes_from_director(fd, data, length, flags, NULL, NULL, &result))
		return result;
	return REAL(recv)(fd, data, length, flags);
}

INTERPOSED ssize_t read(int fd, void *data, size_t length)
{
	ssize_t result;

	if (bytes_from_director(fd, data, length, 0, NULL, NULL, &result))
		return result;
	return REAL(read)(fd, data, length);
}

INTERPOSED ssize_t readv(int fd, const struct iovec *iov, int count)
{
	struct msghdr message = {.msg_iov = (void *)iov, .msg_iovlen = count};
	ssize_t result;

	if (count > 0 && receive(fd, &message, 0, &result))
		return result;
	return REAL(readv)(fd, iov, count);
}

/* More bytes than the buffer has end the program: libc's own does that, in its words. */

INTERPOSED ssize_t __recv_chk(int fd, void *data, size_t length, size_t room, int flags)
{
	ssize_t result;

	if (length <= room && bytes_from_director(fd, data, length, flags, NULL, NULL, &result))
		return result;
	return REAL(__recv_chk)(fd, data, length, room, flags);
}

INTERPOSED ssize_t __recvfrom_chk(int fd, void *data, size_t length, size_t room, int flags,
				  struct sockaddr *address, socklen_t *address_length)
{
	ssize_t result;

	if (length <= room &&
	    bytes_from_director(fd, data, length, flags, address, address_length, &result))
		return result;
	return REAL(__recvfrom_chk)(fd, data, length, room, flags, address, address_length);
}

INTERPOSED ssize_t __read_chk(int fd, void *data, size_t length, size_t room)
{
	ssize_t result;

	if (length <= room && bytes_from_director(fd, data, length, 0, NULL, NULL, &result))
		return result;
	return REAL(__read_chk)(fd, data, length, room);
}
