#include "udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum {
	BATCH = 32,
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

struct udp {
	uint16_t udp_size;
	struct worker_stats *stats;
	uint8_t *bytes; /* of BATCH queries and replies */
	struct mmsghdr in[BATCH], out[BATCH];
	struct slot slots[BATCH];
	struct answer_reading readings[BATCH];
};

/* The kernel shortens these for every datagram that it gives. */
static void
arm(struct udp *u, unsigned i)
{
	u->in[i].msg_hdr.msg_namelen = sizeof(u->slots[i].peer);
	u->in[i].msg_hdr.msg_controllen = CONTROL_MAX;
}

struct udp *
udp_new(uint16_t udp_size, struct worker_stats *stats)
{
	struct udp *u = calloc(1, sizeof(*u));
	size_t size = udp_size > QUERY_MAX ? udp_size : QUERY_MAX;

	if (u == NULL)
		return NULL;
	u->udp_size = udp_size;
	u->stats = stats;
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

static bool
is_own_address(const struct listener *l, const struct addr *peer, struct msghdr *h)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	struct addr own = l->endpoint.addr;

	if (l->any && c != NULL) {
		if (c->cmsg_level == IPPROTO_IP)
			memcpy(own.b, &((struct in_pktinfo *)(void *)CMSG_DATA(c))->ipi_addr, 4);
		else
			memcpy(own.b, &((struct in6_pktinfo *)(void *)CMSG_DATA(c))->ipi6_addr, 16);
	}
	return addr_equal(&own, peer);
}

/* No reply to port 0, which nobody listens on, nor to ourselves: both are forged. */
static bool
may_reply(const struct listener *l, const struct addr *from, uint16_t port, struct msghdr *h)
{
	if (port == 0)
		return false;
	return port != l->endpoint.port || !is_own_address(l, from, h);
}

static struct addr
address_of(const union peer *peer)
{
	struct addr a = {.family = 4};

	if (peer->any.sa_family != AF_INET)
		return addr_from_sockaddr(&peer->any);
	memcpy(a.b, &peer->ipv4.sin_addr, sizeof(peer->ipv4.sin_addr));
	return a;
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

/* Returns the length of the reply to datagram i, 0: none. */
static size_t
answer_slot(struct udp *u, unsigned i, const struct listener *l, const struct zone_set *zones,
	struct answer_context *context)
{
	struct slot *s = &u->slots[i];
	struct answer_outcome outcome;

	context->client = address_of(&s->peer);
	if (!may_reply(l, &context->client, ntohs(s->peer.ipv4.sin_port), &u->in[i].msg_hdr))
		return 0;
	return answer_write(zones, context, &u->readings[i], s->in.iov_base, u->in[i].msg_len,
		s->out.iov_base, u->udp_size, &outcome);
}

static void
read_slots(struct udp *u, unsigned count, const struct zone_set *zones)
{
	for (unsigned i = 0; i < count; i++)
		answer_read(zones, u->slots[i].in.iov_base, u->in[i].msg_len, &u->readings[i]);
	for (unsigned i = 0; i < count; i++)
		answer_fetch(&u->readings[i]);
}

bool
udp_serve(struct udp *u, const struct listener *l, const struct zone_set *zones,
	struct answer_context *context)
{
	struct worker_stats *stats = u->stats;
	int received = recvmmsg(l->udp, u->in, BATCH, MSG_DONTWAIT, NULL);
	unsigned replies = 0;

	context->transport = ANSWER_UDP;
	if (received > 0)
		read_slots(u, (unsigned)received, zones);
	for (unsigned i = 0; (int)i < received; i++) {
		struct msghdr *in = &u->in[i].msg_hdr, *out = &u->out[replies].msg_hdr;
		struct slot *s = &u->slots[i];

		s->out.iov_len = answer_slot(u, i, l, zones, context);
		worker_stats_count(stats, s->out.iov_base, u->in[i].msg_len, s->out.iov_len);
		if (s->out.iov_len != 0) {
			out->msg_name = &s->peer;
			out->msg_namelen = in->msg_namelen;
			out->msg_iov = &s->out;
			set_source(out, in);
			replies++;
		}
		arm(u, i);
	}
	if (received > 0)
		stats->queries[ANSWER_UDP] += (unsigned)received;
	stats->unsent += replies - send_replies(l, u->out, replies);
	return received == BATCH;
}
