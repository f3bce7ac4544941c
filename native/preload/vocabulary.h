/* SPDX-License-Identifier: MIT */
/*
 * What the library and the director have agreed on beyond the kernel's own headers. src/ipvs says
 * the same in TypeScript; test/unit/preload/vocabulary.test.ts compares the two.
 */
#ifndef XLVS_VOCABULARY_H
#define XLVS_VOCABULARY_H

/* The director's socket, unless the environment names another. */
#define SOCKET_VARIABLE "XLVS_IPVS_SOCKET"
#define SOCKET_DEFAULT	"/run/xlvs/ipvs.sock"

/* linux/ip_vs.h has these, beside structs that no part of this library needs. */
#define IPVS_FAMILY_NAME     "IPVS"
#define IPVS_CMD_NEW_SERVICE 1
#define IPVS_CMD_DEL_SERVICE 3
#define IPVS_CMD_NEW_DEST    5
#define IPVS_CMD_DEL_DEST    7
#define IPVS_CMD_NEW_DAEMON  9
#define IPVS_CMD_DEL_DAEMON  10

/*
 * The id of the family: GENL_MAX_ID. The kernel gives its ids from 16 upwards, one for each module
 * that registers, and comes nowhere near.
 */
#define IPVS_FAMILY_ID	    1023
#define IPVS_FAMILY_VERSION 1

/* A command of our own, beyond the kernel's 17: the text of a file of /proc/net. */
#define IPVS_CMD_PROC_READ  64
#define IPVS_ATTR_PROC_NAME 1
#define IPVS_ATTR_PROC_TEXT 2

#endif
