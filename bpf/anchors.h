/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clang leaves enums that only inlined code uses out of BTF; named here, they are in, and the
 * TypeScript side is generated from them. The section is none that libbpf makes a map of.
 */
#ifndef ANCHORS_H
#define ANCHORS_H

#include <bpf/bpf_helpers.h>
#include "types.h"

struct enum_anchors {
	enum verdict verdict;
	enum forward forward;
	enum conn_state conn_state;
	enum picker picker;
	enum server_flag server_flag;
	enum held held;
	enum shared_constant shared_constant;
};

const struct enum_anchors *enum_anchors SEC("anchors");

#endif
