/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * clang leaves out of BTF what no map and no function of this program has; named here, it is in,
 * and the TypeScript side is generated from it. The section is none that libbpf makes a map of.
 */
#ifndef ANCHORS_H
#define ANCHORS_H

#include "platform.h"
#include "types.h"

struct anchors {
	enum verdict verdict;
	enum forward forward;
	enum conn_state conn_state;
	enum picker picker;
	enum server_flag server_flag;
	enum held held;
	enum family family;
	enum shared_constant shared_constant;
	struct batch batch;
	struct conn_set6 conn_set6;
};

const struct anchors *anchor SEC("anchors");

#endif
