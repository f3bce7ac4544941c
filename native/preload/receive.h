/* SPDX-License-Identifier: MIT */
/* Receiving from the director as from a netlink socket: one message a call. */
#ifndef XLVS_RECEIVE_H
#define XLVS_RECEIVE_H

#include <stdbool.h>
#include <sys/socket.h>

bool receive(int fd, struct msghdr *message, int flags, ssize_t *result);

#endif
