/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "watchers.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "endpoint.h"
#include "real.h"

/*
 * An epoll set watches the open file and not the number: with the netlink socket that is exchanged
 * goes its place in the set. So it is put in again; who asked for it, and for what, the kernel
 * tells in /proc/self/fdinfo. To look there is dear, and done only after a socket of this kind was
 * put into a set by this process or the one that it was forked from.
 */
static bool is_worth_a_look;

INTERPOSED int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	if (operation == EPOLL_CTL_ADD && endpoint_of(fd).kind != ENDPOINT_OTHER)
		__atomic_store_n(&is_worth_a_look, true, __ATOMIC_RELAXED);
	return REAL(epoll_ctl)(epoll, operation, fd, event);
}

static bool is_epoll(int directory, const char *number)
{
	static const char kind[] = "anon_inode:[eventpoll]";
	char target[sizeof(kind)];

	return readlinkat(directory, number, target, sizeof(target)) == sizeof(kind) - 1 &&
	       memcmp(target, kind, sizeof(kind) - 1) == 0;
}

/* Looks for a descriptor in one set: proc(5), /proc/pid/fdinfo. */
static void find_in(int epoll, int fd, struct watchers *watchers)
{
	char line[256];
	FILE *info;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", epoll);
	info = REAL(fopen)(line, "re");
	while (info && watchers->count < WATCHERS_MAX && fgets(line, sizeof(line), info)) {
		uint64_t data;
		uint32_t events;
		int watched;

		if (sscanf(line, "tfd: %d events: %" SCNx32 " data: %" SCNx64, &watched, &events,
			   &data) != 3 ||
		    watched != fd)
			continue;
		watchers->of[watchers->count].epoll = epoll;
		watchers->of[watchers->count].event.events = events;
		watchers->of[watchers->count].event.data.u64 = data;
		watchers->count++;
	}
	if (info)
		fclose(info);
}

struct watchers watchers_of(int fd)
{
	struct watchers watchers = {0};
	struct dirent *entry;
	DIR *directory;

	if (!__atomic_load_n(&is_worth_a_look, __ATOMIC_RELAXED))
		return watchers;
	directory = opendir("/proc/self/fd");
	while (directory && (entry = readdir(directory)))
		if (is_epoll(dirfd(directory), entry->d_name))
			find_in(atoi(entry->d_name), fd, &watchers);
	if (directory)
		closedir(directory);
	return watchers;
}

/* Puts the descriptor, which is another file now, into the sets in which it was. */
void watchers_renew(const struct watchers *watchers, int fd)
{
	for (int i = 0; i < watchers->count; i++) {
		struct epoll_event event = watchers->of[i].event;

		REAL(epoll_ctl)(watchers->of[i].epoll, EPOLL_CTL_ADD, fd, &event);
	}
}
