/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Sizes of the tables. Those of the connection table and of what is by CPU are set when the object
 * is loaded. Tests are compiled with fewer next hops, so that they can use them up, or with a part
 * of all, so that they can compare every byte. */
#ifndef CONFIG_H
#define CONFIG_H

#ifndef TABLE_PART
#define TABLE_PART 1
#endif
#define MAX_SERVICES (16384 / TABLE_PART)
#define MAX_SERVERS  (65536 / TABLE_PART)
/* CPUs with verdict counters of their own. Beyond, they share: a packet may be missing in them. */
#define VERDICT_CPUS	  (1024 / TABLE_PART)
#define MAX_PLAN_ENTRIES  ((1 << 20) / TABLE_PART)
#define MAX_PLAN_SEGMENTS ((1 << 18) / TABLE_PART)
#ifndef MAX_NEXT_HOPS
#define MAX_NEXT_HOPS (16384 / TABLE_PART)
#endif
/* Each service has one plan in force and, for a moment, the one before it. */
#define MAX_PLANS (2 * MAX_SERVICES)

/* Counters of the connections. */
#define CONN_COUNTERS 64

/* Locks that insertions share, by hash. More than CPUs by far, few enough to stay in the cache. */
#define INSERT_LOCKS (4096 / TABLE_PART)
/* Tries of a lock before a packet is given up: about 50 us, and a holder needs less than one. */
#define LOCK_TRIES 16384

/* The sweeper: 250 small steps a second, each a 256th of the table, so a round takes a second. */
#define SWEEP_INTERVAL_NS 4000000ULL
#define SWEEP_STEPS	  256

#endif
