/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * The path MTU of tunnels (RFC 1191), one for each address of a real server: learned from ICMP, in
 * force for ten minutes, as net/ipv4/route.c keeps it (ip_rt_update_pmtu()). Knows no maps.
 */
#ifndef PATH_MTU_H
#define PATH_MTU_H

#include "types.h"

/* Time is kept in 16 bits: units of 16 ticks, about a second. */
#define PATH_MTU_UNIT 4
/* Ten minutes (ip_rt_mtu_expires) in units. */
#define PATH_MTU_LIFETIME 559
/* Nothing below is believed (ip_rt_min_pmtu): a forged error shall not make every packet tiny. */
#define PATH_MTU_MIN 552
#define NO_PATH_MTU  0xffffffff

/*
 * The largest packet known to reach the address, in bytes. An entry that nobody asked for comes
 * back to life when the 16 bits come round, after 19 hours, for ten minutes: no harm.
 */
static __always_inline __u32 known_path_mtu(const struct next_hop *next_hop, __u32 now)
{
	__u32 word = *(const volatile __u32 *)&next_hop->path_mtu;
	__u16 left = (word >> 16) - (now >> PATH_MTU_UNIT);

	if (!word || left == 0 || left > PATH_MTU_LIFETIME)
		return NO_PATH_MTU;
	return word & 0xffff;
}

/*
 * A router says that packets to the address may have mtu bytes. It only goes down until it is
 * forgotten. Returns what is known now.
 */
static __always_inline __u32 learn_path_mtu(struct next_hop *next_hop, __u32 mtu, __u32 now)
{
	__u32 known = known_path_mtu(next_hop, now);
	__u16 until = (now >> PATH_MTU_UNIT) + PATH_MTU_LIFETIME;

	if (mtu < PATH_MTU_MIN)
		mtu = PATH_MTU_MIN;
	if (mtu >= known)
		return known;
	*(volatile __u32 *)&next_hop->path_mtu = (__u32)until << 16 | (mtu & 0xffff);
	return mtu;
}

#endif
