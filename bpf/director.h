/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* The packet path: the program that every frame enters, and the stages that go on from it. */
#ifndef DIRECTOR_H
#define DIRECTOR_H

#include "root.h"
#include "stage_schedule.h"
#include "stage_icmp.h"
#include "stage_fragment.h"
#include "stage_answer.h"

#endif
