/* SPDX-License-Identifier: MIT */
/* Checks with several descriptors, processes or threads at once. */
#include "probe.h"

#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

static void await_child(pid_t child)
{
	int status;

	CHECK(waitpid(child, &status, 0) == child);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Copies of a descriptor, in this process, in a child, and in another program. */
void check_processes(const char *self)
{
	struct message message;
	char number[16];
	int fd = open_socket(0), copy;
	pid_t child;

	ask(fd, IPVS, 0, GET_INFO, 1);
	copy = dup(fd);
	close(fd);
	CHECK(answer(copy, &message) > 0 && message.header.nlmsg_seq == 1);

	ask(copy, IPVS, 0, GET_INFO, 2);
	child = fork();
	if (child == 0) {
		CHECK(answer(copy, &message) > 0 && message.header.nlmsg_seq == 2);
		converse(copy, 3);
		_exit(0);
	}
	await_child(child);
	converse(copy, 4);

	ask(copy, IPVS, 0, GET_INFO, 5);
	snprintf(number, sizeof(number), "%d", copy);
	child = fork();
	if (child == 0) {
		execl(self, self, "inherited", number, NULL);
		_exit(1);
	}
	await_child(child);
	converse(copy, 8);
}

/* In another program: the answer to what was asked before exec(), and a conversation of its own. */
void check_inherited(int fd)
{
	struct message message;

	CHECK(answer(fd, &message) > 0);
	CHECK(message.header.nlmsg_type == IPVS && message.header.nlmsg_seq == 5);
	converse(fd, 6);
}

#define THREADS 8

static void *converse_often(void *number)
{
	unsigned int first = (size_t)number * 1000;

	for (unsigned int i = 0; i < 20; i++) {
		int fd = open_socket(0);

		converse(fd, first + 2 * i);
		converse(fd, first + 2 * i + 1);
		close(fd);
	}
	return NULL;
}

void check_threads(void)
{
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, converse_often, (void *)i) == 0);
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
}

#define ROUNDS	 10
#define MESSAGES 1000

static int shared;
static unsigned int taken;

/* Takes messages of one answer, which other threads take as well, until there are no more. */
static void *take_some(void *unused)
{
	struct message message;

	(void)unused;
	for (;;) {
		ssize_t length = recv(shared, &message, sizeof(message), MSG_DONTWAIT);

		if (length < 0 && errno == EAGAIN) {
			if (__atomic_load_n(&taken, __ATOMIC_SEQ_CST) == MESSAGES)
				return NULL;
			continue;
		}
		CHECK(length == message.header.nlmsg_len && message.header.nlmsg_seq == 1);
		__atomic_add_fetch(&taken, 1, __ATOMIC_SEQ_CST);
	}
}

/* So much that threads which begin now meet. */
static void await_plenty(void)
{
	int queued = 0;

	while (queued < 20000) {
		await(shared);
		CHECK(ioctl(shared, FIONREAD, &queued) == 0);
	}
}

static void take_together(void)
{
	pthread_t threads[THREADS];

	taken = 0;
	ask(shared, IPVS, NLM_F_DUMP, GET_SERVICE, 1);
	await_plenty();
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, take_some, NULL) == 0);
	for (size_t i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	CHECK(taken == MESSAGES);
}

/* An answer of many messages is taken by several threads: each message whole, and once. */
void check_shared(void)
{
	shared = open_socket(0);
	for (int round = 0; round < ROUNDS; round++)
		take_together();
}
