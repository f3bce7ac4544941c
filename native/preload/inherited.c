/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "inherited.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "endpoint.h"
#include "real.h"

static enum { UNKNOWN, NONE, SOME } state;

/* An entry of a directory, as the kernel writes it: getdents(2). */
struct entry {
	unsigned long long inode;
	long long offset;
	unsigned short length;
	unsigned char type;
	char name[];
};

/* The number of a descriptor; -1 for `.' and `..'. */
static int descriptor_number(const char *name)
{
	int number = 0;

	for (; *name; name++) {
		if (*name < '0' || *name > '9')
			return -1;
		number = number * 10 + (*name - '0');
	}
	return number;
}

/*
 * Looks through the descriptors that came with exec(). Without opendir(), which allocates, and may
 * not be called from where read() may. What cannot be looked at may be one.
 */
static bool look(void)
{
	_Alignas(struct entry) char entries[1024];
	int directory = REAL(open)("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool is_found = directory < 0;
	long length = 0;

	while (!is_found &&
	       (length = syscall(SYS_getdents64, directory, entries, sizeof(entries))) > 0) {
		for (long at = 0; at < length && !is_found;) {
			const struct entry *entry = (const void *)(entries + at);

			is_found =
			    endpoint_of(descriptor_number(entry->name)).kind == ENDPOINT_IPVS;
			at += entry->length;
		}
	}
	if (directory >= 0)
		close(directory);
	return is_found || length < 0;
}

/* Looks once, when first asked; only an exchange in this process changes it after that. */
bool inherited_endpoint(void)
{
	int now = __atomic_load_n(&state, __ATOMIC_RELAXED);

	if (now == UNKNOWN) {
		const int error = errno;
		int unknown = UNKNOWN;

		now = look() ? SOME : NONE;
		/* Another thread may have noted one meanwhile. */
		if (!__atomic_compare_exchange_n((int *)&state, &unknown, now, false,
						 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			now = unknown;
		errno = error;
	}
	return now == SOME;
}

/* A program may shut itself in before it first reads, so that it cannot look any more (seccomp). */
__attribute__((constructor)) static void look_at_start(void)
{
	inherited_endpoint();
}

/* Before the exchange, so that no thread sees the one without the other. */
void inherited_note(void)
{
	__atomic_store_n(&state, SOME, __ATOMIC_RELAXED);
}
