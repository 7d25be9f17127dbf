#include "syslog_receiver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/listener.h>

#include <orbl/log.h>

#include "syslog_sender.h"
#include "syslog_socket.h"
#include "syslog_tls.h"

enum { SOCKETS_MAX = 16, BACKLOG = 128, DATAGRAMS = 256, READ_MAX = 2 * SYSLOG_MESSAGE_MAX };

struct counts {
	uint64_t messages[SYSLOG_WAY_COUNT];
	uint64_t strangers; /* datagrams and connections of addresses that are nobody's */
	uint64_t connections, evicted, idle, slow;
	uint64_t overlong, broken; /* messages; connections without framing, or cut */
	uint64_t handshakes_failed;
	uint64_t lost; /* messages that could not be stored */
};

struct syslog_receiver {
	struct syslog_parts parts;
	struct syslog_tls *tls;
	struct event *udp[SOCKETS_MAX], *tick;
	struct evconnlistener *streams[2 * SOCKETS_MAX];
	size_t udp_count, stream_count, count;
	struct syslog_sender *senders;
	struct counts counts;
	int64_t said_s; /* that the store fails */
	char datagram[SYSLOG_MESSAGE_MAX + 2];
};

static int64_t
now(void)
{
	return (int64_t)time(NULL);
}

static void
say_failure(struct syslog_receiver *r, const struct error *e)
{
	if (now() - r->said_s < SYSLOG_MESSAGE_S)
		return;
	r->said_s = now();
	log_error("syslog: %s", e->text);
}

/* --- senders -------------------------------------------------------------- */

static void
tell_pipeline(struct syslog_receiver *r)
{
	if (r->parts.pipeline != NULL)
		pipeline_wake(r->parts.pipeline);
}

static void
commit(struct syslog_receiver *r, struct syslog_sender *s, enum submission_hurry hurry)
{
	struct error e = {.code = OK};

	if (syslog_sender_commit(s, now(), hurry, &e) != OK)
		say_failure(r, &e);
	else
		tell_pipeline(r);
}

static void
end_sender(struct syslog_receiver *r, struct syslog_sender *s)
{
	if (s->has_news)
		commit(r, s, SUBMISSION_DURABLE);
	r->counts.overlong += s->stream.passed;
	r->counts.broken += s->way != SYSLOG_UDP && syslog_stream_is_inside(&s->stream);
	syslog_sender_free(s);
	r->count--;
}

static void
end_most_idle(struct syslog_receiver *r)
{
	struct syslog_sender *idle = r->senders;

	for (struct syslog_sender *s = r->senders; s != NULL; s = s->next)
		if (s->heard_s <= idle->heard_s)
			idle = s;
	if (idle == NULL)
		return;
	end_sender(r, idle);
	r->counts.evicted++;
}

static struct syslog_sender *
new_sender(struct syslog_receiver *r, enum syslog_way way, const struct addr *addr,
	const char *reporter)
{
	const struct submission_conf submission = {.store = r->parts.store,
		.reporters = r->parts.reporters,
		.reporter = reporter,
		.goes_on = true,
		.now_s = now()};
	const struct syslog_sender_conf conf = {&submission, r, way, *addr};
	struct error e = {.code = OK};
	struct syslog_sender *s;

	if (r->count >= (size_t)r->parts.conf->syslog.connections)
		end_most_idle(r);
	s = syslog_sender_new(&conf, &r->senders, &e);
	if (s == NULL)
		say_failure(r, &e);
	else
		r->count++;
	return s;
}

/* A line of s; not OK: s is of no use any more. */
static enum err
take_line(struct syslog_sender *s, struct text line)
{
	struct syslog_receiver *r = s->receiver;
	struct error e = {.code = OK};
	enum err err;

	r->counts.messages[s->way]++;
	s->heard_s = now();
	if (!s->has_news)
		submission_set_now(s->submission, s->heard_s);
	err = syslog_sender_line(s, line, &e);
	if (err != OK) {
		r->counts.lost++;
		say_failure(r, &e);
		return err;
	}
	if (submission_waiting(s->submission) >= SYSLOG_DENIALS)
		commit(r, s, SUBMISSION_DURABLE);
	return OK;
}

/* --- UDP ------------------------------------------------------------------ */

static struct syslog_sender *
sender_of(struct syslog_receiver *r, const struct addr *addr)
{
	struct syslog_sender *s = r->senders;
	const char *reporter;

	while (s != NULL && (s->way != SYSLOG_UDP || !addr_equal(&s->addr, addr)))
		s = s->next;
	if (s != NULL)
		return s;
	reporter = reporters_by_address(r->parts.reporters, addr);
	if (reporter == NULL) {
		r->counts.strangers++;
		return NULL;
	}
	return new_sender(r, SYSLOG_UDP, addr, reporter);
}

static void
take_datagram(struct syslog_receiver *r, const struct sockaddr *from, size_t len)
{
	struct addr addr = addr_from_sockaddr(from);
	struct syslog_sender *s = sender_of(r, &addr);
	size_t line;

	if (s == NULL)
		return;
	if (len > SYSLOG_MESSAGE_MAX) {
		r->counts.overlong++;
		return;
	}
	line = syslog_stream_line(r->datagram, len);
	if (line != 0 && take_line(s, (struct text){r->datagram, line}) != OK)
		end_sender(r, s);
}

static void
on_datagrams(evutil_socket_t fd, short what, void *context)
{
	struct syslog_receiver *r = context;
	struct sockaddr_storage from;
	socklen_t from_len;
	ssize_t n;

	(void)what;
	for (int i = 0; i < DATAGRAMS; i++) {
		from_len = sizeof(from);
		n = recvfrom(fd, r->datagram, SYSLOG_MESSAGE_MAX + 1, 0, (struct sockaddr *)&from,
			&from_len);
		if (n < 0 && errno != EINTR)
			return;
		if (n >= 0)
			take_datagram(r, (struct sockaddr *)&from, (size_t)n);
	}
}

/* --- connections ---------------------------------------------------------- */

static enum err
on_message(struct text message, void *context)
{
	return take_line(context, message);
}

/* May end s. */
static void
take_bytes(struct syslog_sender *s)
{
	struct evbuffer *input = bufferevent_get_input(s->be);
	struct syslog_receiver *r = s->receiver;
	struct evbuffer_iovec part;
	enum err err = OK;

	while (err == OK && evbuffer_peek(input, -1, NULL, &part, 1) > 0 && part.iov_len != 0) {
		err = syslog_stream_feed(&s->stream, part.iov_base, part.iov_len, on_message, s);
		evbuffer_drain(input, part.iov_len);
	}
	s->heard_s = now();
	if (!syslog_stream_is_inside(&s->stream))
		s->inside_s = 0;
	else if (s->inside_s == 0)
		s->inside_s = s->heard_s;
	if (err != OK)
		end_sender(r, s);
}

static void
on_bytes(struct bufferevent *be, void *context)
{
	(void)be;
	take_bytes(context);
}

static void
on_event(struct bufferevent *be, short what, void *context)
{
	struct syslog_sender *s = context;
	struct syslog_receiver *r = s->receiver;

	(void)be;
	if ((what & BEV_EVENT_CONNECTED) != 0) {
		s->is_greeted = true;
		return;
	}
	r->counts.handshakes_failed += !s->is_greeted;
	r->counts.idle += (what & BEV_EVENT_TIMEOUT) != 0;
	end_sender(r, s);
}

/* Messages go one way: what is written is the handshake's. */
static void
start_connection(struct syslog_sender *s)
{
	const struct timeval idle = {.tv_sec = SYSLOG_IDLE_S};
	const int one = 1;

	setsockopt(bufferevent_getfd(s->be), SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	bufferevent_setcb(s->be, on_bytes, NULL, on_event, s);
	bufferevent_setwatermark(s->be, EV_READ, 0, READ_MAX);
	bufferevent_set_timeouts(s->be, &idle, &idle);
	bufferevent_enable(s->be, EV_READ | EV_WRITE);
	s->receiver->counts.connections++;
}

static void
accept_connection(struct syslog_receiver *r, enum syslog_way way, int fd, struct sockaddr *sa)
{
	struct addr addr = addr_from_sockaddr(sa);
	const char *reporter = reporters_by_address(r->parts.reporters, &addr);
	struct syslog_sender *s = reporter != NULL ? new_sender(r, way, &addr, reporter) : NULL;

	r->counts.strangers += reporter == NULL;
	if (s != NULL)
		s->be = way == SYSLOG_TLS ?
			syslog_tls_accept(r->tls, r->parts.base, fd) :
			bufferevent_socket_new(r->parts.base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (s != NULL && s->be != NULL) {
		start_connection(s);
		return;
	}
	close(fd);
	if (s != NULL)
		end_sender(r, s);
}

static void
on_tcp(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa, int len,
	void *context)
{
	(void)listener;
	(void)len;
	accept_connection(context, SYSLOG_TCP, fd, sa);
}

static void
on_tls(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa, int len,
	void *context)
{
	(void)listener;
	(void)len;
	accept_connection(context, SYSLOG_TLS, fd, sa);
}

/* --- the clock ------------------------------------------------------------ */

/* Only the last one waits for the disk: it takes the others along. */
static void
commit_news(struct syslog_receiver *r)
{
	struct syslog_sender *last = NULL;

	for (struct syslog_sender *s = r->senders; s != NULL; s = s->next) {
		if (!s->has_news)
			continue;
		if (last != NULL)
			commit(r, last, SUBMISSION_LAZY);
		last = s;
	}
	if (last != NULL)
		commit(r, last, SUBMISSION_DURABLE);
}

static bool
is_slow(const struct syslog_sender *s, int64_t now_s)
{
	return (!s->is_greeted && now_s - s->heard_s >= SYSLOG_HANDSHAKE_S) ||
		(s->inside_s != 0 && now_s - s->inside_s >= SYSLOG_MESSAGE_S);
}

static bool
is_idle(const struct syslog_sender *s, int64_t now_s)
{
	return now_s - s->heard_s >= (s->way == SYSLOG_UDP ? SYSLOG_UDP_IDLE_S : SYSLOG_IDLE_S);
}

void
syslog_receiver_tick(struct syslog_receiver *r, int64_t now_s)
{
	struct syslog_sender *s, *next;

	commit_news(r);
	for (s = r->senders; s != NULL; s = next) {
		next = s->next;
		if (!is_slow(s, now_s) && !is_idle(s, now_s))
			continue;
		r->counts.slow += is_slow(s, now_s);
		r->counts.idle += !is_slow(s, now_s);
		r->counts.handshakes_failed += !s->is_greeted;
		end_sender(r, s);
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	syslog_receiver_tick(context, now());
}

/* --- start and end -------------------------------------------------------- */

static enum err
open_udp(struct syslog_receiver *r, const char *where, struct error *e)
{
	struct event *ev;
	int fd;
	enum err err = syslog_socket_open("syslog.udp", where, SOCK_DGRAM, &fd, e);

	if (err != OK)
		return err;
	ev = event_new(r->parts.base, fd, EV_READ | EV_PERSIST, on_datagrams, r);
	if (ev == NULL || event_add(ev, NULL) != 0) {
		if (ev != NULL)
			event_free(ev);
		close(fd);
		return error_set(e, ERR_MEMORY, "syslog.udp: out of memory");
	}
	r->udp[r->udp_count++] = ev;
	return OK;
}

static enum err
open_stream(struct syslog_receiver *r, const char *option, const char *where,
	evconnlistener_cb accept, struct error *e)
{
	struct evconnlistener *listener;
	int fd;
	enum err err = syslog_socket_open(option, where, SOCK_STREAM, &fd, e);

	if (err != OK)
		return err;
	listener = evconnlistener_new(r->parts.base, accept, r,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, BACKLOG, fd);
	if (listener == NULL) {
		err = error_errno(e, "%s: cannot listen on %s", option, where);
		close(fd);
		return err;
	}
	r->streams[r->stream_count++] = listener;
	return OK;
}

/* Beyond the loopback anybody may send; without a reporter it would be all for nothing, and is most
 * likely an oversight. */
static enum err
check_list(const struct reporters *reporters, const char *option, const struct conf_list *list,
	struct error *e)
{
	if (reporters_have_addresses(reporters))
		return OK;
	for (size_t i = 0; i < list->count; i++)
		if (!syslog_socket_is_local(list->items[i]))
			return error_set(e, ERR_REFUSED,
				"%s listens on %s, but no reporter has syslog_from: messages would "
				"be taken from nobody; say in a reporter's section which addresses "
				"are its own",
				option, list->items[i]);
	return OK;
}

static enum err
check_conf(const struct conf *conf, const struct reporters *reporters, struct error *e)
{
	enum err err = check_list(reporters, "syslog.udp", &conf->syslog.udp, e);

	if (err == OK)
		err = check_list(reporters, "syslog.tcp", &conf->syslog.tcp, e);
	return err == OK ? check_list(reporters, "syslog.tls", &conf->syslog.tls, e) : err;
}

enum err
syslog_receiver_check(const struct conf *conf, const struct reporters *reporters, struct error *e)
{
	struct syslog_tls *tls = NULL;
	enum err err = check_conf(conf, reporters, e);

	if (err == OK && conf->syslog.tls.count != 0)
		err = syslog_tls_new(conf, &tls, e);
	if (err == OK)
		syslog_tls_free(tls);
	return err;
}

static enum err
open_all(struct syslog_receiver *r, struct error *e)
{
	const struct conf *conf = r->parts.conf;
	enum err err = conf->syslog.tls.count != 0 ? syslog_tls_new(conf, &r->tls, e) : OK;

	for (size_t i = 0; err == OK && i < conf->syslog.udp.count; i++)
		err = open_udp(r, conf->syslog.udp.items[i], e);
	for (size_t i = 0; err == OK && i < conf->syslog.tcp.count; i++)
		err = open_stream(r, "syslog.tcp", conf->syslog.tcp.items[i], on_tcp, e);
	for (size_t i = 0; err == OK && i < conf->syslog.tls.count; i++)
		err = open_stream(r, "syslog.tls", conf->syslog.tls.items[i], on_tls, e);
	return err;
}

static enum err
start_clock(struct syslog_receiver *r, struct error *e)
{
	const struct timeval second = {.tv_sec = 1};

	r->tick = event_new(r->parts.base, -1, EV_PERSIST, on_tick, r);
	if (r->tick == NULL || event_add(r->tick, &second) != 0)
		return error_set(e, ERR_MEMORY, "syslog: out of memory");
	return OK;
}

enum err
syslog_receiver_new(const struct syslog_parts *parts, struct syslog_receiver **out, struct error *e)
{
	const struct conf *conf = parts->conf;
	struct syslog_receiver *r;
	enum err err = check_conf(conf, parts->reporters, e);

	*out = NULL;
	if (err != OK ||
		conf->syslog.udp.count + conf->syslog.tcp.count + conf->syslog.tls.count == 0)
		return err;
	if (!reporters_have_addresses(parts->reporters))
		log_warning("syslog: no reporter has syslog_from: every message is dropped");
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return error_set(e, ERR_MEMORY, "syslog: out of memory");
	r->parts = *parts;
	err = open_all(r, e);
	if (err == OK)
		err = start_clock(r, e);
	if (err != OK) {
		syslog_receiver_free(r);
		return err;
	}
	*out = r;
	return OK;
}

static void
close_udp(struct event *ev)
{
	int fd = event_get_fd(ev);

	event_free(ev);
	close(fd);
}

void
syslog_receiver_free(struct syslog_receiver *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->udp_count; i++)
		close_udp(r->udp[i]);
	for (size_t i = 0; i < r->stream_count; i++)
		evconnlistener_free(r->streams[i]);
	commit_news(r);
	while (r->senders != NULL)
		end_sender(r, r->senders);
	if (r->tick != NULL)
		event_free(r->tick);
	syslog_tls_free(r->tls);
	free(r);
}

json_t *
syslog_receiver_status(const struct syslog_receiver *r)
{
	const struct counts *c;
	uint64_t overlong;

	if (r == NULL)
		return json_null();
	c = &r->counts;
	overlong = c->overlong;
	for (const struct syslog_sender *s = r->senders; s != NULL; s = s->next)
		overlong += s->stream.passed;
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"senders", (json_int_t)r->count, "udp", (json_int_t)c->messages[SYSLOG_UDP], "tcp",
		(json_int_t)c->messages[SYSLOG_TCP], "tls", (json_int_t)c->messages[SYSLOG_TLS],
		"connections", (json_int_t)c->connections, "strangers", (json_int_t)c->strangers,
		"evicted", (json_int_t)c->evicted, "idle", (json_int_t)c->idle, "slow",
		(json_int_t)c->slow, "overlong", (json_int_t)overlong, "broken",
		(json_int_t)c->broken, "handshakes_failed", (json_int_t)c->handshakes_failed,
		"lost", (json_int_t)c->lost);
}
