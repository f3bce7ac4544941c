/* SPDX-License-Identifier: MIT */
/* Whether this process may have descriptors that are the director's. */
#ifndef XLVS_INHERITED_H
#define XLVS_INHERITED_H

#include <stdbool.h>

bool inherited_endpoint(void);
void inherited_note(void);

#endif
