/* SPDX-License-Identifier: MIT */
/* The way to the director. */
#ifndef XLVS_DIRECTOR_H
#define XLVS_DIRECTOR_H

#include <stdbool.h>
#include <stddef.h>

/* How long a director that stands still is waited for, in seconds. */
#define SILENCE_S 10

int director_deliver(const void *request, size_t length);
bool director_is_gone(int error);
int send_whole(int fd, const void *data, size_t length);
long long monotonic_ms(void);
void nap_ms(long long ms);

#endif
