#include "listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum { TCP_BACKLOG = 512 };

static const char *
remedy(int reason)
{
	switch (reason) {
	case EADDRINUSE:
		return "; another program answers there: stop it, or choose another address "
		       "(dnsd.listen, --listen)";
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

/* IP_PMTUDISC_OMIT: a forged "fragmentation needed" cannot make us fragment (RFC 9715). */
static bool
prepare_udp(int fd, const struct endpoint *endpoint)
{
	bool ok = true;

	if (endpoint->addr.family == 6) {
		set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT);
		if (is_any(endpoint))
			ok = set_option(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
	} else {
		set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
		if (is_any(endpoint))
			ok = set_option(fd, IPPROTO_IP, IP_PKTINFO, 1);
	}
	return ok;
}

static int
open_socket(const struct endpoint *endpoint, int type, bool shared)
{
	struct sockaddr_storage address;
	socklen_t len = endpoint_to_sockaddr(endpoint, &address);
	int fd = socket(address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), saved;

	if (fd < 0)
		return -1;
	if ((endpoint->addr.family == 6 && !set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) ||
		(shared && !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) ||
		(type == SOCK_STREAM && !set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1)) ||
		(type == SOCK_DGRAM && !prepare_udp(fd, endpoint)) ||
		bind(fd, (struct sockaddr *)&address, len) != 0 ||
		(type == SOCK_STREAM && listen(fd, TCP_BACKLOG) != 0)) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

enum err
listener_check(const struct endpoint *endpoint, struct error *e)
{
	static const int kinds[] = {SOCK_DGRAM, SOCK_STREAM};

	for (size_t i = 0; i < ORBL_COUNT(kinds); i++) {
		int fd = open_socket(endpoint, kinds[i], false);

		if (fd < 0)
			return bind_error(endpoint, kinds[i], e);
		close(fd);
	}
	return OK;
}

enum err
listener_open(const struct endpoint *endpoint, struct listener *out, struct error *e)
{
	out->endpoint = *endpoint;
	out->any = is_any(endpoint);
	out->tcp = -1;
	out->udp = open_socket(endpoint, SOCK_DGRAM, true);
	if (out->udp < 0)
		return bind_error(endpoint, SOCK_DGRAM, e);
	out->tcp = open_socket(endpoint, SOCK_STREAM, true);
	if (out->tcp < 0) {
		enum err err = bind_error(endpoint, SOCK_STREAM, e);

		listener_close(out);
		return err;
	}
	return OK;
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
