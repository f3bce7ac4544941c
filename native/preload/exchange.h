/* SPDX-License-Identifier: MIT */
/* Requests on their way to the director, and what becomes of them when it goes away. */
#ifndef XLVS_EXCHANGE_H
#define XLVS_EXCHANGE_H

#include "endpoint.h"
#include "message.h"

int exchange_send(int fd, struct endpoint *endpoint, struct request *request);
void exchange_give_up(int fd, const struct endpoint *endpoint);
int exchange_recover(int fd, struct endpoint *endpoint);

#endif
