/* SPDX-License-Identifier: MIT */
/* The files of IPVS in /proc/net, with the director's text. */
#ifndef XLVS_PROC_H
#define XLVS_PROC_H

const char *proc_name(const char *path);
int proc_open(const char *name, int flags);

#endif
