// SPDX-License-Identifier: GPL-2.0-only OR MIT
/* The director for the kernel: the packet path, and the timer that keeps its clock. */
#include "director.h"
#include "sweeper.h"
#include "anchors.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
