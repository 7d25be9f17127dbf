/* connections.h - TCP connections that the query process handed over, and those over TLS that are
 * accepted here (RFC 9103).
 *
 * Each has one buffer for requests and one for the message that is being sent. A turn does a
 * bounded piece of work for each: one message is made and as much sent as the kernel takes. What a
 * client does not read is not made. A connection on which no message became whole for
 * CONNECTIONS_IDLE_MS is closed, and one whose TLS handshake takes CONNECTIONS_HANDSHAKE_MS, and so
 * is one whose request was refused. A client (of IPv6 a /64) has a quarter of all connections at
 * most, strangers, whose address is in no row of peers.h, an eighth together; at a limit the most
 * idle one without a transfer gives way.
 */
#ifndef DNSD_CONNECTIONS_H
#define DNSD_CONNECTIONS_H

#include <poll.h>

#include "requests.h"
#include "tls_context.h"

struct connections;

enum { CONNECTIONS_IDLE_MS = 30000, CONNECTIONS_HANDSHAKE_MS = 10000 };

/* Keeps requests. NULL: out of memory. */
struct connections *connections_new(struct requests *requests, size_t max);
void connections_free(struct connections *c); /* NULL ok */

/* Takes fd; bytes are what it has sent: whole or partial frames. */
void connections_add(struct connections *c, int fd, const struct endpoint *client,
	const uint8_t *bytes, size_t len);

/* A connection over TLS, which has not begun; takes fd. */
void connections_add_tls(struct connections *c, int fd, const struct endpoint *client,
	const struct tls_context *tls);
/* Accept what waits on a listening socket, a few a turn. */
void connections_accept(struct connections *c, int listener, const struct tls_context *tls);
/* There is no place for connections until then; do not poll listeners. */
bool connections_may_accept(const struct connections *c);

/* Fill at most max polls; returns how many. */
size_t connections_prepare(struct connections *c, struct pollfd *polls);
int connections_wait_ms(const struct connections *c);
void connections_serve(struct connections *c, const struct pollfd *polls, size_t count);
size_t connections_count(const struct connections *c);

#endif
