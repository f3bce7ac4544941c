/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "director.h"
#include "message.h"
#include "real.h"
#include "vocabulary.h"

static const char *const names[] = {"ip_vs", "ip_vs_conn", "ip_vs_stats"};

static const char *without_prefix(const char *path, const char *prefix)
{
	const size_t length = strlen(prefix);

	return strncmp(path, prefix, length) == 0 ? path + length : NULL;
}

/* The name of the file of IPVS that a path leads to; NULL for all others. */
const char *proc_name(const char *path)
{
	const char *name;

	if (!path || strncmp(path, "/proc/", 6) != 0)
		return NULL;
	name = without_prefix(path, "/proc/net/");
	if (!name)
		name = without_prefix(path, "/proc/self/net/");
	for (size_t i = 0; name && i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return names[i];
	return NULL;
}

/* Asks for the text. A connection to read the answer from, or -errno. */
static int ask(const char *name)
{
	struct {
		struct nlmsghdr header;
		struct genlmsghdr genl;
		struct nlattr attribute;
		char name[NLA_ALIGN(sizeof("ip_vs_stats"))];
	} request = {
	    .header.nlmsg_type = IPVS_FAMILY_ID,
	    .header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
	    .genl = {.cmd = IPVS_CMD_PROC_READ, .version = IPVS_FAMILY_VERSION},
	    .attribute.nla_type = IPVS_ATTR_PROC_NAME,
	    .attribute.nla_len = NLA_HDRLEN + strlen(name) + 1,
	};

	strcpy(request.name, name);
	request.header.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) + NLA_ALIGN(request.attribute.nla_len);
	return director_deliver(&request, request.header.nlmsg_len);
}

/* Receives exactly so many bytes. 0 or -errno. */
static int receive_whole(int fd, void *data, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t part = REAL(recv)(fd, (char *)data + done, length - done, 0);

		if (part == 0)
			return -ECONNRESET;
		if (part < 0 && errno != EINTR)
			return -errno;
		if (part > 0)
			done += part;
	}
	return 0;
}

static int write_whole(int fd, const void *data, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t part = REAL(write)(fd, (const char *)data + done, length - done);

		if (part < 0 && errno != EINTR)
			return -errno;
		if (part > 0)
			done += part;
	}
	return 0;
}

/* Moves bytes of the answer into the file, or nowhere. 0 or -errno. */
static int move(int connection, int file, size_t length)
{
	char bytes[4096];

	while (length > 0) {
		const size_t part = length < sizeof(bytes) ? length : sizeof(bytes);
		int error = receive_whole(connection, bytes, part);

		if (!error && file >= 0)
			error = write_whole(file, bytes, part);
		if (error)
			return error;
		length -= part;
	}
	return 0;
}

/* A message with a piece of the text: its attributes, of which one is the piece. 0 or -errno. */
static int receive_piece(int connection, int file, size_t length)
{
	int error = move(connection, -1, length < GENL_HDRLEN ? length : GENL_HDRLEN);

	if (error || length < GENL_HDRLEN)
		return error ? error : -EPROTO;
	for (length -= GENL_HDRLEN; length >= NLA_HDRLEN;) {
		struct nlattr attribute;
		size_t size, padding;

		error = receive_whole(connection, &attribute, sizeof(attribute));
		if (error)
			return error;
		length -= sizeof(attribute);
		size = attribute.nla_len - NLA_HDRLEN;
		if (attribute.nla_len < NLA_HDRLEN || size > length)
			return -EPROTO;
		padding = NLA_ALIGN(size) <= length ? NLA_ALIGN(size) - size : length - size;
		error =
		    move(connection, attribute.nla_type == IPVS_ATTR_PROC_TEXT ? file : -1, size);
		if (!error)
			error = move(connection, -1, padding);
		if (error)
			return error;
		length -= size + padding;
	}
	return move(connection, -1, length);
}

/* Receives messages up to the end of the text. 0 or -errno, also the one that was answered. */
static int receive_text(int connection, int file)
{
	for (;;) {
		struct nlmsghdr header;
		int refusal = 0;
		int error = receive_whole(connection, &header, sizeof(header));
		const size_t length = NLMSG_ALIGN(header.nlmsg_len) - NLMSG_HDRLEN;

		if (error)
			return error;
		if (header.nlmsg_len < NLMSG_HDRLEN)
			return -EPROTO;
		if (header.nlmsg_type == NLMSG_DONE)
			return 0;
		if (header.nlmsg_type == NLMSG_ERROR) {
			if (length < sizeof(refusal))
				return -EPROTO;
			error = receive_whole(connection, &refusal, sizeof(refusal));
			if (!error && refusal > 0)
				error = -EPROTO;
			return error ? error : refusal;
		}
		error = receive_piece(connection, file, length);
		if (error)
			return error;
	}
}

/* 0 with the whole text in the file, or -errno. */
static int read_text(const char *name, int file)
{
	int connection = ask(name), error;

	if (connection < 0)
		return connection;
	error = receive_text(connection, file);
	close(connection);
	return error;
}

/*
 * Opens a file with the text that the director has for it now; a descriptor, or -1 and errno:
 * ENOENT without a director, as without IPVS. It is a file in memory: seeking, mapping and stat()
 * are then the kernel's business, and a table of any size has room.
 */
int proc_open(const char *name, int flags)
{
	int file, error;

	if ((flags & O_ACCMODE) != O_RDONLY) {
		errno = EACCES;
		return -1;
	}
	file = memfd_create(name, flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
	if (file < 0)
		return -1;
	error = read_text(name, file);
	/* The director has gone meanwhile: once more, from the beginning. */
	if (director_is_gone(error) && lseek(file, 0, SEEK_SET) == 0 && ftruncate(file, 0) == 0)
		error = read_text(name, file);
	if (error || lseek(file, 0, SEEK_SET) < 0) {
		close(file);
		/* What open() says to those who may not. */
		errno = error == -EPERM ? EACCES : error ? -error : errno;
		return -1;
	}
	return file;
}
