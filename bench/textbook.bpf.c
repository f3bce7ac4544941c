// SPDX-License-Identifier: GPL-2.0-only
/*
 * A director as a good textbook would write it, to compare with: the kernel's LRU hash as
 * connection table, a hash of services, real servers in turn, per-CPU counters. It keeps no TCP
 * states, no timeouts and no counts of connections, so it does less than the director that it
 * stands beside.
 */
#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define MAX_SERVERS 64

struct flow {
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
	__u32 protocol;
};

struct service_key {
	__be32 vip;
	__be16 vport;
	__u16 protocol;
};

struct service {
	__u32 n_servers;
	/* Picks so far. */
	__u32 turn;
};

/* As bench/micro/textbook.ts writes it. */
struct real_server {
	__be32 rip;
	/* Source of the outer header. */
	__be32 saddr;
	__u8 destination_mac[ETH_ALEN];
	__u8 source_mac[ETH_ALEN];
	__u32 tunnel;
};

struct traffic {
	__u64 packets;
	__u64 bytes;
};

/* max_entries is set at load. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, struct flow);
	__type(value, __u32);
} conns SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct service_key);
	__type(value, struct service);
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SERVERS);
	__type(key, __u32);
	__type(value, struct real_server);
} real_servers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAX_SERVERS);
	__type(key, __u32);
	__type(value, struct traffic);
} server_traffic SEC(".maps");

static __always_inline bool parse(struct xdp_md *ctx, struct flow *flow, struct iphdr **header)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	struct udphdr *udp = (void *)(ip + 1);

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->ihl != 5)
		return false;
	if (ip->protocol == IPPROTO_TCP && (void *)(tcp + 1) <= end) {
		flow->sport = tcp->source;
		flow->dport = tcp->dest;
	} else if (ip->protocol == IPPROTO_UDP && (void *)(udp + 1) <= end) {
		flow->sport = udp->source;
		flow->dport = udp->dest;
	} else {
		return false;
	}
	flow->saddr = ip->saddr;
	flow->daddr = ip->daddr;
	flow->protocol = ip->protocol;
	*header = ip;
	return true;
}

/* The real server of a new connection: the next in turn. */
static __always_inline bool schedule(const struct flow *flow, __u32 *server)
{
	struct service_key key = {flow->daddr, flow->dport, flow->protocol};
	struct service *service = bpf_map_lookup_elem(&services, &key);

	if (!service || service->n_servers == 0)
		return false;
	*server = __sync_fetch_and_add(&service->turn, 1) % service->n_servers;
	return bpf_map_update_elem(&conns, flow, server, BPF_ANY) == 0;
}

static __always_inline __u16 ip_checksum(const struct iphdr *ip)
{
	const __u16 *words = (const __u16 *)ip;
	__u32 sum = 0;

	for (int i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline void decrement_ttl(struct iphdr *ip)
{
	__u32 check = ip->check + bpf_htons(0x0100);

	ip->check = check + (check >= 0xffff);
	ip->ttl--;
}

static __always_inline int encapsulate(struct xdp_md *ctx, const struct real_server *server,
				       const struct iphdr *inner)
{
	struct iphdr outer = {
	    .version = 4,
	    .ihl = 5,
	    .tos = inner->tos,
	    .tot_len = bpf_htons(bpf_ntohs(inner->tot_len) + sizeof(outer)),
	    .frag_off = inner->frag_off & bpf_htons(0x4000),
	    .ttl = inner->ttl,
	    .protocol = IPPROTO_IPIP,
	    .saddr = server->saddr,
	    .daddr = server->rip,
	};
	struct ethhdr *eth;
	struct iphdr *ip;

	outer.check = ip_checksum(&outer);
	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(outer)))
		return -1;
	eth = (void *)(long)ctx->data;
	ip = (void *)(eth + 1);
	if ((void *)(ip + 1) > (void *)(long)ctx->data_end)
		return -1;
	*ip = outer;
	eth->h_proto = bpf_htons(ETH_P_IP);
	return 0;
}

SEC("xdp")
int textbook(struct xdp_md *ctx)
{
	struct flow flow = {};
	struct real_server *server;
	struct traffic *traffic;
	struct ethhdr *eth;
	struct iphdr *ip;
	__u32 *known, picked;

	if (!parse(ctx, &flow, &ip))
		return XDP_PASS;
	known = bpf_map_lookup_elem(&conns, &flow);
	if (known)
		picked = *known;
	else if (!schedule(&flow, &picked))
		return XDP_PASS;
	server = bpf_map_lookup_elem(&real_servers, &picked);
	traffic = bpf_map_lookup_elem(&server_traffic, &picked);
	if (!server || !traffic || ip->ttl <= 1)
		return XDP_DROP;
	traffic->packets += 1;
	traffic->bytes += bpf_ntohs(ip->tot_len);
	decrement_ttl(ip);
	if (server->tunnel && encapsulate(ctx, server, ip))
		return XDP_DROP;
	eth = (void *)(long)ctx->data;
	if ((void *)(eth + 1) > (void *)(long)ctx->data_end)
		return XDP_DROP;
	__builtin_memcpy(eth->h_dest, server->destination_mac, ETH_ALEN);
	__builtin_memcpy(eth->h_source, server->source_mac, ETH_ALEN);
	return XDP_TX;
}
