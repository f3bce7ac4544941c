/* SPDX-License-Identifier: MIT */
/* Checks that a program which asks IPVS is otherwise as it would be without the library. */
#include "probe.h"

#include <signal.h>
#include <sys/time.h>

static int self_pipe[2];
static volatile int refused;

static void wake(int signal)
{
	const char byte = signal;

	if (write(self_pipe[1], &byte, 1) != 1 && errno != EAGAIN)
		refused++;
}

/* A handler that writes to a pipe, as event loops have it, at any moment of a conversation. */
void check_signals(void)
{
	const struct itimerval often = {.it_interval.tv_usec = 50, .it_value.tv_usec = 50};
	const struct itimerval never = {};
	const struct sigaction action = {.sa_handler = wake, .sa_flags = SA_RESTART};
	char bytes[4096];
	int fd = open_socket(0);

	CHECK(pipe2(self_pipe, O_NONBLOCK) == 0);
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
	for (unsigned int seq = 1; seq <= 2000; seq++) {
		converse(fd, seq);
		while (read(self_pipe[0], bytes, sizeof(bytes)) > 0)
			;
	}
	CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
	CHECK(refused == 0);
}

/* The kernel looks at addresses, and says what is wrong with them. */
void check_addresses(void)
{
	/* Not a constant, or the compiler would know better. */
	void *volatile nowhere = (void *)8;

	converse(open_socket(0), 1);
	CHECK(pipe(self_pipe) == 0);
	CHECK(write(self_pipe[1], nowhere, 100) == -1 && errno == EFAULT);
	CHECK(send(self_pipe[1], nowhere, 100, 0) == -1 && errno == ENOTSOCK);
}

/* A message that is too long is refused, and one for another family goes to the kernel as a whole.
 */
void check_lengths(void)
{
	struct {
		struct message message;
		char rest[4096];
	} large = {.message = request(IPVS, NLM_F_ACK, GET_INFO, 1)};
	struct message refusal;
	int fd = open_socket(0);

	large.message.header.nlmsg_len = sizeof(large);
	CHECK(send(fd, &large, sizeof(large), 0) == -1 && errno == EMSGSIZE);
	converse(fd, 2);
	CHECK(send(fd, &large, sizeof(large), 0) == -1 && errno == EMSGSIZE);
	large.message.header.nlmsg_type = GENL_ID_CTRL;
	CHECK(send(fd, &large, sizeof(large), 0) == sizeof(large));
	CHECK(answer(fd, &refusal) > 0);
	CHECK(refusal.header.nlmsg_type == NLMSG_ERROR && refusal.header.nlmsg_seq == 1);
}

/* The answer is there when send() returns. */
void check_at_once(void)
{
	struct message message;
	int fd = open_socket(SOCK_NONBLOCK);

	for (unsigned int seq = 1; seq <= 100; seq++) {
		ask(fd, IPVS, NLM_F_ACK, GET_INFO, seq);
		CHECK(recv(fd, &message, sizeof(message), MSG_DONTWAIT) > 0);
		CHECK(message.header.nlmsg_seq == seq && message.header.nlmsg_type == IPVS);
		await(fd);
		answer(fd, &message);
	}
}

/* Nobody answers for so long that the request is given up; the next one gets its own answer. */
void check_late(void)
{
	struct message message = request(IPVS, NLM_F_ACK, GET_INFO, 1);
	int fd = open_socket(0);

	CHECK(send(fd, &message, message.header.nlmsg_len, 0) == -1 && errno == EAGAIN);
	converse(fd, 2);
}
