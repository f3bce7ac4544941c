/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* What has to hold of the tables after whatever happened. */
#ifndef CHECK_H
#define CHECK_H

/* Ends the input as a failure. */
#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);    \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* What only checks shall not look to the fuzzer like a way that it has found. */
#define NO_COVERAGE __attribute__((no_sanitize("coverage")))

/* Packets that have a verdict. */
NO_COVERAGE static __u64 count_packets(void)
{
	__u64 packets = 0;

	for (int cpu = 0; cpu < VERDICT_CPUS; cpu++)
		for (int i = 0; i < VERDICT_COUNT; i++)
			packets += verdicts[cpu].packets[i];
	return packets;
}

/* No lock is left taken, no slot half filled, and servers, shares and the table are counted the
 * connections they have. */
NO_COVERAGE static void check_table(void)
{
	struct server_counts held[MAX_SERVERS] = {};
	__u32 of_share[MAX_SERVERS] = {}, assured = 0, all = 0;
	const struct conn_set *sets = conns.value;

	for (int i = 0; i < INSERT_LOCKS; i++)
		REQUIRE(!(locks[i] & LOCK_TAKEN));
	for (size_t i = 0; i < ((struct map_memory *)&conns)->max_entries * SET_SLOTS; i++) {
		const struct conn *conn = &sets[i / SET_SLOTS].slots[i % SET_SLOTS];
		__u32 server = (conn->owner & OWNER_SERVER_MASK) % MAX_SERVERS;
		__u8 holds = unpack(conn->control).held;
		bool is_assured = holds && unpack(conn->control).assured;

		REQUIRE(holds == HELD_NOTHING || holds == HELD_ACTIVE || holds == HELD_INACTIVE);
		held[server].active += holds == HELD_ACTIVE;
		held[server].inactive += holds == HELD_INACTIVE;
		of_share[server_shares[server].share] += is_assured;
		assured += is_assured;
		all += holds != HELD_NOTHING;
	}
	for (int i = 0; i < MAX_SERVERS; i++) {
		REQUIRE(server_counts[i].active == held[i].active);
		REQUIRE(server_counts[i].inactive == held[i].inactive);
		REQUIRE(service_shares[i].assured == of_share[i]);
	}
	for (int i = 0; i < CONN_COUNTERS; i++)
		all -= conn_counts[i].all;
	REQUIRE(!all);
	sum_assured();
	REQUIRE(config.assured == assured);
}

#endif
