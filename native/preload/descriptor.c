/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "director.h"
#include "real.h"
#include "watchers.h"

/* A timeout that the program has set, and not director.c, holds for the new socket, too. */
static void keep_timeout(int from, int to, int option)
{
	struct timeval timeout;
	socklen_t length = sizeof(timeout);

	if (REAL(getsockopt)(from, SOL_SOCKET, option, &timeout, &length) == 0 &&
	    (timeout.tv_sec || timeout.tv_usec) && timeout.tv_sec != SILENCE_S)
		REAL(setsockopt)(to, SOL_SOCKET, option, &timeout, sizeof(timeout));
}

/*
 * Puts another open file under the number of a descriptor, in one step, with the flags that it had:
 * of the file (O_NONBLOCK) and of the descriptor (FD_CLOEXEC). 0 or -errno.
 */
int descriptor_replace(int fd, int replacement)
{
	const int status = fcntl(fd, F_GETFL), flags = fcntl(fd, F_GETFD);
	const struct watchers watchers = watchers_of(fd);

	if (status < 0 || flags < 0)
		return -errno;
	keep_timeout(fd, replacement, SO_RCVTIMEO);
	keep_timeout(fd, replacement, SO_SNDTIMEO);
	if (fcntl(replacement, F_SETFL, status) < 0 ||
	    dup3(replacement, fd, flags & FD_CLOEXEC ? O_CLOEXEC : 0) < 0)
		return -errno;
	watchers_renew(&watchers, fd);
	return 0;
}
