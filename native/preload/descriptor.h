/* SPDX-License-Identifier: MIT */
/* Descriptors as programs see them: a number, its flags, and who waits for it. */
#ifndef XLVS_DESCRIPTOR_H
#define XLVS_DESCRIPTOR_H

int descriptor_replace(int fd, int replacement);

#endif
