#include "udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hand_over.h"
#include "gate_worker.h"

enum {
	BATCH = ANSWER_BATCH,
	QUERY_MAX = 1232, /* or udp_size; larger ones arrive cut, and are FORMERR */
	CONTROL_MAX = CMSG_SPACE(sizeof(struct in6_pktinfo)),
	SEND_WAIT_MS = 2,
};

union peer {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

_Static_assert(offsetof(struct sockaddr_in, sin_port) == offsetof(struct sockaddr_in6, sin6_port),
	"a port is where it is in both");

/* Everything of one datagram and its reply but their bytes. */
struct slot {
	struct iovec in, out;
	union peer peer;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_MAX];
};

/* A query that is to be observed, once its reply is sent. */
struct sample {
	unsigned slot;
	struct observation header;
};

struct udp {
	uint16_t udp_size;
	int transfer;
	struct stats_worker *stats;
	struct observing *observing;
	struct gate *gate;
	unsigned sample_count;
	struct sample samples[BATCH];
	uint8_t *bytes; /* of BATCH queries and replies */
	struct mmsghdr in[BATCH], out[BATCH];
	struct slot slots[BATCH];
	struct answer_reading readings[BATCH];
	struct gate_ticket tickets[BATCH];
};

/* The kernel shortens these for every datagram that it gives. */
static void
arm(struct udp *u, unsigned i)
{
	u->in[i].msg_hdr.msg_namelen = sizeof(u->slots[i].peer);
	u->in[i].msg_hdr.msg_controllen = CONTROL_MAX;
}

struct udp *
udp_new(const struct udp_options *o)
{
	struct udp *u = calloc(1, sizeof(*u));
	size_t size = o->udp_size > QUERY_MAX ? o->udp_size : QUERY_MAX;

	if (u == NULL)
		return NULL;
	u->udp_size = o->udp_size;
	u->transfer = o->transfer;
	u->stats = o->stats;
	u->observing = o->observing;
	u->gate = o->gate;
	u->bytes = malloc(2 * size * BATCH);
	if (u->bytes == NULL) {
		free(u);
		return NULL;
	}
	for (unsigned i = 0; i < BATCH; i++) {
		struct slot *s = &u->slots[i];

		s->in = (struct iovec){u->bytes + 2 * i * size, size};
		s->out.iov_base = u->bytes + (2 * i + 1) * size;
		u->in[i].msg_hdr.msg_iov = &s->in;
		u->in[i].msg_hdr.msg_iovlen = 1;
		u->in[i].msg_hdr.msg_name = &s->peer;
		u->in[i].msg_hdr.msg_control = s->control;
		u->out[i].msg_hdr.msg_iovlen = 1;
		u->readings[i].packet = s->in.iov_base;
		arm(u, i);
	}
	return u;
}

void
udp_free(struct udp *u)
{
	if (u == NULL)
		return;
	free(u->bytes);
	free(u);
}

/* The address that was asked. */
static struct addr
local_address(const struct listener *l, struct msghdr *h)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	struct addr own = l->endpoint.addr;

	if (l->any && c != NULL) {
		if (c->cmsg_level == IPPROTO_IP)
			memcpy(own.b, &((struct in_pktinfo *)(void *)CMSG_DATA(c))->ipi_addr, 4);
		else
			memcpy(own.b, &((struct in6_pktinfo *)(void *)CMSG_DATA(c))->ipi6_addr, 16);
	}
	return own;
}

/* No reply to port 0, which nobody listens on, nor to ourselves: both are forged. */
static bool
may_reply(const struct listener *l, const struct addr *from, uint16_t port, struct msghdr *h)
{
	struct addr own;

	if (port == 0)
		return false;
	if (port != l->endpoint.port)
		return true;
	own = local_address(l, h);
	return !addr_equal(&own, from);
}

static inline void
read_address(const union peer *peer, struct addr *out)
{
	if (peer->any.sa_family != AF_INET) {
		*out = addr_from_sockaddr(&peer->any);
		return;
	}
	*out = (struct addr){.family = 4};
	memcpy(out->b, &peer->ipv4.sin_addr, sizeof(peer->ipv4.sin_addr));
}

/* Send from the address that was asked. The interface is the routing table's choice, but for
 * link-local addresses, which mean nothing without it. */
static void
set_source(struct msghdr *out, const struct msghdr *in)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(in);

	out->msg_control = NULL;
	out->msg_controllen = 0;
	if (c == NULL)
		return;
	if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
		((struct in_pktinfo *)(void *)CMSG_DATA(c))->ipi_ifindex = 0;
	} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
		struct in6_pktinfo *info = (struct in6_pktinfo *)(void *)CMSG_DATA(c);

		if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
			info->ipi6_ifindex = 0;
	} else {
		return;
	}
	out->msg_control = in->msg_control;
	out->msg_controllen = in->msg_controllen;
}

static bool
wait_for_room(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};

	return poll(&p, 1, SEND_WAIT_MS) > 0;
}

/* What cannot be sent is lost, as datagrams may be. A full send buffer is waited for a moment.
 * An error belongs to the first datagram, which is tried once more, then left out. Returns how
 * many were sent. */
static unsigned
send_replies(const struct listener *l, struct mmsghdr *out, unsigned count)
{
	unsigned at = 0, lost = 0;

	while (at < count) {
		int n = sendmmsg(l->udp, out + at, count - at, MSG_NOSIGNAL);

		if (n < 0 && (errno == EAGAIN || errno == ENOBUFS) && !wait_for_room(l->udp))
			return at - lost;
		if (n < 0 && (errno != EMSGSIZE || listener_allow_fragments(l)))
			n = sendmmsg(l->udp, out + at, count - at, MSG_NOSIGNAL);
		lost += n <= 0;
		at += n > 0 ? (unsigned)n : 1;
	}
	return at - lost;
}

/* --- what is counted ------------------------------------------------------ */

static int64_t
read_clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Keep what is to be told of this query: its bytes stay where they are until the next batch. */
static void
add_sample(struct udp *u, unsigned i, const struct listener *l, const struct addr *client,
	const struct answer_outcome *outcome, unsigned what)
{
	struct sample *sample = &u->samples[u->sample_count++];

	sample->slot = i;
	sample->header = (struct observation){
		.what = what,
		.transport = ANSWER_UDP,
		.query_ns = read_clock_ns(CLOCK_REALTIME),
		.client = {.addr = *client, .port = ntohs(u->slots[i].peer.ipv4.sin_port)},
		.local = {.addr = local_address(l, &u->in[i].msg_hdr), .port = l->endpoint.port},
		.row = outcome->zone != NULL ? outcome->zone->stats_row : STATS_NO_ZONE,
	};
}

static void
send_samples(struct udp *u)
{
	for (unsigned i = 0; i < u->sample_count; i++) {
		struct sample *sample = &u->samples[i];
		const struct slot *s = &u->slots[sample->slot];

		sample->header.reply_ns = read_clock_ns(CLOCK_REALTIME);
		observing_send(u->observing, &sample->header, s->in.iov_base,
			u->in[sample->slot].msg_len, s->out.iov_base, s->out.iov_len);
	}
	u->sample_count = 0;
}

static void
hand_over(struct udp *u, unsigned i, const struct listener *l, const struct addr *client,
	const struct answer_outcome *outcome)
{
	const struct slot *s = &u->slots[i];
	struct handed h = {
		.endpoint = l->index,
		.client = {.addr = *client, .port = ntohs(s->peer.ipv4.sin_port)},
		.local = local_address(l, &u->in[i].msg_hdr),
	};

	stats_count_handed_over(u->stats, outcome->zone, ANSWER_UDP, u->in[i].msg_len);
	if (!hand_over_send(u->transfer, &h, s->in.iov_base, u->in[i].msg_len, -1))
		stats_add(&u->stats->common.handover_lost, 1);
}

static void
count(struct udp *u, unsigned i, const struct listener *l, const struct addr *client,
	const struct answer_outcome *outcome)
{
	const struct slot *s = &u->slots[i];
	unsigned what;

	if (outcome->hand_over) {
		hand_over(u, i, l, client, outcome);
		return;
	}
	what = observing_next(u->observing);
	stats_count(u->stats, outcome->zone, ANSWER_UDP, s->out.iov_base, u->in[i].msg_len,
		s->out.iov_len);
	if (what != 0)
		add_sample(u, i, l, client, outcome, what);
}

/* --- a batch ----------------------------------------------------------------- */

static inline size_t
write_reply(struct udp *u, unsigned i, const struct zone_set *zones,
	const struct answer_context *context, struct answer_outcome *outcome)
{
	struct slot *s = &u->slots[i];

	return answer_write(zones, context, &u->readings[i], s->out.iov_base, u->udp_size, outcome);
}

/* Returns the length of the reply to datagram i, 0: none. */
static size_t
answer_slot(struct udp *u, unsigned i, const struct listener *l, const struct zone_set *zones,
	struct answer_context *context, struct answer_outcome *outcome)
{
	struct slot *s = &u->slots[i];
	size_t len;

	read_address(&s->peer, &context->client);
	if (!may_reply(l, &context->client, ntohs(s->peer.ipv4.sin_port), &u->in[i].msg_hdr)) {
		*outcome = (struct answer_outcome){.zone = NULL};
		return 0;
	}
	if (u->gate == NULL)
		return write_reply(u, i, zones, context, outcome);
	gate_admit(u->gate, &u->tickets[i], context);
	len = write_reply(u, i, zones, context, outcome);
	gate_settle(u->gate, &u->tickets[i], zone_set_keys(zones), outcome);
	return len;
}

static void
prepare_tickets(struct udp *u, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		struct addr client;

		read_address(&u->slots[i].peer, &client);
		u->tickets[i] = gate_prepare(u->gate, &client);
	}
}

static void
read_slots(struct udp *u, unsigned count, const struct zone_set *zones, int64_t now_s)
{
	for (unsigned i = 0; i < count; i++)
		u->readings[i].len = u->in[i].msg_len;
	answer_read(zones, now_s, u->readings, count);
	if (u->gate != NULL)
		prepare_tickets(u, count);
}

bool
udp_serve(struct udp *u, const struct listener *l, const struct zone_set *zones,
	struct answer_context *context)
{
	int received = recvmmsg(l->udp, u->in, BATCH, MSG_DONTWAIT, NULL);
	struct mmsghdr *reply = u->out;
	struct answer_outcome outcome;
	unsigned replies;
	int64_t from_ns;

	if (received <= 0)
		return false;
	from_ns = read_clock_ns(CLOCK_MONOTONIC);
	context->transport = ANSWER_UDP;
	read_slots(u, (unsigned)received, zones, context->now_s);
	for (unsigned i = 0; (int)i < received; i++) {
		struct msghdr *in = &u->in[i].msg_hdr, *out = &reply->msg_hdr;
		struct slot *s = &u->slots[i];

		s->out.iov_len = answer_slot(u, i, l, zones, context, &outcome);
		count(u, i, l, &context->client, &outcome);
		if (s->out.iov_len != 0) {
			out->msg_name = &s->peer;
			out->msg_namelen = in->msg_namelen;
			out->msg_iov = &s->out;
			set_source(out, in);
			reply++;
		}
		arm(u, i);
	}
	replies = (unsigned)(reply - u->out);
	stats_add(&u->stats->common.unsent, replies - send_replies(l, u->out, replies));
	stats_count_latency(u->stats, ANSWER_UDP, (unsigned)received, from_ns,
		read_clock_ns(CLOCK_MONOTONIC));
	send_samples(u);
	return received == BATCH;
}
