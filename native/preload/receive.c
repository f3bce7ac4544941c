/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "receive.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "director.h"
#include "exchange.h"
#include "pending.h"
#include "real.h"
#include "turn.h"

/* No answer has more bytes: the director sends texts in pieces. */
#define ANSWER_MAX (1 << 20)

/* What a look at the beginning of a connection's next message has found; else -errno. */
enum { READY, EMPTY, INCOMPLETE, GONE };

static ssize_t peek(int fd, struct answer_head *head, int flags)
{
	memset(head, 0, sizeof(*head));
	return REAL(recv)(fd, head, sizeof(*head), MSG_PEEK | flags);
}

static bool has_hung_up(int fd)
{
	struct pollfd look = {.fd = fd, .events = POLLRDHUP};

	return poll(&look, 1, 0) == 1 && look.revents & (POLLRDHUP | POLLHUP | POLLERR);
}

/* A message that cannot be one is the director's end: nothing behind it has a beginning. */
static int look_now(int fd, struct answer_head *head)
{
	const ssize_t length = peek(fd, head, MSG_DONTWAIT);
	const unsigned int whole = NLMSG_ALIGN(head->header.nlmsg_len);
	int queued = 0;

	if (length < 0 && errno == EAGAIN)
		return EMPTY;
	if (length < 0 && !director_is_gone(-errno))
		return -errno;
	if (length <= 0)
		return GONE;
	if (length < NLMSG_HDRLEN)
		return INCOMPLETE;
	if (head->header.nlmsg_len < NLMSG_HDRLEN || head->header.nlmsg_len > ANSWER_MAX)
		return GONE;
	return ioctl(fd, FIONREAD, &queued) == 0 && (unsigned int)queued >= whole ? READY
										  : INCOMPLETE;
}

/*
 * Whether a whole message is there, without waiting. It is taken as a whole or not at all, so that
 * whoever receives next finds the beginning of one.
 */
static int look(int fd, struct answer_head *head)
{
	int found = look_now(fd, head);

	if ((found != EMPTY && found != INCOMPLETE) || !has_hung_up(fd))
		return found;
	/* What was sent before the end is all there now; what is half there stays so. */
	found = look_now(fd, head);
	return found == EMPTY || found == INCOMPLETE ? GONE : found;
}

/* Takes bytes off the connection that the program has no room for. */
static void drop(int fd, size_t length)
{
	char bytes[512];

	while (length > 0) {
		ssize_t part = REAL(recv)(
		    fd, bytes, length < sizeof(bytes) ? length : sizeof(bytes), MSG_DONTWAIT);

		if (part <= 0)
			return;
		length -= part;
	}
}

/* Copies the first bytes of a message to where the program wants them. Returns how many. */
static ssize_t copy(int fd, const struct msghdr *message, size_t length, int flags)
{
	struct iovec iov[message->msg_iovlen + 1];
	struct msghdr part = {.msg_iov = iov};

	for (; part.msg_iovlen < message->msg_iovlen && length > 0; part.msg_iovlen++) {
		struct iovec *next = &iov[part.msg_iovlen];

		*next = message->msg_iov[part.msg_iovlen];
		if (next->iov_len > length)
			next->iov_len = length;
		length -= next->iov_len;
	}
	return REAL(recvmsg)(fd, &part, MSG_DONTWAIT | (flags & MSG_PEEK));
}

/* The kernel is the source of what netlink sockets receive, and sends no control messages unasked.
 */
static void tell_source(struct msghdr *message, bool is_cut)
{
	const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	const socklen_t room = message->msg_namelen;

	message->msg_controllen = 0;
	message->msg_flags = is_cut ? MSG_TRUNC : 0;
	if (!message->msg_name)
		return;
	memcpy(message->msg_name, &kernel, room < sizeof(kernel) ? room : sizeof(kernel));
	message->msg_namelen = sizeof(kernel);
}

/* Gives a program the message that is there, as netlink_recvmsg() would. */
static ssize_t take(int fd, const struct endpoint *endpoint, const struct answer_head *head,
		    struct msghdr *message, int flags)
{
	struct pending *pending = pending_of(endpoint);
	const size_t size = NLMSG_ALIGN(head->header.nlmsg_len);
	const size_t room = iov_length(message->msg_iov, message->msg_iovlen);
	size_t length = size;
	ssize_t copied;

	if (pending && pending_forgives(pending, head)) {
		const struct answer done = answer_done(&pending->request.header);

		length = done.length;
		copied = iov_scatter(message->msg_iov, message->msg_iovlen, &done.message, length);
		if (!(flags & MSG_PEEK))
			drop(fd, size);
	} else {
		copied = room > 0 ? copy(fd, message, size, flags) : 0;
		if (copied < 0)
			return -errno;
		if (!(flags & MSG_PEEK))
			drop(fd, size - copied);
	}
	if (pending && !(flags & MSG_PEEK))
		pending_note(pending, head);
	tell_source(message, (size_t)copied < length);
	return flags & MSG_TRUNC ? (ssize_t)length : copied;
}

/*
 * Receives without waiting: a length or -errno; -EAGAIN if nothing is there, -EINPROGRESS if a
 * message is there in part.
 * @is_ours: false if the descriptor is the kernel's now.
 */
static ssize_t receive_now(int fd, struct msghdr *message, int flags, bool *is_ours)
{
	for (;;) {
		struct endpoint endpoint = endpoint_of(fd);
		struct answer_head head;
		int found;

		*is_ours = endpoint.kind == ENDPOINT_IPVS;
		if (!*is_ours)
			return 0;
		found = look(fd, &head);
		if (found == READY)
			return take(fd, &endpoint, &head, message, flags);
		if (found == EMPTY)
			return -EAGAIN;
		if (found == INCOMPLETE)
			return -EINPROGRESS;
		if (found == GONE)
			found = exchange_recover(fd, &endpoint);
		if (found)
			return found;
	}
}

/*
 * Waits, without the turn, until there is something to read. 0 or -errno: -EAGAIN after
 * SO_RCVTIMEO. A signal is no error: the kernel's answer is there when sendmsg() returns, so that
 * no client expects EINTR.
 */
static int wait_for_answer(int fd)
{
	struct answer_head head;

	if (peek(fd, &head, 0) >= 0 || errno == EINTR || director_is_gone(-errno))
		return 0;
	return -errno;
}

/* -EAGAIN, and what still comes will not be received. */
static ssize_t give_up(int fd)
{
	const struct endpoint endpoint = endpoint_of(fd);

	if (endpoint.kind == ENDPOINT_IPVS)
		exchange_give_up(fd, &endpoint);
	return -EAGAIN;
}

static ssize_t receive_waiting(int fd, struct msghdr *message, int flags, bool *is_ours)
{
	const long long until = monotonic_ms() + SILENCE_S * 1000;

	for (;;) {
		ssize_t result = -turn_take();

		if (result)
			return result;
		result = receive_now(fd, message, flags, is_ours);
		turn_give();
		if (result != -EAGAIN && result != -EINPROGRESS)
			return result;
		if (flags & MSG_DONTWAIT || fcntl(fd, F_GETFL) & O_NONBLOCK)
			return -EAGAIN;
		if (monotonic_ms() >= until)
			return give_up(fd);
		/* The director is writing the rest of a message, for which recv() would not wait.
		 */
		if (result == -EINPROGRESS)
			nap_ms(1);
		else if ((result = wait_for_answer(fd)))
			return monotonic_ms() < until ? result : give_up(fd);
	}
}

/*
 * Receives a message as recvmsg() does on a netlink socket, if the descriptor is the director's.
 * False if it is not: then the call is libc's.
 */
bool receive(int fd, struct msghdr *message, int flags, ssize_t *result)
{
	const int before = errno;
	bool is_ours = true;

	/* More pieces than the kernel takes: it says so itself. */
	if (message->msg_iovlen > IOV_MAX || !endpoint_may_exist() ||
	    endpoint_of(fd).kind != ENDPOINT_IPVS)
		return false;
	*result = receive_waiting(fd, message, flags, &is_ours);
	errno = *result < 0 ? -*result : before;
	if (*result < 0)
		*result = -1;
	return is_ours;
}
