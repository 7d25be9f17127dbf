/* collector_server.h - the collector's sockets: one session a connection.
 *
 * A message whose arrival is HELD has a ticket, a number that grows; its session is answered by
 * the collector_server_release that reaches it, or with 451 after a while: then the relay tries
 * again, and nothing is lost. When there is no room, who has named no token of ours gives way, the
 * oldest first.
 */
#ifndef ANALYZER_COLLECTOR_SERVER_H
#define ANALYZER_COLLECTOR_SERVER_H

#include "collector.h"

struct collector_tls;
struct event_base;

enum {
	COLLECTOR_CONNECTIONS_MAX = 500,
	COLLECTOR_PER_PEER_MAX = 20,
	COLLECTOR_PER_NETWORK_MAX = 100, /* IPv4 /24, IPv6 /64 */
	COLLECTOR_IDLE_S = 60,
	COLLECTOR_STRANGER_S = 60, /* until a token of ours is named */
	COLLECTOR_SESSION_S = 600,
	COLLECTOR_HOLD_S = 30,
};

/* ticket: set when HELD is returned. */
typedef enum collector_told collector_server_fn(const struct collector_arrival *a,
	const struct endpoint *peer, uint64_t *ticket, void *context);

struct collector_server_conf {
	const char *domain, *name;
	const char *url; /* may be NULL */
	const uint8_t *key;
	struct collector_tls *tls; /* kept; NULL: no STARTTLS */
	unsigned hold_s;           /* without a release: 451 */
	collector_server_fn *arrival_fn;
	void *context;
};

/* A listening socket; where gets the port that was found. Needs the rights for the port. */
enum err collector_server_bind(struct endpoint *where, int *fd, struct error *e) ORBL_NODISCARD;

struct collector_server;
/* Takes fd over. conf is copied; what it points to is kept. */
struct collector_server *
collector_server_new(struct event_base *base, int fd, const struct collector_server_conf *conf);
/* Every ticket up to this one is decided. */
void collector_server_release(struct collector_server *s, uint64_t upto, bool stored);
void collector_server_free(struct collector_server *s); /* NULL ok */

#endif
