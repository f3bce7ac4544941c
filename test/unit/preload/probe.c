/* SPDX-License-Identifier: MIT */
/* Checks of the preload library from within a program: probe NAME ends with 0 if it holds. */
#include "probe.h"

#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/time.h>
#include <sys/uio.h>

/* One message a call, whatever is asked for, as from a socket of datagrams. */
static void check_datagrams(void)
{
	struct sockaddr_nl source = {.nl_pid = 77};
	socklen_t source_length = sizeof(source);
	struct message message, again;
	char small[20];
	struct iovec halves[] = {{&message, 10}, {(char *)&message + 10, sizeof(message) - 10}};
	struct iovec one = {small, sizeof(small)};
	struct msghdr header = {.msg_iov = &one, .msg_iovlen = 1};
	int fd = open_socket(0);
	ssize_t whole;

	ask(fd, IPVS, NLM_F_ACK, GET_INFO, 1);
	await(fd);
	whole = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC);
	CHECK(whole > (ssize_t)sizeof(small));
	CHECK(recv(fd, small, sizeof(small), MSG_PEEK) == sizeof(small));
	CHECK(recv(fd, &again, sizeof(again), MSG_PEEK) == whole);
	CHECK(readv(fd, halves, 2) == whole && memcmp(&message, &again, whole) == 0);
	CHECK(recvfrom(fd, &message, sizeof(message), 0, (struct sockaddr *)&source,
		       &source_length) == 36);
	CHECK(message.header.nlmsg_type == NLMSG_ERROR);
	CHECK(source_length == sizeof(source) && source.nl_family == AF_NETLINK && !source.nl_pid);

	ask(fd, IPVS, NLM_F_ACK, GET_INFO, 2);
	CHECK(recvmsg(fd, &header, 0) == sizeof(small));
	CHECK(header.msg_flags & MSG_TRUNC);
	CHECK(read(fd, &message, sizeof(message)) == 36);
	CHECK(message.header.nlmsg_seq == 2 && message.header.nlmsg_type == NLMSG_ERROR);

	ask(fd, IPVS, NLM_F_ACK, GET_INFO, 3);
	CHECK(recv(fd, small, sizeof(small), MSG_TRUNC) == whole);
	CHECK(recv(fd, small, sizeof(small), MSG_TRUNC) == 36);
}

static void check_identity(void)
{
	struct sockaddr_nl before, after, other = {.nl_family = AF_NETLINK, .nl_pid = 5};
	const struct timeval timeout = {.tv_sec = 3};
	struct timeval kept;
	socklen_t length = sizeof(before);
	int value = 1, fd = open_socket(0), flags = fcntl(fd, F_GETFD);

	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&before, &length) == 0);
	errno = 0;
	converse(fd, 1);
	CHECK(errno == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&after, &length) == 0);
	CHECK(length == sizeof(after) && memcmp(&before, &after, length) == 0);
	length = sizeof(kept);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kept, &length) == 0 && kept.tv_sec == 3);
	CHECK(bind(fd, (struct sockaddr *)&after, sizeof(after)) == 0);
	CHECK(bind(fd, (struct sockaddr *)&other, sizeof(other)) == -1 && errno == EINVAL);
	CHECK(setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &value, sizeof(value)) == 0);
	length = sizeof(value);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &value, &length) == 0 && value == AF_NETLINK);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &value, &length) == 0 &&
	      value == NETLINK_GENERIC);
	CHECK(fcntl(fd, F_GETFD) == flags && !(fcntl(fd, F_GETFL) & O_NONBLOCK));

	fd = open_socket(0);
	converse(fd, 1);
	length = sizeof(kept);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kept, &length) == 0 && kept.tv_sec == 10);

	fd = open_socket(SOCK_CLOEXEC | SOCK_NONBLOCK);
	ask(fd, IPVS, NLM_F_ACK, GET_INFO, 1);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC && fcntl(fd, F_GETFL) & O_NONBLOCK);
}

static void check_nonblocking(void)
{
	struct message message;
	int fd = open_socket(SOCK_NONBLOCK);

	for (unsigned int seq = 1; seq < 3; seq++) {
		ask(fd, IPVS, 0, GET_INFO, seq);
		await(fd);
		CHECK(answer(fd, &message) > 0 && message.header.nlmsg_seq == seq);
		CHECK(recv(fd, &message, sizeof(message), 0) == -1 && errno == EAGAIN);
	}
	fd = open_socket(0);
	converse(fd, 1);
	CHECK(recv(fd, &message, sizeof(message), MSG_DONTWAIT) == -1 && errno == EAGAIN);
}

/* Who has begun to wait for a descriptor before it was exchanged goes on waiting for it. */
static void check_epoll(void)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0x123456789abcdefULL};
	struct message message;
	int fd = open_socket(SOCK_NONBLOCK), epoll = epoll_create1(0);

	CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
	for (unsigned int seq = 1; seq < 3; seq++) {
		ask(fd, IPVS, 0, GET_INFO, seq);
		memset(&event, 0, sizeof(event));
		CHECK(epoll_wait(epoll, &event, 1, 10000) == 1);
		CHECK(event.events & EPOLLIN && event.data.u64 == 0x123456789abcdefULL);
		CHECK(answer(fd, &message) > 0 && message.header.nlmsg_seq == seq);
		CHECK(epoll_wait(epoll, &event, 1, 0) == 0);
	}
	CHECK(epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event) == 0);
}

static struct message family_request(const char *name, int flags, unsigned int seq)
{
	struct message message = request(GENL_ID_CTRL, flags, CTRL_CMD_GETFAMILY, seq);
	struct nlattr *attribute = (struct nlattr *)message.rest;

	attribute->nla_type = CTRL_ATTR_FAMILY_NAME;
	attribute->nla_len = NLA_HDRLEN + strlen(name) + 1;
	strcpy(message.rest + NLA_HDRLEN, name);
	message.header.nlmsg_len += NLA_ALIGN(attribute->nla_len);
	return message;
}

/* A message for another family, over a descriptor that was the director's, and back again. */
static void check_others(void)
{
	struct message message = family_request("nlctrl", 0, 7);
	int fd = open_socket(0), protocol;
	socklen_t length = sizeof(protocol);

	converse(fd, 1);
	CHECK(write(fd, &message, message.header.nlmsg_len) == message.header.nlmsg_len);
	CHECK(answer(fd, &message) > 0);
	CHECK(message.header.nlmsg_type == GENL_ID_CTRL && message.header.nlmsg_seq == 7);
	CHECK(message.genl.cmd == CTRL_CMD_NEWFAMILY);
	CHECK(memmem(&message, message.header.nlmsg_len, "nlctrl", sizeof("nlctrl")));
	converse(fd, 2);
	/* All families, whatever name is given with it. */
	message = family_request("IPVS", NLM_F_DUMP, 8);
	CHECK(send(fd, &message, message.header.nlmsg_len, 0) == message.header.nlmsg_len);
	CHECK(answer(fd, &message) > 0 && message.header.nlmsg_flags & NLM_F_MULTI);
	fd = open_socket(0);
	converse(fd, 3);
	/* No message: a kernel takes it and does nothing. */
	CHECK(send(fd, "no message", 10, 0) == 10);
	converse(fd, 4);

	fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	ask(fd, IPVS, 0, GET_INFO, 1);
	CHECK(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0);
	CHECK(protocol == NETLINK_ROUTE && answer(fd, &message) > 0);
	CHECK(message.header.nlmsg_type == NLMSG_ERROR);
}

/* What looks like a request for IPVS and is written to something else. */
static void check_lookalikes(void)
{
	struct message message = request(IPVS, 0, GET_INFO, 1), back;
	int ends[2];

	CHECK(pipe(ends) == 0);
	CHECK(write(ends[1], &message, 20) == 20 && read(ends[0], &back, 20) == 20);
	CHECK(memcmp(&message, &back, 20) == 0);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	CHECK(send(ends[1], &message, 20, 0) == 20 && recv(ends[0], &back, 20, 0) == 20);
	CHECK(send(-1, &message, 20, 0) == -1 && errno == EBADF);
}

/* The socket options that IPVS had before netlink never reach a kernel. */
static void check_options(void)
{
	char value[64];
	socklen_t length = sizeof(value);
	int fd = socket(AF_INET, SOCK_DGRAM, 0), ttl;

	errno = 0;
	CHECK(getsockopt(fd, SOL_IP, IP_VS_SO_GET_INFO, value, &length) == -1);
	CHECK(errno == ENOPROTOOPT);
	/* Of no descriptor, which a kernel that is asked calls EBADF, with IPVS and without it. */
	CHECK(getsockopt(-1, SOL_IP, IP_VS_SO_GET_DAEMON, value, &length) == -1);
	CHECK(errno == ENOPROTOOPT);
	CHECK(setsockopt(-1, SOL_IP, IP_VS_SO_SET_ZERO, value, 0) == -1 && errno == ENOPROTOOPT);
	length = sizeof(ttl);
	CHECK(getsockopt(fd, SOL_IP, IP_TTL, &ttl, &length) == 0 && ttl > 0);
}

/* The program's own patience with a director that says nothing. */
static void check_patience(void)
{
	const struct timeval timeout = {.tv_usec = 50000};
	struct message message;
	int fd = open_socket(0);

	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) == 0);
	ask(fd, IPVS, 0, GET_INFO, 1);
	CHECK(recv(fd, &message, sizeof(message), 0) == -1 && errno == EAGAIN);
}

/* Asks and answers by turns with the test, which meanwhile does something to the director. */
static void check_turns(void)
{
	char line[16];
	int fd = open_socket(0);

	for (unsigned int seq = 1; fgets(line, sizeof(line), stdin); seq++) {
		converse(fd, seq);
		puts("answered");
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*check)(void);
	} checks[] = {
	    {"datagrams", check_datagrams},
	    {"identity", check_identity},
	    {"nonblocking", check_nonblocking},
	    {"epoll", check_epoll},
	    {"others", check_others},
	    {"lookalikes", check_lookalikes},
	    {"options", check_options},
	    {"patience", check_patience},
	    {"turns", check_turns},
	    {"threads", check_threads},
	    {"shared", check_shared},
	    {"signals", check_signals},
	    {"addresses", check_addresses},
	    {"lengths", check_lengths},
	    {"at once", check_at_once},
	    {"late", check_late},
	};

	CHECK(argc > 1);
	if (strcmp(argv[1], "processes") == 0)
		check_processes(argv[0]);
	else if (strcmp(argv[1], "inherited") == 0)
		check_inherited(atoi(argv[2]));
	else
		for (size_t i = 0; i <= sizeof(checks) / sizeof(*checks); i++) {
			CHECK(i < sizeof(checks) / sizeof(*checks));
			if (strcmp(argv[1], checks[i].name) == 0) {
				checks[i].check();
				break;
			}
		}
	return 0;
}
