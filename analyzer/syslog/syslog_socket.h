/* syslog_socket.h - sockets that the syslog receiver listens on. */
#ifndef ANALYZER_SYSLOG_SOCKET_H
#define ANALYZER_SYSLOG_SOCKET_H

#include <orbl/addr.h>

/* option: its name in the configuration, for the error. Non-blocking, bound; type SOCK_STREAM: not
 * listening yet. */
enum err syslog_socket_open(const char *option, const char *where, int type, int *fd,
	struct error *e) ORBL_NODISCARD;
bool syslog_socket_is_local(const char *where); /* on the loopback alone? */

#endif
