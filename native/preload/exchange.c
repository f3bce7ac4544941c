/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "exchange.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "director.h"
#include "pending.h"

/*
 * One for the director that dies, one that only reaches the queue of those that it would have
 * accepted, and one for its successor.
 */
#define SENDINGS_MAX 3

/* As a kernel would: the client finds this answer, and only this, on its descriptor. 0 or -errno.
 */
static int answer_ourselves(int fd, struct endpoint *endpoint, const struct request *request,
			    int refusal)
{
	const struct answer answer = answer_error(request, refusal);
	int ends[2], error;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return -errno;
	error = send_whole(ends[1], &answer.message, answer.length);
	close(ends[1]);
	if (error)
		close(ends[0]);
	else
		error = endpoint_exchange(fd, ends[0], endpoint->port_id, endpoint);
	if (!error && !pending_put(fd, endpoint, request))
		error = -ENOBUFS;
	return error;
}

/* Sends over a new connection, or answers in place of a director that is not there. 0 or -errno. */
static int send_anew(int fd, struct endpoint *endpoint, const struct request *request, int sendings)
{
	struct pending *pending;
	int connection, error;

	/* Before the exchange: a descriptor that is still the kernel's can be tried again. */
	connection = director_deliver(request->bytes, request->length);
	if (connection == -ENOENT || connection == -EPERM)
		return answer_ourselves(fd, endpoint, request, connection);
	if (connection < 0)
		return connection;
	error = endpoint_exchange(fd, connection, endpoint->port_id, endpoint);
	if (error)
		return error;
	pending = pending_put(fd, endpoint, request);
	if (!pending)
		return -ENOBUFS;
	pending->sendings = sendings;
	return 0;
}

/* An answer that comes later than anybody waits for would be taken for that to the next request. */
void exchange_give_up(int fd, const struct endpoint *endpoint)
{
	struct pending *pending = pending_of(endpoint);

	if (pending)
		pending->is_done = true;
	shutdown(fd, SHUT_RDWR);
}

/*
 * Waits until there is something of the answer. A kernel has done what it was asked when sendmsg()
 * returns, and its answer is there: also for who does not wait, closes the socket at once, or asks
 * by another one next. 0 or -errno.
 */
static int await_answer(int fd, const struct endpoint *endpoint, const struct request *request)
{
	const long long until = monotonic_ms() + SILENCE_S * 1000;
	struct pollfd look = {.fd = fd, .events = POLLIN};

	if (!(request->header.nlmsg_flags & (NLM_F_ACK | NLM_F_DUMP)))
		return 0;
	for (;;) {
		const long long left = until - monotonic_ms();
		const int found = poll(&look, 1, left > 0 ? left : 0);

		if (found > 0)
			return 0;
		if (found < 0 && errno != EINTR)
			return -errno;
		if (left <= 0) {
			exchange_give_up(fd, endpoint);
			return -EAGAIN;
		}
	}
}

/* Sends a request for IPVS over a descriptor, which becomes the director's if it is not. 0 or
 * -errno. */
int exchange_send(int fd, struct endpoint *endpoint, struct request *request)
{
	int error;

	/* The kernel answers to the socket's port id, whatever the request says. */
	request->header.nlmsg_pid = endpoint->port_id;
	if (endpoint->kind == ENDPOINT_IPVS) {
		error = send_whole(fd, request->bytes, request->length);
		if (!error && !pending_put(fd, endpoint, request))
			return -ENOBUFS;
		if (!error)
			return await_answer(fd, endpoint, request);
		/* What the director has may be half a request: no other can follow it. */
		shutdown(fd, SHUT_RDWR);
		if (!director_is_gone(error))
			return error;
	}
	error = send_anew(fd, endpoint, request, 1);
	return error ? error : await_answer(fd, endpoint, request);
}

/*
 * The director has gone and nothing of its answer is left to read. A request that nothing was heard
 * of is sent again, but not for ever: it may be what the director dies of. Of
 * an answer that broke off the rest cannot be had, and another from its beginning would be no
 * answer. Afterwards there is an answer to read, or the descriptor is a netlink socket again, which
 * waits as one does. 0 or -errno; -ECONNRESET if this process does not know what was asked: it was
 * before exec().
 */
int exchange_recover(int fd, struct endpoint *endpoint)
{
	struct pending *pending = pending_of(endpoint);
	struct request request;
	int error;

	if (!pending || pending->is_done) {
		error = endpoint_restore(fd, endpoint);
		return error || pending ? error : -ECONNRESET;
	}
	request = pending->request;
	if (pending->is_answered)
		return answer_ourselves(fd, endpoint, &request, -EINTR);
	if (pending->sendings >= SENDINGS_MAX)
		return answer_ourselves(fd, endpoint, &request, -ENOENT);
	return send_anew(fd, endpoint, &request, pending->sendings + 1);
}
