/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Part of conn_table.h: what a packet does to its connection, and its end. */

/* Lost races that an update goes through before it leaves the entry to the others. */
#define UPDATE_TRIES 4

/*
 * Moves the connection on to its next state and arms its timer. Most packets find it assured, in
 * that state already and armed for long enough, and write nothing: what arms a connection that
 * stays in its state arms it for ARM_SLACK longer than its timeout. A packet that finds it
 * established by an earlier one assures it, unless its service is held to its share: a TCP
 * handshake alone does not, nor does one datagram.
 */
static __always_inline void arm_conn(struct found *found, const struct packet *p)
{
	__u32 now = p->now;

	for (int i = 0; i < UPDATE_TRIES; i++) {
		struct control old = unpack(found->control), new = old;
		__u64 seen;

		new.state = next_state(old.state, protocol_in(p->tuple.identity), p->tcp_flags);
		new.expires = now + timeout_of(new.state);
		if (likely(new.state == old.state)) {
			bool is_armed = old.expires - new.expires <= ARM_SLACK;

			if (likely(is_armed && old.assured))
				return;
			new.expires = is_armed ? old.expires : new.expires + ARM_SLACK;
			if (new.state == STATE_ESTABLISHED || new.state == STATE_UDP)
				new.assured |= !held_to_share(found->server);
		}
		new.held = is_active(new.state) ? HELD_ACTIVE : HELD_INACTIVE;
		seen =
		    __sync_val_compare_and_swap(&found->conn->control, found->control, pack(new));
		if (seen == found->control) {
			move_count(found->server, old.held, new.held);
			if (new.assured && !old.assured)
				count_assured(found->server, 1);
			return;
		}
		if (unpack(seen).generation != old.generation || !is_live(unpack(seen), now))
			return;
		found->control = seen;
	}
}

/* Takes what an entry holds off the counts, if it is still as it was seen. Returns whether it was.
 */
static __always_inline bool release_conn(struct conn *conn, __u64 seen, __u64 replacement)
{
	__u32 server = conn->owner & OWNER_SERVER_MASK;

	if (__sync_val_compare_and_swap(&conn->control, seen, replacement) != seen)
		return false;
	uncount_conn(server, unpack(seen).held, unpack(seen).assured);
	return true;
}
