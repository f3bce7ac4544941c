/* SPDX-License-Identifier: MIT */
#include "message.h"

#include <string.h>

#include "vocabulary.h"

/* Copies the first bytes of what the iov has, as many as there is room for; returns how many. */
size_t iov_gather(const struct iovec *iov, size_t count, void *to, size_t room)
{
	size_t length = 0;

	for (size_t i = 0; i < count && length < room; i++) {
		size_t part = iov[i].iov_len < room - length ? iov[i].iov_len : room - length;

		if (part == 0)
			continue;
		memcpy((unsigned char *)to + length, iov[i].iov_base, part);
		length += part;
	}
	return length;
}

/* Copies as much as the iov has room for; returns how much that was. */
size_t iov_scatter(const struct iovec *iov, size_t count, const void *from, size_t length)
{
	size_t done = 0;

	for (size_t i = 0; i < count && done < length; i++) {
		size_t part = iov[i].iov_len < length - done ? iov[i].iov_len : length - done;

		if (part == 0)
			continue;
		memcpy(iov[i].iov_base, (const unsigned char *)from + done, part);
		done += part;
	}
	return done;
}

size_t iov_length(const struct iovec *iov, size_t count)
{
	size_t length = 0;

	for (size_t i = 0; i < count; i++)
		length += iov[i].iov_len;
	return length;
}

static bool is_framed(const struct nlmsghdr *header, size_t length)
{
	return length >= NLMSG_HDRLEN && header->nlmsg_len >= NLMSG_HDRLEN &&
	       header->nlmsg_len <= length;
}

/*
 * Whether what a program sends or writes, to whatever it is, could be a message for IPVS. It asks
 * nobody, since every byte that any program writes comes by here; to what the bytes are written is
 * looked at only then.
 */
bool may_be_ipvs(const struct iovec *iov, size_t count)
{
	struct nlmsghdr header;

	if (iov_gather(iov, count, &header, sizeof(header)) < sizeof(header))
		return false;
	return (header.nlmsg_type == IPVS_FAMILY_ID || header.nlmsg_type == GENL_ID_CTRL) &&
	       is_framed(&header, iov_length(iov, count));
}

static bool names_ipvs(const struct nlattr *attribute, size_t length)
{
	const void *value = (const unsigned char *)attribute + NLA_HDRLEN;
	unsigned short id;

	switch (attribute->nla_type & NLA_TYPE_MASK) {
	case CTRL_ATTR_FAMILY_NAME:
		/* The kernel takes it with and without a zero at the end (nla_strscpy). */
		return length >= strlen(IPVS_FAMILY_NAME) &&
		       strnlen(value, length) == strlen(IPVS_FAMILY_NAME) &&
		       memcmp(value, IPVS_FAMILY_NAME, strlen(IPVS_FAMILY_NAME)) == 0;
	case CTRL_ATTR_FAMILY_ID:
		if (length < sizeof(id))
			return false;
		memcpy(&id, value, sizeof(id));
		return id == IPVS_FAMILY_ID;
	default:
		return false;
	}
}

/* CTRL_CMD_GETFAMILY for IPVS. A dump, of all families, is the kernel's. */
static bool asks_for_family(const struct request *request)
{
	const size_t length = request->header.nlmsg_len;
	const struct genlmsghdr *genl = (const void *)(request->bytes + NLMSG_HDRLEN);
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN;

	if (length < at || genl->cmd != CTRL_CMD_GETFAMILY ||
	    (request->header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
		return false;
	while (at + NLA_HDRLEN <= length) {
		const struct nlattr *attribute = (const void *)(request->bytes + at);

		if (attribute->nla_len < NLA_HDRLEN || attribute->nla_len > length - at)
			return false;
		if (names_ipvs(attribute, attribute->nla_len - NLA_HDRLEN))
			return true;
		at += NLA_ALIGN(attribute->nla_len);
	}
	return false;
}

/* Whom the first message is for. Several at once for several families: no client sends them. */
enum recipient recipient_of(const struct request *request)
{
	if (!is_framed(&request->header, request->length))
		return RECIPIENT_NONE;
	if (request->header.nlmsg_type == IPVS_FAMILY_ID)
		return RECIPIENT_IPVS;
	if (request->header.nlmsg_type == GENL_ID_CTRL && asks_for_family(request))
		return RECIPIENT_IPVS;
	return RECIPIENT_OTHER;
}

/* netlink_ack() of net/netlink/af_netlink.c: a refusal quotes the request, success its header. */
static struct answer answer_quoting(const struct nlmsghdr *request, size_t quoted, int error)
{
	struct answer answer = {
	    .length = NLMSG_SPACE(sizeof(error) + quoted),
	    .message.header.nlmsg_type = NLMSG_ERROR,
	    .message.header.nlmsg_len = NLMSG_LENGTH(sizeof(error) + quoted),
	    .message.header.nlmsg_flags = error ? 0 : NLM_F_CAPPED,
	    .message.header.nlmsg_seq = request->nlmsg_seq,
	    .message.header.nlmsg_pid = request->nlmsg_pid,
	    .message.error = error,
	};

	memcpy(answer.message.request, request, quoted);
	return answer;
}

/* @error: an errno, negative. */
struct answer answer_error(const struct request *request, int error)
{
	return answer_quoting(&request->header, request->header.nlmsg_len, error);
}

struct answer answer_done(const struct nlmsghdr *request)
{
	return answer_quoting(request, sizeof(*request), 0);
}
