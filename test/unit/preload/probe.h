/* SPDX-License-Identifier: MIT */
/* What a client of IPVS does with its socket, for the checks of probe.c. */
#ifndef PROBE_H
#define PROBE_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define IPVS	    1023
#define GET_INFO    15
#define GET_SERVICE 4

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s (errno: %s)\n", __FILE__, __LINE__,     \
				#condition, strerror(errno));                                      \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

struct message {
	struct nlmsghdr header;
	struct genlmsghdr genl;
	char rest[2048];
};

static inline int open_socket(int flags)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | flags, NETLINK_GENERIC);

	CHECK(fd >= 0);
	CHECK(bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	return fd;
}

static inline struct message request(int type, int flags, int command, unsigned int seq)
{
	return (struct message){
	    .header.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
	    .header.nlmsg_type = type,
	    .header.nlmsg_flags = NLM_F_REQUEST | flags,
	    .header.nlmsg_seq = seq,
	    .genl.cmd = command,
	    .genl.version = 1,
	};
}

static inline void ask(int fd, int type, int flags, int command, unsigned int seq)
{
	struct message message = request(type, flags, command, seq);
	const ssize_t length = message.header.nlmsg_len;

	CHECK(send(fd, &message, length, 0) == length);
}

/* Waits for the message and takes it; returns its length. */
static inline ssize_t answer(int fd, struct message *message)
{
	/* Not a constant, or the fortified call is not used. */
	volatile size_t room = sizeof(*message);
	ssize_t length = recv(fd, message, room, 0);

	CHECK(length >= NLMSG_HDRLEN);
	return length;
}

/* Asks and takes the answer and its acknowledgement. */
static inline void converse(int fd, unsigned int seq)
{
	struct message message;

	ask(fd, IPVS, NLM_F_ACK, GET_INFO, seq);
	answer(fd, &message);
	CHECK(message.header.nlmsg_type == IPVS && message.header.nlmsg_seq == seq);
	answer(fd, &message);
	CHECK(message.header.nlmsg_type == NLMSG_ERROR && message.header.nlmsg_seq == seq);
}

static inline void await(int fd)
{
	struct pollfd look = {.fd = fd, .events = POLLIN};

	CHECK(poll(&look, 1, 10000) == 1);
	CHECK(look.revents & POLLIN);
}

void check_processes(const char *self);
void check_inherited(int fd);
void check_threads(void);
void check_shared(void);
void check_signals(void);
void check_addresses(void);
void check_lengths(void);
void check_at_once(void);
void check_late(void);

#endif
