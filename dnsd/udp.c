#include "udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

enum {
	BATCH = 32,
	QUERY_MAX = 4096, /* larger ones arrive cut, and are FORMERR */
	CONTROL_MAX = CMSG_SPACE(sizeof(struct in6_pktinfo)),
	SEND_WAIT_MS = 2,
};

union peer {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

/* Everything of one datagram and its reply. */
struct slot {
	struct iovec in, out;
	union peer peer;
	_Alignas(struct cmsghdr) uint8_t control[CONTROL_MAX];
	uint8_t query[QUERY_MAX];
};

struct udp {
	uint16_t udp_size;
	uint8_t *replies; /* BATCH of udp_size bytes */
	struct mmsghdr in[BATCH], out[BATCH];
	struct slot slots[BATCH];
};

struct udp *
udp_new(uint16_t udp_size)
{
	struct udp *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	u->udp_size = udp_size;
	u->replies = malloc((size_t)udp_size * BATCH);
	if (u->replies == NULL) {
		free(u);
		return NULL;
	}
	for (size_t i = 0; i < BATCH; i++) {
		struct slot *s = &u->slots[i];

		s->in = (struct iovec){s->query, sizeof(s->query)};
		u->in[i].msg_hdr.msg_iov = &s->in;
		u->in[i].msg_hdr.msg_iovlen = 1;
		u->in[i].msg_hdr.msg_name = &s->peer;
		s->out.iov_base = u->replies + i * udp_size;
	}
	return u;
}

void
udp_free(struct udp *u)
{
	if (u == NULL)
		return;
	free(u->replies);
	free(u);
}

/* The kernel shortens these on every receive. */
static void
prepare_receive(struct udp *u, bool with_control)
{
	for (size_t i = 0; i < BATCH; i++) {
		struct msghdr *h = &u->in[i].msg_hdr;

		h->msg_namelen = sizeof(u->slots[i].peer);
		h->msg_control = with_control ? u->slots[i].control : NULL;
		h->msg_controllen = with_control ? CONTROL_MAX : 0;
	}
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
may_reply(const struct listener *l, const union peer *peer, struct msghdr *h)
{
	struct endpoint from = endpoint_from_sockaddr(&peer->any);

	if (from.port == 0)
		return false;
	return from.port != l->endpoint.port || !is_own_address(l, &from.addr, h);
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

/* A full send buffer is waited for a moment; what cannot be sent then is lost, as datagrams
 * may be. An error belongs to the first datagram, which is left out. */
static void
send_replies(int fd, struct mmsghdr *out, unsigned count)
{
	while (count != 0) {
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		int n = sendmmsg(fd, out, count, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
			if (poll(&p, 1, SEND_WAIT_MS) <= 0)
				return;
			n = sendmmsg(fd, out, count, MSG_NOSIGNAL);
		}
		n = n > 0 ? n : 1;
		out += n;
		count -= (unsigned)n;
	}
}

bool
udp_serve(struct udp *u, const struct listener *l, const struct zone_set *zones,
	const struct answer_context *context)
{
	unsigned replies = 0;
	int received;

	prepare_receive(u, l->any);
	received = recvmmsg(l->udp, u->in, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < received; i++) {
		struct msghdr *in = &u->in[i].msg_hdr, *out = &u->out[replies].msg_hdr;
		struct slot *s = &u->slots[i];

		if (!may_reply(l, &s->peer, in))
			continue;
		s->out.iov_len = answer_packet(zones, context, s->query, u->in[i].msg_len,
			s->out.iov_base, u->udp_size);
		if (s->out.iov_len == 0)
			continue;
		out->msg_name = &s->peer;
		out->msg_namelen = in->msg_namelen;
		out->msg_iov = &s->out;
		out->msg_iovlen = 1;
		set_source(out, in);
		replies++;
	}
	send_replies(l->udp, u->out, replies);
	return received == BATCH;
}
