/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "real.h"

#include <dlfcn.h>
#include <stdlib.h>

static const char *const names[REAL_COUNT] = {
#define REAL_STRING(name) [REAL_##name] = #name,
    REAL_CALLS(REAL_STRING)
#undef REAL_STRING
};

static void *found[REAL_COUNT];

/* Two threads that look at once find the same. */
void *real_call(enum real_call which)
{
	void *call = __atomic_load_n(&found[which], __ATOMIC_RELAXED);

	if (call)
		return call;
	call = dlsym(RTLD_NEXT, names[which]);
	if (!call)
		abort();
	__atomic_store_n(&found[which], call, __ATOMIC_RELAXED);
	return call;
}

/*
 * dlsym() may not be called from a signal handler, and read() and write() may: so all are looked up
 * at the start. Calls from the constructors of other libraries can come earlier and find their own.
 * A libc without the fortified calls has no program that calls them.
 */
__attribute__((constructor)) static void find_all(void)
{
	for (int i = 0; i < REAL_COUNT; i++)
		found[i] = dlsym(RTLD_NEXT, names[i]);
}
