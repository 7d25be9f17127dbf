#include "collector_server.h"

#include <stdlib.h>
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include "collector_tls.h"

enum { BACKLOG = 128, READ_MAX = 16384 };

struct connection {
	struct connection *next, **link;
	struct collector_server *server;
	struct collector_session *session;
	struct collector_conf conf;
	struct bufferevent *bev;
	struct event *deadline, *hold;
	struct endpoint peer;
	bool closing;         /* the last reply is on its way */
	uint64_t first, last; /* tickets of the message that is held */
	bool lost;            /* one of them is not stored */
};

struct collector_server {
	struct collector_server_conf conf;
	struct event_base *base;
	struct evconnlistener *listener;
	struct connection *connections;
	size_t count;
};

enum err
collector_server_bind(struct endpoint *where, int *fd, struct error *e)
{
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(where, &ss);
	char text[ENDPOINT_TEXT];
	int one = 1;

	endpoint_format(where, text);
	*fd = socket(ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return error_errno(e, "collector: socket for %s", text);
	setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(*fd, (struct sockaddr *)&ss, len) != 0 || listen(*fd, BACKLOG) != 0) {
		enum err err = error_set(e, ERR_IO,
			"collector: cannot listen on %s: %s; name an address of this machine, and "
			"a free port: --collector ADDR@PORT or collector.listen",
			text, strerror(errno));

		close(*fd);
		*fd = -1;
		return err;
	}
	len = sizeof(ss);
	if (getsockname(*fd, (struct sockaddr *)&ss, &len) == 0)
		*where = endpoint_from_sockaddr((struct sockaddr *)&ss);
	return OK;
}

static void
close_connection(struct connection *c)
{
	*c->link = c->next;
	if (c->next != NULL)
		c->next->link = c->link;
	c->server->count--;
	collector_session_free(c->session);
	event_free(c->deadline);
	event_free(c->hold);
	collector_tls_end(c->bev);
	bufferevent_free(c->bev);
	free(c);
}

static enum collector_told
session_arrival(const struct collector_arrival *a, void *context)
{
	struct connection *c = context;
	uint64_t ticket = 0;
	enum collector_told told = c->server->conf.arrival_fn(a, &c->peer, &ticket,
		c->server->conf.context);

	if (told != COLLECTOR_HELD)
		return told;
	if (c->first == 0 || ticket < c->first)
		c->first = ticket;
	if (ticket > c->last)
		c->last = ticket;
	return told;
}

static void
send_output(struct connection *c)
{
	struct text out = collector_output(c->session);

	bufferevent_write(c->bev, out.p, out.len);
	collector_output_taken(c->session, out.len);
	c->closing = collector_is_over(c->session);
	if (c->closing || collector_wants_tls(c->session))
		bufferevent_disable(c->bev, EV_READ);
}

/* Answers are given only while the client takes them: what it does not read holds up what it
 * says, not our memory. */
static void
take_input(struct bufferevent *bev, void *context)
{
	struct evbuffer *input = bufferevent_get_input(bev);
	struct connection *c = context;
	const struct timeval hold = {(time_t)c->server->conf.hold_s, 0};
	static const struct timeval session = {COLLECTOR_SESSION_S, 0};
	bool was_known = collector_is_known(c->session);
	unsigned char chunk[4096];

	while (evbuffer_get_length(input) != 0 && !collector_is_over(c->session) &&
		!collector_is_held(c->session) &&
		evbuffer_get_length(bufferevent_get_output(bev)) < READ_MAX) {
		ev_ssize_t n = evbuffer_copyout(input, chunk, sizeof(chunk));
		size_t used;

		if (n <= 0)
			break;
		used = collector_feed(c->session, chunk, (size_t)n, (int64_t)time(NULL));
		evbuffer_drain(input, used);
		send_output(c);
		if (collector_is_held(c->session))
			evtimer_add(c->hold, &hold);
	}
	if (!was_known && collector_is_known(c->session))
		evtimer_add(c->deadline, &session);
	if (c->closing && evbuffer_get_length(bufferevent_get_output(bev)) == 0)
		close_connection(c);
}

/* What was said meanwhile is taken when the reply is on its way. */
static void
resume(struct connection *c, bool stored)
{
	evtimer_del(c->hold);
	c->first = c->last = 0;
	c->lost = false;
	collector_release(c->session, stored);
	send_output(c);
}

static void
hold_passed(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	resume(context, false);
}

void
collector_server_release(struct collector_server *s, uint64_t upto, bool stored)
{
	for (struct connection *c = s->connections; c != NULL; c = c->next) {
		if (!collector_is_held(c->session) || c->first > upto)
			continue;
		c->lost = c->lost || !stored;
		if (c->last <= upto)
			resume(c, !c->lost);
	}
}

static void listen_to(struct connection *c);

/* What the client said in clear after STARTTLS goes with the old buffers: it may be somebody
 * else's (RFC 3207 section 4.2). */
static void
start_tls(struct connection *c)
{
	evutil_socket_t fd = bufferevent_getfd(c->bev);
	struct bufferevent *bev;

	bufferevent_disable(c->bev, EV_READ | EV_WRITE);
	bev = collector_tls_accept(c->server->conf.tls, c->server->base, fd);
	if (bev == NULL) {
		close_connection(c);
		return;
	}
	bufferevent_setfd(c->bev, -1);
	bufferevent_free(c->bev);
	c->bev = bev;
	listen_to(c);
}

static void
output_sent(struct bufferevent *bev, void *context)
{
	struct connection *c = context;

	if (c->closing)
		close_connection(c);
	else if (collector_wants_tls(c->session))
		start_tls(c);
	else
		take_input(bev, c);
}

static void
take_event(struct bufferevent *bev, short what, void *context)
{
	struct connection *c = context;
	char how[COLLECTOR_TLS_TEXT];

	if ((what & BEV_EVENT_CONNECTED) != 0)
		collector_tls_started(c->session, collector_tls_describe(bev, how, sizeof(how)));
	else
		close_connection(c);
}

static void
listen_to(struct connection *c)
{
	static const struct timeval idle = {COLLECTOR_IDLE_S, 0};

	bufferevent_setcb(c->bev, take_input, output_sent, take_event, c);
	bufferevent_setwatermark(c->bev, EV_READ, 0, READ_MAX);
	bufferevent_set_timeouts(c->bev, &idle, &idle);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

static void
deadline_passed(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	close_connection(context);
}

/* IPv4 /24, IPv6 /64: who has one address of it may have them all. */
static bool
is_same_network(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->b, b->b, a->family == 4 ? 3 : 8) == 0;
}

/* The oldest one that has named no token of ours; NULL: all have. */
static struct connection *
oldest_stranger(const struct collector_server *s)
{
	struct connection *oldest = NULL;

	for (struct connection *c = s->connections; c != NULL; c = c->next)
		if (!collector_is_known(c->session))
			oldest = c;
	return oldest;
}

static bool
is_welcome(const struct collector_server *s, const struct endpoint *peer)
{
	size_t same = 0, near = 0;

	for (const struct connection *c = s->connections; c != NULL; c = c->next) {
		same += addr_equal(&c->peer.addr, &peer->addr);
		near += is_same_network(&c->peer.addr, &peer->addr);
	}
	return same < COLLECTOR_PER_PEER_MAX && near < COLLECTOR_PER_NETWORK_MAX &&
		(s->count < COLLECTOR_CONNECTIONS_MAX || oldest_stranger(s) != NULL);
}

static void
link_connection(struct collector_server *s, struct connection *c)
{
	c->next = s->connections;
	c->link = &s->connections;
	if (c->next != NULL)
		c->next->link = &c->next;
	s->connections = c;
	s->count++;
}

/* NULL leaves fd open. */
static struct connection *
new_connection(struct collector_server *s, evutil_socket_t fd, const struct addr *local)
{
	struct connection *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->conf = (struct collector_conf){.domain = s->conf.domain,
		.name = s->conf.name,
		.url = s->conf.url,
		.tls = s->conf.tls != NULL,
		.key = s->conf.key,
		.arrival_fn = session_arrival,
		.context = c};
	c->server = s;
	c->session = collector_session_new(&c->conf, local);
	c->deadline = evtimer_new(s->base, deadline_passed, c);
	c->hold = evtimer_new(s->base, hold_passed, c);
	if (c->session != NULL && c->deadline != NULL && c->hold != NULL)
		c->bev = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (c->bev != NULL)
		return c;
	collector_session_free(c->session);
	if (c->deadline != NULL)
		event_free(c->deadline);
	if (c->hold != NULL)
		event_free(c->hold);
	free(c);
	return NULL;
}

static void
take_connection(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa, int len,
	void *context)
{
	static const struct timeval stranger = {COLLECTOR_STRANGER_S, 0};
	struct endpoint peer = endpoint_from_sockaddr(sa), local = {0};
	struct collector_server *s = context;
	struct sockaddr_storage ss;
	socklen_t ss_len = sizeof(ss);
	struct connection *c = NULL;

	(void)listener;
	(void)len;
	if (getsockname(fd, (struct sockaddr *)&ss, &ss_len) == 0)
		local = endpoint_from_sockaddr((struct sockaddr *)&ss);
	if (is_welcome(s, &peer))
		c = new_connection(s, fd, &local.addr);
	if (c != NULL && s->count == COLLECTOR_CONNECTIONS_MAX)
		close_connection(oldest_stranger(s));
	if (c == NULL) {
		close(fd);
		return;
	}
	c->peer = peer;
	link_connection(s, c);
	evtimer_add(c->deadline, &stranger);
	listen_to(c);
	send_output(c);
}

struct collector_server *
collector_server_new(struct event_base *base, int fd, const struct collector_server_conf *conf)
{
	struct collector_server *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->conf = *conf;
	s->base = base;
	s->listener = evconnlistener_new(base, take_connection, s,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (s->listener == NULL) {
		free(s);
		return NULL;
	}
	return s;
}

void
collector_server_free(struct collector_server *s)
{
	if (s == NULL)
		return;
	evconnlistener_free(s->listener);
	while (s->connections != NULL)
		close_connection(s->connections);
	free(s);
}
