/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/* Frames as others see them: nothing here is of the code that is being tested. */
#ifndef WIRE_H
#define WIRE_H

/* A whole IPv4 packet in a frame, in bytes. */
struct datagram {
	__u8 *at;
	size_t header;
	size_t total;
};

/* Behind up to two VLAN tags. Returns whether there is one. */
NO_COVERAGE static bool find_datagram(__u8 *frame, size_t length, struct datagram *found)
{
	size_t at = 12;

	while (at + 4 <= length && at < 20 &&
	       ((frame[at] == 0x81 && frame[at + 1] == 0x00) ||
		(frame[at] == 0x88 && frame[at + 1] == 0xa8)))
		at += 4;
	at += 2;
	if (at + 20 > length)
		return false;
	found->at = frame + at;
	found->header = (frame[at] & 0x0f) * 4;
	found->total = frame[at + 2] << 8 | frame[at + 3];
	return found->header >= 20 && found->header <= found->total && at + found->total <= length;
}

static bool is_icmp(const struct datagram *datagram)
{
	return datagram->at[9] == IPPROTO_ICMP;
}

/* The Internet checksum (RFC 1071): 0 of what has a right one. */
NO_COVERAGE static __u16 checksum_of(const __u8 *bytes, size_t length)
{
	__u32 sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += bytes[i] << (i & 1 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

static __u16 header_checksum(const struct datagram *datagram)
{
	return checksum_of(datagram->at, datagram->header);
}

static __u16 payload_checksum(const struct datagram *datagram)
{
	return checksum_of(datagram->at + datagram->header, datagram->total - datagram->header);
}

static void put_checksum(__u8 *to, __u16 checksum)
{
	to[0] = checksum >> 8;
	to[1] = checksum & 0xff;
}

/* Makes the checksums right of the IP header and of ICMP. */
NO_COVERAGE static void mend_checksums(__u8 *frame, size_t length)
{
	struct datagram datagram;
	__u8 *icmp;

	if (!find_datagram(frame, length, &datagram))
		return;
	put_checksum(datagram.at + 10, 0);
	put_checksum(datagram.at + 10, header_checksum(&datagram));
	if (!is_icmp(&datagram) || datagram.total < datagram.header + 4)
		return;
	icmp = datagram.at + datagram.header;
	put_checksum(icmp + 2, 0);
	put_checksum(icmp + 2, payload_checksum(&datagram));
}

#endif
