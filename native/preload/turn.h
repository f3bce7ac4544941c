/* SPDX-License-Identifier: MIT */
/* One thread at a time, for what is more than one system call on a descriptor of the director's. */
#ifndef XLVS_TURN_H
#define XLVS_TURN_H

int turn_take(void);
void turn_give(void);

#endif
