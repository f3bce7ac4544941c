/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
/*
 * What there is before the first step. test/native/input.ts has the addresses, too.
 *
 *	tcp 192.0.2.10:80	plan 0	servers 0, 1	DR
 *	tcp 192.0.2.10:443	plan 1	servers 2, 3	TUN, to the least busy
 *	udp 192.0.2.10:53	plan 2	server 0	DR
 *	tcp 192.0.2.11:80	plan 3	servers 4, 5	DR and TUN, by another interface
 *	tcp 192.0.2.11:443	plan 4	servers 6, 7	the director itself; one whose way is
 *unknown udp 192.0.2.11:53	plan 5	none
 *
 * Server n is at 10.0.0.(1 + n), by next hop n.
 */
#ifndef WORLD_H
#define WORLD_H

#define FIRST_TICK    1000
#define TIMEOUT_TICKS 900
/* Services of each address. */
#define PORTS 3

static struct service_key service_at(__u32 which)
{
	static const struct {
		__u8 protocol;
		__u16 port;
	} ports[PORTS] = {{IPPROTO_TCP, 80}, {IPPROTO_TCP, 443}, {IPPROTO_UDP, 53}};

	which %= N_SERVICES;
	return (struct service_key){
	    .vip = mapped(bpf_htonl(0xc000020a + which / PORTS)),
	    .vport = bpf_htons(ports[which % PORTS].port),
	    .protocol = ports[which % PORTS].protocol,
	    .family = FAMILY_IPV4,
	};
}

static const struct map_memory *services_map(void)
{
	return (const struct map_memory *)&services;
}

static const struct map_memory *vips_map(void)
{
	return (const struct map_memory *)&vips;
}

static struct service *get_service(__u32 which)
{
	struct service_key key = service_at(which);

	return hash_lookup(services_map(), &key, sizeof(key), sizeof(struct service));
}

static __u32 services_of(struct ip_addr vip)
{
	const __u32 *n_services = hash_lookup(vips_map(), &vip, sizeof(vip), sizeof(*n_services));

	return n_services ? *n_services : 0;
}

/* Those that are in the list are found, no others, and each address has as many as it says. */
NO_COVERAGE static void check_services(const bool *listed)
{
	for (__u32 vip = 0; vip < N_SERVICES; vip += PORTS) {
		__u32 n_services = 0;

		for (__u32 which = vip; which < vip + PORTS; which++) {
			const struct service *service = get_service(which);

			REQUIRE(listed[which] ? service && service->id == which : !service);
			n_services += listed[which];
		}
		REQUIRE(services_of(service_at(vip).vip) == n_services);
	}
}

static void put_service(bool *listed, __u32 which, __u32 plan)
{
	struct service_key key = service_at(which);

	which %= N_SERVICES;
	if (!listed[which])
		++*(__u32 *)hash_insert(vips_map(), &key.vip, sizeof(key.vip), sizeof(__u32));
	*(struct service *)hash_insert(services_map(), &key, sizeof(key), sizeof(struct service)) =
	    (struct service){.id = which, .plan = plan};
	listed[which] = true;
	check_services(listed);
}

static void drop_service(bool *listed, __u32 which)
{
	struct service_key key = service_at(which);
	__u32 *n_services;

	which %= N_SERVICES;
	if (!listed[which])
		return;
	hash_remove(services_map(), &key, sizeof(key), sizeof(struct service));
	n_services = hash_lookup(vips_map(), &key.vip, sizeof(key.vip), sizeof(*n_services));
	if (!--*n_services)
		hash_remove(vips_map(), &key.vip, sizeof(key.vip), sizeof(*n_services));
	listed[which] = false;
	check_services(listed);
}

/* 02:00:00:00:00:02 and those after it. */
static void set_own_macs(__u32 n, __s32 ticks)
{
	config.n_own_macs = n;
	config.own_macs_until = config.now + ticks;
	for (__u64 i = 0; i < OWN_MACS; i++)
		config.own_macs[i] = i < n ? (2 + i) << 40 | 2 : 0;
}

/* listed: which services are there, of N_SERVICES. */
static void begin_world(bool *listed)
{
	static const __u8 forwards[] = {FWD_ROUTE, FWD_ROUTE,  FWD_TUNNEL, FWD_TUNNEL,
					FWD_ROUTE, FWD_TUNNEL, FWD_ROUTE,  FWD_ROUTE};
	static const struct plan_entry entries[] = {{0, 1}, {1, 1}, {2, 1}, {3, 2},
						    {4, 1}, {5, 1}, {6, 1}, {7, 1}};
	const __u32 here = 1, elsewhere = 2, nowhere = 0;

	config.hash_seed[0] = 0x0123456789abcdefULL;
	config.hash_seed[1] = 0xfedcba9876543210ULL;
	config.now = FIRST_TICK;
	for (int i = 0; i < STATE_COUNT; i++)
		config.timeout_ticks[i] = TIMEOUT_TICKS;
	set_own_macs(2, 0x7fff);
	config.nearly_full = config.share_limit = -1;
	for (__u32 i = 0; i < sizeof(forwards); i++) {
		set_hop(i, i < 4 ? here : i < 7 ? elsewhere : nowhere, i == 6, 1500);
		set_server(i, i, forwards[i], true);
		server_shares[i].share = 1 + i / 2;
	}
	set_plan(0, PICK_SEQUENCE, 0, entries, 2);
	set_plan(1, PICK_LEAST, 0, entries + 2, 2);
	set_plan(2, PICK_SEQUENCE, 0, entries, 1);
	set_plan(3, PICK_SEQUENCE, 0, entries + 4, 2);
	set_plan(4, PICK_SEQUENCE, 0, entries + 6, 2);
	set_plan(5, PICK_SEQUENCE, 0, entries, 0);
	for (__u32 i = 0; i < N_SERVICES; i++)
		put_service(listed, i, i);
}

#endif
