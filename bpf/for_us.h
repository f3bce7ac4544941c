/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Decides whether a frame is addressed to this director. Knows no maps. */
#ifndef FOR_US_H
#define FOR_US_H

#include "packet.h"

/* Of the first byte of a hardware address: multicast or broadcast. */
#define MAC_GROUP_BIT 0x01

/*
 * Whether the frame was sent to this machine, as IPVS asks with PACKET_HOST (ip_vs_in_hook()). A
 * bridge that floods shows the director, or its backup, what is for others.
 */
static __always_inline bool is_for_us(const struct ethhdr *eth, const struct config *config,
				      __u32 now)
{
	__u64 mac = eth_destination(eth);

	if (likely(mac == config->own_macs[0]))
		return true;
	if (mac & MAC_GROUP_BIT)
		return false;
	if (!config->n_own_macs || (__s32)(config->own_macs_until - now) <= 0)
		return true;
	for (__u32 i = 1; i < OWN_MACS && i < config->n_own_macs; i++) {
		if (config->own_macs[i] == mac)
			return true;
	}
	return false;
}

#endif
