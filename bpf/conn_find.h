/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Part of conn_table.h: finds a connection. */

/* An entry that was found live; or, in expired alone, where one was. */
struct found {
	struct conn *conn;
	/* Its control word when it was seen. */
	__u64 control;
	__u32 server;
	/* 1 + SET_SLOTS * set + slot of the tuple's entry that has expired; 0: there is none. */
	__u32 expired;
	/* enum forward */
	__u8 forward;
};

/* The set that a tuple can be in, by its hash: the first, choice 0, or the second, 1. NULL only to
 * satisfy the verifier. */
static __always_inline struct conn_set *set_of(__u64 hash, __u32 choice)
{
	__u32 index = (__u32)(hash >> 32 * choice) & config.set_mask;

	return bpf_map_lookup_elem(&conns, &index);
}

/* The first slot of the cache line to look at first. */
static __always_inline __u32 home_slot(__u64 hash)
{
	return (hash >> 29) & (SET_SLOTS - CACHE_LINE / sizeof(struct conn));
}

/* Slot i of a set, going round. */
static __always_inline struct conn *slot_of(struct conn_set *set, __u32 i)
{
	return &set->slots[bounded_index(i, SET_SLOTS)];
}

/*
 * Reads an entry, if it is the tuple's; it may have expired. The words are looked at again after
 * control: in a slot that was recycled meanwhile it would be another connection's.
 */
static __always_inline bool read_conn(struct conn *conn, const struct tuple *tuple,
				      struct found *found)
{
	__u64 word;

	if (unlikely(!has_addresses(conn, tuple)))
		return false;
	word = read_word(&conn->cport);
	if (unlikely((word & IDENTITY_MASK) != tuple->identity))
		return false;
	found->conn = conn;
	found->control = read_word(&conn->control);
	found->server = (word >> 32) & OWNER_SERVER_MASK;
	found->forward = conn->forward;
	return likely(has_addresses(conn, tuple) && read_word(&conn->cport) == word);
}

/*
 * Looks a tuple up. Cost: one cache line when it sits in its home line. When false,
 * found->expired tells where it was before.
 */
static __always_inline bool find_conn(const struct tuple *tuple, __u64 hash, __u32 now,
				      struct found *found)
{
	__u32 home = home_slot(hash), expired = 0;

	for (int choice = 0; choice < 2; choice++) {
		struct conn_set *set = set_of(hash, choice);

		if (unlikely(!set))
			break;
		for (int i = 0; i < SET_SLOTS; i++) {
			struct conn *conn = slot_of(set, home + i);

			if (unlikely(!read_conn(conn, tuple, found)))
				continue;
			if (likely(is_usable(unpack(found->control), now)))
				return true;
			expired = 1 + choice * SET_SLOTS + ((home + i) & (SET_SLOTS - 1));
		}
	}
	found->expired = expired;
	return false;
}
