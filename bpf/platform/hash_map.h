/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * BPF_MAP_TYPE_HASH in memory: open addressing, an entry as near behind its home bucket as there
 * was room. Twice as many buckets as entries, so that there is always a free one not far away.
 */
#ifndef PLATFORM_HASH_MAP_H
#define PLATFORM_HASH_MAP_H

/* A bucket: whether it is in use, the key, the value. */
#define HASH_USED_SIZE 8

static __always_inline size_t hash_bucket_size(size_t key_size, size_t value_size)
{
	return HASH_USED_SIZE + map_stride(key_size) + map_stride(value_size);
}

static __always_inline size_t hash_buckets(const struct map_memory *map)
{
	return 2 * map->max_entries;
}

static __always_inline size_t hash_home(const struct map_memory *map, const void *key,
					size_t key_size)
{
	const __u8 *bytes = key;
	__u64 hash = 0;

	for (size_t i = 0; i < key_size; i++)
		hash = (hash ^ bytes[i]) * 0x9e3779b97f4a7c15ULL;
	return (hash >> 32) % hash_buckets(map);
}

static __always_inline __u8 *hash_bucket(const struct map_memory *map, size_t i, size_t bucket_size)
{
	return (__u8 *)map->value + i % hash_buckets(map) * bucket_size;
}

static __always_inline bool hash_has_key(const __u8 *bucket, const __u8 *key, size_t key_size)
{
	for (size_t i = 0; i < key_size; i++)
		if (bucket[HASH_USED_SIZE + i] != key[i])
			return false;
	return true;
}

/* The bucket that has the key, or else the first free one behind its home. */
static __always_inline size_t hash_find(const struct map_memory *map, const void *key,
					size_t key_size, size_t bucket_size)
{
	size_t i = hash_home(map, key, key_size);
	const __u8 *bucket;

	for (;; i++) {
		bucket = hash_bucket(map, i, bucket_size);
		if (!*bucket || hash_has_key(bucket, key, key_size))
			return i % hash_buckets(map);
	}
}

/* The key's value, or NULL. */
static __always_inline void *hash_lookup(const struct map_memory *map, const void *key,
					 size_t key_size, size_t value_size)
{
	size_t bucket_size = hash_bucket_size(key_size, value_size);
	__u8 *bucket = hash_bucket(map, hash_find(map, key, key_size, bucket_size), bucket_size);

	return *bucket ? bucket + HASH_USED_SIZE + map_stride(key_size) : NULL;
}

/* The key's value; the key may be new. Its host sees to it that the map has room. */
static __always_inline void *hash_insert(const struct map_memory *map, const void *key,
					 size_t key_size, size_t value_size)
{
	size_t bucket_size = hash_bucket_size(key_size, value_size);
	__u8 *bucket = hash_bucket(map, hash_find(map, key, key_size, bucket_size), bucket_size);

	*bucket = 1;
	__builtin_memcpy(bucket + HASH_USED_SIZE, key, key_size);
	return bucket + HASH_USED_SIZE + map_stride(key_size);
}

/* Removes a key, if it is there. Entries behind it that could no longer be found move up. */
static __always_inline void hash_remove(const struct map_memory *map, const void *key,
					size_t key_size, size_t value_size)
{
	size_t bucket_size = hash_bucket_size(key_size, value_size), n = hash_buckets(map);
	size_t hole = hash_find(map, key, key_size, bucket_size);

	for (size_t distance = 1;; distance++) {
		size_t i = (hole + distance) % n;
		__u8 *bucket = hash_bucket(map, i, bucket_size);

		if (!*bucket)
			break;
		/* It is looked for from its home on: only if that is not behind the hole. */
		if ((i + n - hash_home(map, bucket + HASH_USED_SIZE, key_size)) % n < distance)
			continue;
		__builtin_memcpy(hash_bucket(map, hole, bucket_size), bucket, bucket_size);
		hole = i;
		distance = 0;
	}
	__builtin_memset(hash_bucket(map, hole, bucket_size), 0, bucket_size);
}

#endif
