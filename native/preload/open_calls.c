/* SPDX-License-Identifier: MIT */
/* The calls by which programs open files. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>

#include "proc.h"
#include "real.h"

/* open() of this name may be open64() by another; here each is itself. */
#ifdef __USE_FILE_OFFSET64
#error "to be compiled without _FILE_OFFSET_BITS"
#endif

/* The mode that follows the flags; what is there without one is passed on as libc passes it on. */
#define MODE_BEHIND(last)                                                                          \
	({                                                                                         \
		va_list arguments;                                                                 \
		mode_t mode = 0;                                                                   \
                                                                                                   \
		if (__OPEN_NEEDS_MODE(last)) {                                                     \
			va_start(arguments, last);                                                 \
			mode = va_arg(arguments, mode_t);                                          \
			va_end(arguments);                                                         \
		}                                                                                  \
		mode;                                                                              \
	})

INTERPOSED int open(const char *path, int flags, ...)
{
	const char *name = proc_name(path);

	return name ? proc_open(name, flags) : REAL(open)(path, flags, MODE_BEHIND(flags));
}

INTERPOSED int open64(const char *path, int flags, ...)
{
	const char *name = proc_name(path);

	return name ? proc_open(name, flags) : REAL(open64)(path, flags, MODE_BEHIND(flags));
}

INTERPOSED int openat(int directory, const char *path, int flags, ...)
{
	const char *name = proc_name(path);

	return name ? proc_open(name, flags)
		    : REAL(openat)(directory, path, flags, MODE_BEHIND(flags));
}

INTERPOSED int openat64(int directory, const char *path, int flags, ...)
{
	const char *name = proc_name(path);

	return name ? proc_open(name, flags)
		    : REAL(openat64)(directory, path, flags, MODE_BEHIND(flags));
}

INTERPOSED int __open_2(const char *path, int flags)
{
	const char *name = proc_name(path);

	return name ? proc_open(name, flags) : REAL(__open_2)(path, flags);
}

INTERPOSED int __open64_2(const char *path, int flags)
{
	const char *name = proc_name(path);

	return name ? proc_open(name, flags) : REAL(__open64_2)(path, flags);
}

INTERPOSED int __openat_2(int directory, const char *path, int flags)
{
	const char *name = proc_name(path);

	return name ? proc_open(name, flags) : REAL(__openat_2)(directory, path, flags);
}

INTERPOSED int __openat64_2(int directory, const char *path, int flags)
{
	const char *name = proc_name(path);

	return name ? proc_open(name, flags) : REAL(__openat64_2)(directory, path, flags);
}

/* For reading, with any of fopen(3)'s letters; all else the kernel refuses for these files. */
static FILE *open_stream(const char *name, const char *mode)
{
	const char *letter = mode;
	int flags = *mode == 'r' ? O_RDONLY : O_WRONLY, file;
	FILE *stream;

	for (; *letter; letter++) {
		if (*letter == '+')
			flags = O_RDWR | (flags & O_CLOEXEC);
		if (*letter == 'e')
			flags |= O_CLOEXEC;
	}
	file = proc_open(name, flags);
	if (file < 0)
		return NULL;
	stream = fdopen(file, mode);
	if (!stream)
		close(file);
	return stream;
}

INTERPOSED FILE *fopen(const char *path, const char *mode)
{
	const char *name = proc_name(path);

	return name ? open_stream(name, mode) : REAL(fopen)(path, mode);
}

INTERPOSED FILE *fopen64(const char *path, const char *mode)
{
	const char *name = proc_name(path);

	return name ? open_stream(name, mode) : REAL(fopen64)(path, mode);
}
