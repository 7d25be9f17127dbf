/* server.h - the analyzer's control socket (docs/control-protocol.md). */
#ifndef ANALYZER_SERVER_H
#define ANALYZER_SERVER_H

#include <event2/event.h>

#include "command.h"

struct server;

/* Serve the listening socket fd, which is taken. context is kept. */
enum err server_new(struct event_base *base, int fd, const struct command_context *context,
	struct server **out, struct error *e) ORBL_NODISCARD;
void server_free(struct server *s); /* NULL ok; ends all connections */

#endif
