/* SPDX-License-Identifier: MIT */
/* libc's own calls, or those of the next preload library that stands before them. */
#ifndef XLVS_REAL_H
#define XLVS_REAL_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* For the calls that programs are to find in place of libc's; nothing else leaves the library. */
#define INTERPOSED __attribute__((visibility("default")))

/* What _FORTIFY_SOURCE makes of the calls; glibc declares them in bits/, only when it does so. */
ssize_t __recv_chk(int fd, void *data, size_t length, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *data, size_t length, size_t room, int flags,
		       struct sockaddr *address, socklen_t *address_length);
ssize_t __read_chk(int fd, void *data, size_t length, size_t room);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int directory, const char *path, int flags);
int __openat64_2(int directory, const char *path, int flags);

/* clang-format off */
#define REAL_CALLS(each)                                                                           \
	each(sendmsg) each(sendto) each(send) each(write) each(writev)                             \
	each(recvmsg) each(recvfrom) each(recv) each(read) each(readv)                             \
	each(__recv_chk) each(__recvfrom_chk) each(__read_chk)                                     \
	each(getsockname) each(bind) each(connect) each(getsockopt) each(setsockopt)               \
	each(epoll_ctl)                                                                            \
	each(open) each(open64) each(openat) each(openat64)                                        \
	each(__open_2) each(__open64_2) each(__openat_2) each(__openat64_2)                        \
	each(fopen) each(fopen64)
/* clang-format on */

enum real_call {
#define REAL_NAME(name) REAL_##name,
	REAL_CALLS(REAL_NAME)
#undef REAL_NAME
	    REAL_COUNT
};

void *real_call(enum real_call which);

#define REAL(name) ((__typeof__(&name))real_call(REAL_##name))

#endif
