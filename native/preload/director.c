/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "director.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#include "real.h"
#include "vocabulary.h"

/*
 * How long a director that was there is waited for. A restart takes about a second. Who gives up
 * for good what a health check has found leaves the director with another list of servers than
 * keepalived has, and there is nothing else that the process could usefully do meanwhile.
 */
#define RETURN_MS 60000
/*
 * Where its directory has gone as well, it was most likely `xlvs down`. Not for sure: systemd may
 * remove it during a restart. And who has never met a director, but finds the socket of one that
 * was killed, may have come in the moment of a restart.
 */
#define SHORT_RETURN_MS 3000
#define RETRY_MS	20

static struct sockaddr_un director = {.sun_family = AF_UNIX, .sun_path = SOCKET_DEFAULT};
static char runtime_directory[sizeof(director.sun_path) + 1];

/*
 * What this process, or the one that it was forked from, knows of the director. If they have met,
 * its absence is a restart, to be waited for, but not in vain a second time. Otherwise this machine
 * has no IPVS.
 */
static enum { UNKNOWN, MET, GIVEN_UP } acquaintance;

/* At the start, as programs may clear their environment, and setenv() and getenv() may not meet. */
__attribute__((constructor)) static void find_director(void)
{
	const char *path = getenv(SOCKET_VARIABLE);
	char *name;

	if (path && *path) {
		/* A longer one is no path of a socket. Nobody listens on an empty one. */
		memset(director.sun_path, 0, sizeof(director.sun_path));
		if (strlen(path) < sizeof(director.sun_path))
			strcpy(director.sun_path, path);
	}
	strcpy(runtime_directory, director.sun_path);
	name = strrchr(runtime_directory, '/');
	strcpy(name ? name + 1 : runtime_directory, ".");
}

/* Not the clock of the day, which may be set while somebody waits. */
long long monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void nap_ms(long long ms)
{
	struct timespec nap = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
}

/* One try: a socket, or -errno. */
static int try_connect(void)
{
	/*
	 * A kernel answers a netlink request before sendmsg() returns, so no client has a timeout
	 * of its own. A director that is stopped must not hold it up for ever: connect(), send()
	 * and recv() fail with EAGAIN then, as socket(7) has it for these options.
	 */
	static const struct timeval silence = {.tv_sec = SILENCE_S};
	int fd, error;

	/* An empty path would be one of the abstract names. */
	if (!*director.sun_path)
		return -ENOENT;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	REAL(setsockopt)(fd, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof(silence));
	REAL(setsockopt)(fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
	if (REAL(connect)(fd, (const struct sockaddr *)&director, sizeof(director)) == 0)
		return fd;
	error = -errno;
	close(fd);
	return error;
}

/* Sends all of it, also where the descriptor does not block: half a message would be none. 0 or
 * -errno. */
int send_whole(int fd, const void *data, size_t length)
{
	const long long until = monotonic_ms() + SILENCE_S * 1000;

	for (size_t sent = 0; sent < length;) {
		ssize_t part = REAL(send)(fd, (const char *)data + sent, length - sent,
					  MSG_NOSIGNAL | MSG_DONTWAIT);

		if (part >= 0) {
			sent += part;
			continue;
		}
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
		if (monotonic_ms() >= until)
			return -EAGAIN;
		nap_ms(1);
	}
	return 0;
}

/* Whether this error of a connection says that nobody is at its other end any more. */
bool director_is_gone(int error)
{
	return error == -EPIPE || error == -ECONNRESET || error == -ENOTCONN;
}

/* One try: a connection over which the request has been sent, or -errno. */
static int try_deliver(const void *request, size_t length)
{
	int fd = try_connect(), error;

	if (fd < 0)
		return fd;
	__atomic_store_n(&acquaintance, MET, __ATOMIC_RELAXED);
	error = send_whole(fd, request, length);
	if (!error)
		return fd;
	close(fd);
	return error;
}

static bool is_absent(int error)
{
	return error == -ENOENT || error == -ENOTDIR || error == -ECONNREFUSED || error == -EINTR ||
	       director_is_gone(error);
}

/* How long to wait for a director to which no connection could be made, for that reason. */
static long long patience_ms(int error)
{
	switch (__atomic_load_n(&acquaintance, __ATOMIC_RELAXED)) {
	case MET:
		return access(runtime_directory, F_OK) == 0 ? RETURN_MS : SHORT_RETURN_MS;
	case UNKNOWN:
		return error == -ECONNREFUSED ? SHORT_RETURN_MS : 0;
	default:
		return 0;
	}
}

/*
 * Connects to the director and sends a request; returns the connection, which blocks and is closed
 * on exec. If the director was there before, it is waited for, also where the program's descriptor
 * does not block: a netlink socket's sendmsg() does the request's work before it returns, so nobody
 * calls it where it may not take its time. Otherwise -ENOENT, what a kernel answers that has no
 * such family; -EPERM if only root may; another -errno if there is no descriptor or memory left, or
 * the director stands still.
 */
int director_deliver(const void *request, size_t length)
{
	const long long since = monotonic_ms();

	for (;;) {
		int fd = try_deliver(request, length);

		if (fd == -EACCES || fd == -EPERM)
			return -EPERM;
		if (!is_absent(fd))
			return fd;
		if (monotonic_ms() - since >= patience_ms(fd)) {
			if (fd == -ECONNREFUSED ||
			    __atomic_load_n(&acquaintance, __ATOMIC_RELAXED) == MET)
				__atomic_store_n(&acquaintance, GIVEN_UP, __ATOMIC_RELAXED);
			return -ENOENT;
		}
		nap_ms(RETRY_MS);
	}
}
