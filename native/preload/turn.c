/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "turn.h"

#include <pthread.h>

/*
 * It checks errors: a signal handler that speaks with IPVS while its own thread does so is refused
 * instead of waiting for itself. Who writes or reads anything else never comes here.
 */
static pthread_mutex_t turn = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
static int cancel_state;

/* 0, or an errno if this thread has the turn already. A thread is not cancelled while it has it. */
int turn_take(void)
{
	int before, error;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
	error = pthread_mutex_lock(&turn);
	if (error)
		pthread_setcancelstate(before, NULL);
	else
		cancel_state = before;
	return error;
}

void turn_give(void)
{
	int before = cancel_state;

	pthread_mutex_unlock(&turn);
	pthread_setcancelstate(before, NULL);
}

static void take_for_fork(void)
{
	pthread_mutex_lock(&turn);
}

static void give_in_parent(void)
{
	pthread_mutex_unlock(&turn);
}

/* Its owner is the thread of the parent, whose number the child's thread does not have. */
static void renew_in_child(void)
{
	static const pthread_mutex_t unlocked = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;

	turn = unlocked;
}

__attribute__((constructor)) static void survive_fork(void)
{
	pthread_atfork(take_for_fork, give_in_parent, renew_in_child);
}
