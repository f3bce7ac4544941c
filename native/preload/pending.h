/* SPDX-License-Identifier: MIT */
/* The last request of each connection, for as long as its answer is not complete. */
#ifndef XLVS_PENDING_H
#define XLVS_PENDING_H

#include "endpoint.h"
#include "message.h"

struct pending {
	struct pending *next;
	int fd;
	uint64_t connection;
	bool is_done;	  /* nothing more comes in answer to it */
	bool is_answered; /* at least one message has come */
	int sendings;	  /* after the second, the first may have been carried out */
	struct request request;
};

struct pending *pending_put(int fd, const struct endpoint *endpoint, const struct request *request);
struct pending *pending_of(const struct endpoint *endpoint);
void pending_note(struct pending *pending, const struct answer_head *head);
bool pending_forgives(const struct pending *pending, const struct answer_head *head);

#endif
