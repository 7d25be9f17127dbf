#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

enum {
	TCP_BACKLOG = 512,
	UDP_RECEIVE = 4 << 20, /* some 10,000 queries, while the thread has no turn */
	UDP_SEND = 1 << 20,
	/* Of each connection. Fixed: the kernel would let what is not read grow to megabytes. */
	TCP_RECEIVE = 16 << 10,
	TCP_SEND = 64 << 10,
	UNFRAGMENTED_MAX = 1232, /* of a datagram: passes wherever IPv6 does */
};

static const char *
remedy(int reason)
{
	switch (reason) {
	case EADDRINUSE:
		return "; another program answers there: stop it, or choose another address "
		       "(dnsd.listen, --listen, transfer.tls_listen)";
	case EACCES:
	case EPERM: return "; ports below 1024 need CAP_NET_BIND_SERVICE or a socket from systemd";
	case EADDRNOTAVAIL:
		return "; no interface has this address: correct dnsd.listen, or bring it up first";
	default: return "";
	}
}

static enum err
bind_error(const struct endpoint *endpoint, int type, struct error *e)
{
	char text[ENDPOINT_TEXT];
	int reason = errno;

	return error_set(e, ERR_IO, "cannot answer on %s over %s: %s%s",
		endpoint_format(endpoint, text), type == SOCK_STREAM ? "TCP" : "UDP",
		strerror(reason), remedy(reason));
}

static bool
set_option(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

static bool
is_any(const struct endpoint *endpoint)
{
	static const uint8_t zero[16];

	return memcmp(endpoint->addr.b, zero, sizeof(zero)) == 0;
}

/* Without a privilege, as far as net.core.rmem_max and wmem_max let us. */
static void
grow_buffers(int fd)
{
	if (!set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, UDP_RECEIVE))
		set_option(fd, SOL_SOCKET, SO_RCVBUF, UDP_RECEIVE);
	if (!set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, UDP_SEND))
		set_option(fd, SOL_SOCKET, SO_SNDBUF, UDP_SEND);
}

/* Replies are not to be fragmented, RFC 9715. A forged "fragmentation needed" changes nothing, in
 * none of the two modes: PROBE sets DF, which also saves the kernel the choice of an identification
 * (RFC 6864); OMIT leaves it to routers, for an operator who wants long replies. */
static bool
prepare_udp(int fd, const struct endpoint *endpoint, uint16_t udp_size)
{
	grow_buffers(fd);
	if (endpoint->addr.family == 6) {
		set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
		return !is_any(endpoint) || set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	}
	set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER,
		udp_size <= UNFRAGMENTED_MAX ? IP_PMTUDISC_PROBE : IP_PMTUDISC_OMIT);
	return !is_any(endpoint) || set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
}

/* What connections inherit. */
static bool
prepare_tcp(int fd)
{
	set_option(fd, SOL_SOCKET, SO_RCVBUF, TCP_RECEIVE);
	set_option(fd, SOL_SOCKET, SO_SNDBUF, TCP_SEND);
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	return set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}

static bool
bind_socket(int fd, const struct endpoint *endpoint, int type)
{
	struct sockaddr_storage address;
	socklen_t len = endpoint_to_sockaddr(endpoint, &address);

	if (endpoint->addr.family == 6 && !set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1))
		return false;
	if (bind(fd, (struct sockaddr *)&address, len) != 0)
		return false;
	return type == SOCK_DGRAM || listen(fd, TCP_BACKLOG) == 0;
}

static int
open_socket(const struct endpoint *endpoint, int type, bool shared, uint16_t udp_size)
{
	int family = endpoint->addr.family == 6 ? AF_INET6 : AF_INET, saved;
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	if ((!shared || set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) &&
		(type == SOCK_DGRAM ? prepare_udp(fd, endpoint, udp_size) : prepare_tcp(fd)) &&
		bind_socket(fd, endpoint, type))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

enum err
listener_check(const struct endpoint *endpoint, struct error *e)
{
	static const int kinds[] = {SOCK_DGRAM, SOCK_STREAM};

	for (size_t i = 0; i < ORBL_COUNT(kinds); i++) {
		int fd = open_socket(endpoint, kinds[i], false, 0);

		if (fd < 0)
			return bind_error(endpoint, kinds[i], e);
		close(fd);
	}
	return OK;
}

/* A copy of a socket that somebody else has bound. */
static int
copy_socket(int passed, const struct endpoint *endpoint, int type, uint16_t udp_size)
{
	int fd = fcntl(passed, F_DUPFD_CLOEXEC, 0), saved;

	if (fd < 0)
		return -1;
	if (fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0 &&
		(type == SOCK_DGRAM ? prepare_udp(fd, endpoint, udp_size) :
				      prepare_tcp(fd) && listen(fd, TCP_BACKLOG) == 0))
		return fd;
	saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static int
get_socket(int passed, const struct endpoint *endpoint, int type, uint16_t udp_size)
{
	return passed >= 0 ? copy_socket(passed, endpoint, type, udp_size) :
			     open_socket(endpoint, type, true, udp_size);
}

enum err
listener_take_tcp(const struct endpoint *endpoint, int passed, int *out, struct error *e)
{
	*out = passed >= 0 ? copy_socket(passed, endpoint, SOCK_STREAM, 0) :
			     open_socket(endpoint, SOCK_STREAM, false, 0);
	return *out >= 0 ? OK : bind_error(endpoint, SOCK_STREAM, e);
}

enum err
listener_open(const struct endpoint *endpoint, uint16_t udp_size, struct listener *out,
	struct error *e)
{
	return listener_take(endpoint, udp_size, -1, -1, out, e);
}

enum err
listener_take(const struct endpoint *endpoint, uint16_t udp_size, int udp, int tcp,
	struct listener *out, struct error *e)
{
	*out = (struct listener){.endpoint = *endpoint, .any = is_any(endpoint), .tcp = -1};
	out->udp = get_socket(udp, endpoint, SOCK_DGRAM, udp_size);
	if (out->udp < 0)
		return bind_error(endpoint, SOCK_DGRAM, e);
	out->tcp = get_socket(tcp, endpoint, SOCK_STREAM, 0);
	if (out->tcp < 0) {
		enum err err = bind_error(endpoint, SOCK_STREAM, e);

		listener_close(out);
		return err;
	}
	return OK;
}

bool
listener_allow_fragments(const struct listener *l)
{
	return l->endpoint.addr.family == 4 &&
		set_option(l->udp, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
}

void
listener_close(struct listener *l)
{
	if (l->udp >= 0)
		close(l->udp);
	if (l->tcp >= 0)
		close(l->tcp);
	l->udp = l->tcp = -1;
}
