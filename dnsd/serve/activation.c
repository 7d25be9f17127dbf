#include "activation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <netinet/in.h>

#include <orbl/text.h>

enum { FIRST_FD = 3, FDS_MAX = 8192 };

struct passed {
	int fd, type;
	struct endpoint endpoint;
};

struct activation {
	size_t count;
	struct passed sockets[];
};

/* --- sockets ------------------------------------------------------------------- */

/* A positive number in a variable of the environment; 0: there is none. */
static uint64_t
read_variable(const char *name)
{
	const char *text = getenv(name);
	uint64_t n = 0;

	return text != NULL && text_to_u64(text_of(text), UINT32_MAX, &n) == OK ? n : 0;
}

static size_t
count_passed(void)
{
	uint64_t pid = read_variable("LISTEN_PID"), count = read_variable("LISTEN_FDS");

	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return pid == (uint64_t)getpid() && count <= FDS_MAX ? (size_t)count : 0;
}

static bool
get_option(int fd, int level, int name, int *out)
{
	socklen_t len = sizeof(*out);

	return getsockopt(fd, level, name, out, &len) == 0;
}

static enum err
read_socket(int fd, struct passed *out, struct error *e)
{
	struct sockaddr_storage name = {.ss_family = AF_UNSPEC};
	socklen_t len = sizeof(name);
	int only = 0;

	out->fd = fd;
	if (!get_option(fd, SOL_SOCKET, SO_TYPE, &out->type) ||
		getsockname(fd, (struct sockaddr *)&name, &len) != 0 ||
		(name.ss_family != AF_INET && name.ss_family != AF_INET6) ||
		(out->type != SOCK_DGRAM && out->type != SOCK_STREAM))
		return error_set(e, ERR_REFUSED,
			"descriptor %d of the service manager is no UDP or TCP socket; have it "
			"pass nothing else",
			fd);
	if (name.ss_family == AF_INET6 &&
		(!get_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only) || !only))
		return error_set(e, ERR_REFUSED,
			"descriptor %d of the service manager takes IPv4 over IPv6; set "
			"BindIPv6Only=ipv6-only",
			fd);
	out->endpoint.addr = addr_from_sockaddr((struct sockaddr *)&name);
	/* where it is in both */
	out->endpoint.port = ntohs(((struct sockaddr_in *)(void *)&name)->sin_port);
	return OK;
}

static bool
is_same(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

static enum err
check_wanted(const struct passed *p, const struct endpoint *endpoints, size_t count,
	struct error *e)
{
	char text[ENDPOINT_TEXT];

	for (size_t i = 0; i < count; i++)
		if (is_same(&p->endpoint, &endpoints[i]))
			return OK;
	return error_set(e, ERR_REFUSED,
		"the service manager passes a socket on %s, which neither dnsd.listen nor "
		"transfer.tls_listen names: name it there, or take it out of the socket unit",
		endpoint_format(&p->endpoint, text));
}

enum err
activation_read(const struct endpoint *endpoints, size_t endpoint_count, struct activation **out,
	struct error *e)
{
	size_t count = count_passed();
	struct activation *a = calloc(1, sizeof(*a) + count * sizeof(a->sockets[0]));
	enum err err = OK;

	*out = a;
	if (a == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for sockets");
	for (size_t i = 0; err == OK && i < count; i++) {
		struct passed *p = &a->sockets[i];

		fcntl(FIRST_FD + (int)i, F_SETFD, FD_CLOEXEC);
		err = read_socket(FIRST_FD + (int)i, p, e);
		if (err == OK)
			err = check_wanted(p, endpoints, endpoint_count, e);
		a->count++;
	}
	return err;
}

void
activation_free(struct activation *a)
{
	for (size_t i = 0; a != NULL && i < a->count; i++)
		close(a->sockets[i].fd);
	free(a);
}

/* -1: there are not so many. *left counts down. */
static int
find(const struct activation *a, const struct endpoint *endpoint, int type, size_t *left)
{
	for (size_t i = 0; i < a->count; i++) {
		const struct passed *p = &a->sockets[i];

		if (p->type != type || !is_same(&p->endpoint, endpoint))
			continue;
		if (*left == 0)
			return p->fd;
		--*left;
	}
	return -1;
}

size_t
activation_count(const struct activation *a, const struct endpoint *endpoint, int type)
{
	size_t left = SIZE_MAX;

	find(a, endpoint, type, &left);
	return SIZE_MAX - left;
}

int
activation_get(const struct activation *a, const struct endpoint *endpoint, int type, size_t i)
{
	return find(a, endpoint, type, &i);
}
