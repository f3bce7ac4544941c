/* SPDX-License-Identifier: MIT */
/* The epoll sets in which a descriptor is watched. */
#ifndef XLVS_WATCHERS_H
#define XLVS_WATCHERS_H

#include <sys/epoll.h>

/* Nobody waits in more places for one socket. */
#define WATCHERS_MAX 4

struct watchers {
	int count;
	struct {
		int epoll;
		struct epoll_event event;
	} of[WATCHERS_MAX];
};

struct watchers watchers_of(int fd);
void watchers_renew(const struct watchers *watchers, int fd);

#endif
