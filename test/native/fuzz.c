// SPDX-License-Identifier: GPL-2.0-only OR MIT
/*
 * The packet path under AddressSanitizer and UBSan, fed by libFuzzer: `npm run fuzz:native`.
 *
 * An input is a list of steps (enum step), each a byte, of which four bits count, and what it
 * needs; numbers have their lowest byte first, what the input lacks is 0. In front stands a byte
 * whose two lowest bits are the logarithm of the number of sets of the connection table. Before the
 * first step the tables hold what world.h says. Steps are never numbered anew, since inputs that
 * once failed are kept.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sanitizer/asan_interface.h>
#include "../../bpf/director.h"
#include "../../bpf/conn.h"
#include "input.h"
#include "check.h"
#include "tables.h"
#include "world.h"
#include "send.h"

/* Frames of an input: what comes behind is left out, so that none takes long. */
#define FRAMES_MAX 512

/* What follows each; without a type: one byte. */
enum step {
	/* how, padding, n, and n bytes: a frame (send.h) of those and 8 * padding zeros. */
	STEP_FRAME,
	/* how, times, at, by: the last frame, as often; before each time byte `at` grows. */
	STEP_AGAIN,
	/* which, plan: the service is there, by this plan. */
	STEP_SERVICE,
	/* which */
	STEP_NO_SERVICE,
	/* plan, picker, n_unresolved, n, and n times: server, weight */
	STEP_PLAN,
	/* server, next hop, how: forwarding method (bits 1..0), available (2) */
	STEP_SERVER,
	/* next hop, how: interface (bits 1..0), local (2); MTU (__u16) */
	STEP_HOP,
	/* n, ticks that they are good for (__s16) */
	STEP_MACS,
	/* state, ticks (__u16) */
	STEP_TIMEOUT,
	/* ticks (__u32) that go by */
	STEP_TIME,
	/* n: an n-th of the table is swept */
	STEP_SWEEP,
	/* table, index, value (__u32): a word that the daemon may write, of the first 256 */
	STEP_WRITE,
};
#define STEP_MASK 15

static void step_plan(struct input *input)
{
	__u32 plan = take_byte(input), picker = take_byte(input), n_unresolved = take_byte(input);
	struct plan_entry entries[PLAN_ROOM];
	__u32 n = take_byte(input) % (PLAN_ROOM + 1);

	for (__u32 i = 0; i < n; i++) {
		entries[i].server = take_byte(input);
		entries[i].weight = take_byte(input);
	}
	set_plan(plan, picker, n_unresolved, entries, n);
}

static void step_server(struct input *input)
{
	__u32 server = take_byte(input), next_hop = take_byte(input), how = take_byte(input);

	set_server(server, next_hop, how & 3, how >> 2 & 1);
}

static void step_hop(struct input *input)
{
	__u32 next_hop = take_byte(input), how = take_byte(input);

	set_hop(next_hop, how & 3, how >> 2 & 1, take_u16(input));
}

static void step_macs(struct input *input)
{
	__u32 n = take_byte(input);

	set_own_macs(n, (__s16)take_u16(input));
}

static void step_write(struct input *input)
{
	__u32 table = take_byte(input), index = take_byte(input);

	write_word(table, index, take_u32(input));
}

/* What lasts from step to step beside the tables. */
struct course {
	struct sender sender;
	bool services[N_SERVICES];
	/* The set to go on sweeping with. */
	__u32 swept;
};

static void take_step(struct input *input, struct course *course)
{
	__u32 first;

	switch (take_byte(input) & STEP_MASK) {
	case STEP_FRAME:
		return send_new(&course->sender, input);
	case STEP_AGAIN:
		return send_again(&course->sender, input);
	case STEP_SERVICE:
		first = take_byte(input);
		return put_service(course->services, first, take_byte(input));
	case STEP_NO_SERVICE:
		return drop_service(course->services, take_byte(input));
	case STEP_PLAN:
		return step_plan(input);
	case STEP_SERVER:
		return step_server(input);
	case STEP_HOP:
		return step_hop(input);
	case STEP_MACS:
		return step_macs(input);
	case STEP_TIMEOUT:
		first = take_byte(input);
		config.timeout_ticks[first % STATE_SLOTS] = take_u16(input);
		return;
	case STEP_TIME:
		config.now += take_u32(input);
		return;
	case STEP_SWEEP:
		course->swept = sweep_part(course->swept, take_byte(input) ?: 1, config.now);
		return check_table();
	case STEP_WRITE:
		return step_write(input);
	}
}

static void print_verdicts(void)
{
	fprintf(stderr, "verdicts:");
	for (int i = 0; i < VERDICT_COUNT; i++)
		if (verdicts[0].packets[i])
			fprintf(stderr, " %d=%llu", i, verdicts[0].packets[i]);
	fprintf(stderr, "\n");
}

/*
 * Nothing here is allocated for longer than a frame or an input lasts; and where ptrace is
 * forbidden the search for leaks fails. addr2line comes with the linker, clang's own symbolizer
 * (ASAN_SYMBOLIZER_PATH) does not.
 */
const char *__asan_default_options(void)
{
	return "detect_leaks=0:quarantine_size_mb=8:"
	       "external_symbolizer_path=/usr/bin/addr2line";
}

const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	place_tables();
	return 0;
}

int LLVMFuzzerTestOneInput(const __u8 *bytes, size_t size)
{
	struct input input = {.at = bytes, .end = bytes + size};
	struct course course = {};

	clear_tables(1 << (take_byte(&input) & 3));
	begin_world(course.services);
	while (input.at < input.end && course.sender.sent < FRAMES_MAX)
		take_step(&input, &course);
	/* For test/native/corpus.test.ts. */
	if (getenv("PRINT_VERDICTS"))
		print_verdicts();
	drop_conns();
	return 0;
}
