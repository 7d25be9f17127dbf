#include "syslog_socket.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RECEIVE_BUFFER = 4 << 20 };

bool
syslog_socket_is_local(const char *where)
{
	struct endpoint at;
	struct addr loopback6 = {.family = 6, .b = {[15] = 1}};

	if (endpoint_parse(text_of(where), &at) != OK)
		return false;
	return (at.addr.family == 4 && at.addr.b[0] == 127) || addr_equal(&at.addr, &loopback6);
}

static void
set_options(int fd, int family, int type)
{
	const int one = 1, size = RECEIVE_BUFFER;

	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (type == SOCK_STREAM)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	else /* what a burst needs while the store is written; the system may give less */
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

enum err
syslog_socket_open(const char *option, const char *where, int type, int *fd, struct error *e)
{
	struct sockaddr_storage address;
	struct endpoint at;
	socklen_t len;

	*fd = -1;
	if (endpoint_parse(text_of(where), &at) != OK)
		return error_set(e, ERR_SYNTAX, "%s: %s is not ADDR@PORT", option, where);
	len = endpoint_to_sockaddr(&at, &address);
	*fd = socket(address.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return error_errno(e, "%s: cannot make a socket for %s", option, where);
	set_options(*fd, address.ss_family, type);
	if (bind(*fd, (struct sockaddr *)&address, len) != 0) {
		enum err err = error_errno(e, "%s: cannot listen on %s", option, where);

		close(*fd);
		*fd = -1;
		return err;
	}
	return OK;
}
