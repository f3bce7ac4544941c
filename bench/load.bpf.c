// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes load: run with live frames (BPF_F_TEST_XDP_LIVE_FRAMES), each run sends one frame out of
 * the interface that it is run on. The kernel gives back frames as their last receiver left them,
 * so all is written each time that differs between frames or that a director changes.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include "flow.h"

char LICENSE[] SEC("license") = "GPL";

/* Up to the last words of the TCP options, which are as the test run's data has them. */
#define WRITTEN_WORDS 7
/* Reading the clock takes time, too. */
#define CLOCK_EVERY 64

/* As bench/live/generator.ts writes it: the whole of .bss. */
struct load_spec {
	/* Flow of the next ACK, below flows; each adds stride, modulo flows. */
	__u32 next;
	__u32 stride;
	__u32 flows;
	/* Flow of the next SYN, which no SYN had before. */
	__u32 new_flow;
	/* Every so many packets one is a SYN; 0: none. */
	__u32 syn_every;
	/* Packets up to the next SYN. */
	__u32 countdown;
	/* Bytes in front of the frame that are taken off it, for a director's header. */
	__u32 room;
	/* Packets so far. */
	__u32 sent;
	/* When the first was sent, and the last whose number is a multiple of CLOCK_EVERY. */
	__u64 first_ns;
	__u64 last_ns;
	/* From one packet to the next, kept by the clock once in CLOCK_EVERY packets; 0: as fast as
	 * it goes. */
	__u64 interval_ns;
	/* Source 0.0.0.0:0, the checksums right for that. */
	__u64 ack[WRITTEN_WORDS];
	__u64 syn[WRITTEN_WORDS];
};

struct load_spec spec;

static __always_inline void write_frame(void *frame, const __u64 *template, __u32 flow)
{
	struct iphdr *ip = frame + ETH_HLEN;
	struct tcphdr *tcp = (void *)(ip + 1);
	__u32 sum = halves(flow_address(flow));

	for (int i = 0; i < WRITTEN_WORDS; i++)
		((__u64 *)frame)[i] = template[i];
	ip->saddr = flow_address(flow);
	ip->check = checksum_with(ip->check, sum);
	tcp->source = flow_port(flow);
	tcp->check = checksum_with(tcp->check, sum + tcp->source);
}

/* More than waiting for a batch can take, in turns of is_due(). */
#define MAX_TURNS (1 << 23)

static long is_due(__u32 i, const __u64 *due_ns)
{
	return bpf_ktime_get_ns() >= *due_ns;
}

static __always_inline void wait_for_turn(const struct load_spec *s)
{
	__u64 due_ns = s->first_ns + s->sent * s->interval_ns;

	bpf_loop(MAX_TURNS, is_due, &due_ns, 0);
}

/*
 * The kernel's own time of a test run leaves out what other threads do meanwhile, and that can be
 * the director's work; a clock around the system call has the preparations in it.
 */
static __always_inline void note_time(struct load_spec *s)
{
	if (s->interval_ns)
		wait_for_turn(s);
	s->last_ns = bpf_ktime_get_ns();
	if (!s->first_ns)
		s->first_ns = s->last_ns;
}

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	struct load_spec *s = &spec;
	void *frame;

	if (s->room && bpf_xdp_adjust_head(ctx, (int)s->room))
		return XDP_ABORTED;
	frame = (void *)(long)ctx->data;
	if (frame + WRITTEN_WORDS * sizeof(__u64) > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	if (s->sent % CLOCK_EVERY == 0)
		note_time(s);
	s->sent++;
	if (s->syn_every && --s->countdown == 0) {
		s->countdown = s->syn_every;
		write_frame(frame, s->syn, s->new_flow++);
	} else {
		write_frame(frame, s->ack, s->next);
		s->next += s->stride;
		if (s->next >= s->flows)
			s->next -= s->flows;
	}
	return XDP_TX;
}
