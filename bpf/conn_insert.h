/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * Part of conn_table.h: new connections. Slots are claimed by compare-and-exchange, since inserters
 * of other tuples may want the same slot under another lock.
 */

/* Slots lost to other inserters before the packet is given up. */
#define CLAIM_TRIES 3

/*
 * Of a slot that is being filled: it never expires, also if the CPU that fills it is taken away for
 * long, since two that fill it would leave a count behind. The farthest that is_live() reckons.
 */
#define CLAIM_TICKS 0x7fffffff

/* Takes the slot over from whatever is in it, and makes it the tuple's. */
static __always_inline bool fill_slot(const struct choice *choice, const struct packet *p,
				      struct found *found)
{
	__u32 now = p->now;
	struct conn *conn = choice->conn;
	__u64 seen = read_word(&conn->control);
	struct control c = unpack(seen),
		       claimed = {.expires = now + CLAIM_TICKS, .held = HELD_CLAIMED};
	const struct real_server *server;

	/* It came alive since the slot was chosen. */
	if (is_live(c, now) && !(choice->evicts && gives_way(c)))
		return false;
	claimed.generation = c.generation + 1;
	if (!release_conn(conn, seen, pack(claimed)))
		return false;
	if (is_live(c, now))
		count_evicted();
	else if (c.held != HELD_NOTHING)
		count_expired();

	server = bpf_map_lookup_elem(&real_servers, &found->server);
	found->forward = server ? server->forward : FWD_ROUTE;
	*(volatile __u64 *)&conn->cport = 0;
	put_addresses(conn, &p->tuple);
	conn->forward = found->forward;
	*(volatile __u64 *)&conn->cport = p->tuple.identity | (__u64)found->server << 32;
	claimed.state = next_state(STATE_NONE, protocol_in(p->tuple.identity), p->tcp_flags);
	claimed.held = is_active(claimed.state) ? HELD_ACTIVE : HELD_INACTIVE;
	claimed.expires = now + timeout_of(claimed.state);
	found->conn = conn;
	found->control = pack(claimed);
	count_conn(found->server, claimed.held);
	__sync_lock_test_and_set(&conn->control, found->control);
	return true;
}

/* Under the lock: what was looked up before may be out of date. */
static __noinline bool find_again(const struct tuple *tuple, __u64 hash, __u32 now,
				  struct found *found)
{
	return find_conn(tuple, hash, now, found);
}

/* Under the lock, for a tuple that has no entry: makes one, for found->server. */
static __always_inline int insert_entry(const struct packet *p, struct found *found)
{
	__u32 share = held_to_share(found->server);

	for (int i = 0; i < CLAIM_TRIES; i++) {
		struct choice choice = {};

		if (!choose_slot(p, found->expired, share, &choice))
			return share ? VERDICT_DROP_SHARE : VERDICT_DROP_TABLE_FULL;
		if (fill_slot(&choice, p, found))
			return GO_ON;
		/* A late packet may have revived it: the next SYN will find it. */
		if (found->expired)
			break;
	}
	return VERDICT_DROP_CONTENDED;
}

/*
 * Makes a connection by the service's plan for the packet's tuple, or finds the one made meanwhile;
 * *created tells which. The pick of a sequence cannot be taken back: so it is made under the lock
 * that the same handshake on another CPU waits for.
 */
static __always_inline int insert_conn(const struct packet *p, __u32 plan, struct found *found,
				       bool *created)
{
	struct locking l = {.lock = lock_of(p->hash)};
	int result = GO_ON;

	if (!take_lock(&l))
		return VERDICT_DROP_CONTENDED;
	if (l.word == p->lock_seen || !find_again(&p->tuple, p->hash, p->now, found)) {
		result = pick_server(plan, &found->server);
		if (result == GO_ON)
			result = insert_entry(p, found);
		*created = result == GO_ON;
	}
	drop_lock(&l);
	return result;
}
