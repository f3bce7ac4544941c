/* SPDX-License-Identifier: MIT */
/* Netlink messages: whom they are for, and what the kernel answers to those it refuses. */
#ifndef XLVS_MESSAGE_H
#define XLVS_MESSAGE_H

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

/* A request of IPVS has some 300 bytes at most: a service with all its attributes. */
#define REQUEST_MAX 2048

/* What a client gives to one call of send: mostly one message. */
struct request {
	size_t length;
	union {
		struct nlmsghdr header;
		unsigned char bytes[REQUEST_MAX];
	};
};

/* The beginning of an answer: enough to know its length, and the error of an NLMSG_ERROR. */
struct answer_head {
	struct nlmsghdr header;
	int error;
};

/* An acknowledgement, or a refusal that carries the whole request. */
struct answer {
	size_t length;
	struct {
		struct nlmsghdr header;
		int error;
		unsigned char request[REQUEST_MAX];
	} message;
};

enum recipient {
	RECIPIENT_NONE, /* no netlink message: the kernel takes it and does nothing */
	RECIPIENT_OTHER,
	RECIPIENT_IPVS,
};

size_t iov_gather(const struct iovec *iov, size_t count, void *to, size_t room);
size_t iov_scatter(const struct iovec *iov, size_t count, const void *from, size_t length);
size_t iov_length(const struct iovec *iov, size_t count);

bool may_be_ipvs(const struct iovec *iov, size_t count);
enum recipient recipient_of(const struct request *request);
struct answer answer_error(const struct request *request, int error);
struct answer answer_done(const struct nlmsghdr *request);

#endif
