/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "pending.h"

#include <errno.h>
#include <sys/mman.h>

#include "vocabulary.h"

static struct pending *first;

/*
 * Keeps a request. There is one for each number of a descriptor: the request of a socket that was
 * closed gives way to the next under its number, since close() is not told to us. Not by malloc(),
 * which may not be called from a signal handler. NULL if there is no memory.
 */
struct pending *pending_put(int fd, const struct endpoint *endpoint, const struct request *request)
{
	struct pending *pending = first;

	while (pending && pending->fd != fd)
		pending = pending->next;
	if (!pending) {
		pending = mmap(NULL, sizeof(*pending), PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (pending == MAP_FAILED)
			return NULL;
		pending->next = first;
		first = pending;
	}
	*pending = (struct pending){
	    .next = pending->next,
	    .fd = fd,
	    .connection = endpoint->connection,
	    .request = *request,
	    .sendings = 1,
	};
	return pending;
}

/* By the connection and not by the number: the descriptor that receives may be a copy. */
struct pending *pending_of(const struct endpoint *endpoint)
{
	struct pending *pending = first;

	while (pending && pending->connection != endpoint->connection)
		pending = pending->next;
	return pending;
}

/* A message of its answer has been received. */
void pending_note(struct pending *pending, const struct answer_head *head)
{
	const unsigned short type = head->header.nlmsg_type, flags = head->header.nlmsg_flags;

	if (head->header.nlmsg_seq != pending->request.header.nlmsg_seq)
		return;
	pending->is_answered = true;
	pending->is_done =
	    type == NLMSG_ERROR || type == NLMSG_DONE ||
	    !(flags & NLM_F_MULTI || pending->request.header.nlmsg_flags & NLM_F_ACK);
}

/*
 * Whether a refusal means that the first sending was carried out. That somebody else made the same
 * in that moment, or that it was there before, cannot be told from it, and is as good.
 */
bool pending_forgives(const struct pending *pending, const struct answer_head *head)
{
	const struct genlmsghdr *genl = NLMSG_DATA(&pending->request.header);

	if (pending->sendings < 2 || head->header.nlmsg_type != NLMSG_ERROR ||
	    pending->request.header.nlmsg_type != IPVS_FAMILY_ID ||
	    pending->request.length < NLMSG_HDRLEN + GENL_HDRLEN)
		return false;
	switch (genl->cmd) {
	case IPVS_CMD_NEW_SERVICE:
	case IPVS_CMD_NEW_DEST:
	case IPVS_CMD_NEW_DAEMON:
		return head->error == -EEXIST;
	case IPVS_CMD_DEL_SERVICE:
	case IPVS_CMD_DEL_DEST:
	case IPVS_CMD_DEL_DAEMON:
		return head->error == -ENOENT || head->error == -ESRCH;
	default:
		return false;
	}
}
