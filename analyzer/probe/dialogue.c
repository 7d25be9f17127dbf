#include "dialogue.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include "probe_tls.h"

enum { READ_AHEAD_MAX = 16384 }; /* of what the kernel holds for us */

struct dialogue {
	struct event_base *base;
	struct bufferevent *bev;
	struct event *reply_timer, *session_timer;
	struct dialogue_listener listener;
	uint32_t reply_timeout_s;
	size_t due; /* replies to come */
	bool connected, encrypting;
	bool ahead;   /* it began to speak before our last command */
	bool hung_up; /* with replies still to be read, or none due */
	struct smtp_reply reply;
};

static struct timeval
seconds(uint32_t s)
{
	return (struct timeval){.tv_sec = (time_t)s};
}

static size_t
input_length(const struct dialogue *d)
{
	return evbuffer_get_length(bufferevent_get_input(d->bev));
}

static void
end_dialogue(struct dialogue *d, enum dialogue_end end, const char *why)
{
	d->due = 0;
	if (d->bev != NULL)
		bufferevent_disable(d->bev, EV_READ | EV_WRITE);
	evtimer_del(d->reply_timer);
	evtimer_del(d->session_timer);
	d->listener.end(d->listener.context, end, why);
}

static void
end_handshake(struct dialogue *d, const char *why)
{
	char text[128];

	snprintf(text, sizeof(text), "handshake failure: %s", why);
	end_dialogue(d, DIALOGUE_NO_TLS, text);
}

/* Once more through the event loop, as whoever listens may end the dialogue in each call. */
static void
wait_for_reply(struct dialogue *d)
{
	bool at_once = d->hung_up && input_length(d) == 0;
	struct timeval time = seconds(at_once ? 0 : d->reply_timeout_s);

	evtimer_add(d->reply_timer, &time);
	if (input_length(d) != 0)
		bufferevent_trigger(d->bev, EV_READ,
			BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}

/* The reply is complete. A reply that began before we spoke answers something else; only
 * 421 may come at any time (RFC 5321 section 3.8). */
static void
take_reply(struct dialogue *d)
{
	if (d->ahead && d->reply.code != 421) {
		end_dialogue(d, DIALOGUE_BROKEN, "it spoke out of turn");
		return;
	}
	d->ahead = false;
	if (--d->due == 0)
		evtimer_del(d->reply_timer);
	else
		wait_for_reply(d);
	d->listener.reply(d->listener.context, &d->reply);
}

/* True: the state is not MORE any more. */
static bool
feed_reply(struct dialogue *d)
{
	struct evbuffer *input = bufferevent_get_input(d->bev);
	unsigned char chunk[4096];

	if (d->reply.state != SMTP_REPLY_MORE)
		smtp_reply_reset(&d->reply);
	while (evbuffer_get_length(input) != 0) {
		ev_ssize_t n = evbuffer_copyout(input, chunk, sizeof(chunk));
		size_t used;

		if (n <= 0)
			break;
		smtp_reply_feed(&d->reply, chunk, (size_t)n, &used);
		evbuffer_drain(input, used);
		if (d->reply.state != SMTP_REPLY_MORE)
			return true;
	}
	return false;
}

static void
read_input(struct bufferevent *bev, void *context)
{
	struct dialogue *d = context;

	(void)bev;
	if (d->due == 0 || d->encrypting)
		return;
	if (!feed_reply(d)) {
		if (d->hung_up)
			end_dialogue(d, DIALOGUE_DROPPED, "it hung up");
	} else if (d->reply.state == SMTP_REPLY_COMPLETE) {
		take_reply(d);
	} else {
		end_dialogue(d, DIALOGUE_BROKEN, smtp_reply_state_text(d->reply.state));
	}
}

static void
take_connected(struct dialogue *d)
{
	char how[PROBE_TLS_TEXT];

	d->connected = true;
	if (!d->encrypting)
		return;
	d->encrypting = false;
	evtimer_del(d->reply_timer);
	d->listener.encrypted(d->listener.context, probe_tls_describe(d->bev, how));
}

static void
take_event(struct bufferevent *bev, short what, void *context)
{
	struct dialogue *d = context;
	int error = EVUTIL_SOCKET_ERROR();

	if ((what & BEV_EVENT_CONNECTED) != 0) {
		take_connected(d);
	} else if (!d->connected) {
		end_dialogue(d, DIALOGUE_UNREACHABLE, strerror(error));
	} else if (d->encrypting) {
		end_handshake(d, probe_tls_failure(bev));
	} else {
		d->hung_up = true;
		if (d->due != 0 && input_length(d) == 0)
			end_dialogue(d, DIALOGUE_DROPPED, "it hung up");
	}
}

static void
reply_timed_out(evutil_socket_t fd, short what, void *context)
{
	struct dialogue *d = context;

	(void)fd;
	(void)what;
	if (!d->connected)
		end_dialogue(d, DIALOGUE_UNREACHABLE, "no connection in time");
	else if (d->encrypting)
		end_handshake(d, "no answer in time");
	else if (d->hung_up)
		end_dialogue(d, DIALOGUE_DROPPED, "it hung up");
	else
		end_dialogue(d, DIALOGUE_TIMEOUT, "no reply in time");
}

static void
session_timed_out(evutil_socket_t fd, short what, void *context)
{
	(void)fd;
	(void)what;
	end_dialogue(context, DIALOGUE_DEADLINE, "the session took too long");
}

static void
take_line(struct text line, void *context)
{
	struct dialogue *d = context;

	d->listener.line(d->listener.context, '<', line);
}

/* A socket of the target's family, bound to the source when that is of the same. */
static evutil_socket_t
open_socket(const struct dialogue_conf *conf)
{
	struct endpoint source = {.addr = conf->source};
	struct sockaddr_storage ss;
	evutil_socket_t fd;

	fd = socket(conf->target.addr.family == 6 ? AF_INET6 : AF_INET,
		SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (source.addr.family == conf->target.addr.family) {
		socklen_t len = endpoint_to_sockaddr(&source, &ss);

		if (bind(fd, (struct sockaddr *)&ss, len) != 0) {
			close(fd);
			return -1;
		}
	}
	return fd;
}

static bool
start_connection(struct dialogue *d, struct event_base *base, const struct dialogue_conf *conf)
{
	struct timeval reply_time = seconds(conf->reply_timeout_s);
	struct timeval session_time = seconds(conf->session_timeout_s);
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(&conf->target, &ss);
	evutil_socket_t fd;

	d->reply_timer = evtimer_new(base, reply_timed_out, d);
	d->session_timer = evtimer_new(base, session_timed_out, d);
	fd = open_socket(conf);
	if (d->reply_timer == NULL || d->session_timer == NULL || fd < 0) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	/* Deferred: a refusal at once must not call back before dialogue_new has returned. */
	d->bev = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (d->bev == NULL) {
		close(fd);
		return false;
	}
	bufferevent_setcb(d->bev, read_input, NULL, take_event, d);
	bufferevent_setwatermark(d->bev, EV_READ, 0, READ_AHEAD_MAX);
	if (evtimer_add(d->reply_timer, &reply_time) != 0 ||
		evtimer_add(d->session_timer, &session_time) != 0)
		return false;
	bufferevent_socket_connect(d->bev, (struct sockaddr *)&ss, (int)len);
	bufferevent_enable(d->bev, EV_READ | EV_WRITE);
	return true;
}

struct dialogue *
dialogue_new(struct event_base *base, const struct dialogue_conf *conf,
	const struct dialogue_listener *listener)
{
	struct dialogue *d = calloc(1, sizeof(*d));
	int saved;

	if (d == NULL)
		return NULL;
	d->listener = *listener;
	d->reply_timeout_s = conf->reply_timeout_s;
	d->base = base;
	d->due = 1;
	smtp_reply_init(&d->reply, take_line, d);
	if (!start_connection(d, base, conf)) {
		saved = errno;
		dialogue_free(d);
		errno = saved;
		return NULL;
	}
	return d;
}

void
dialogue_free(struct dialogue *d)
{
	if (d == NULL)
		return;
	if (d->reply_timer != NULL)
		event_free(d->reply_timer);
	if (d->session_timer != NULL)
		event_free(d->session_timer);
	if (d->bev != NULL)
		bufferevent_free(d->bev);
	free(d);
}

struct addr
dialogue_source(const struct dialogue *d)
{
	static const struct addr none;
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct addr a;

	if (getsockname(bufferevent_getfd(d->bev), (struct sockaddr *)&ss, &len) != 0)
		return none;
	a = endpoint_from_sockaddr((struct sockaddr *)&ss).addr;
	return memcmp(a.b, none.b, sizeof(a.b)) != 0 ? a : none;
}

static void
expect_replies(struct dialogue *d, size_t count)
{
	smtp_reply_reset(&d->reply);
	d->due = count;
	d->ahead = input_length(d) != 0;
	wait_for_reply(d);
}

void
dialogue_say(struct dialogue *d, const char *command)
{
	dialogue_say_group(d, &command, 1);
}

void
dialogue_say_group(struct dialogue *d, const char *const commands[], size_t count)
{
	struct evbuffer *output = bufferevent_get_output(d->bev);

	for (size_t i = 0; i < count; i++) {
		d->listener.line(d->listener.context, '>', text_of(commands[i]));
		evbuffer_add_printf(output, "%s\r\n", commands[i]);
	}
	expect_replies(d, count);
}

void
dialogue_say_message(struct dialogue *d, const char *message, size_t len)
{
	struct evbuffer *output = bufferevent_get_output(d->bev);
	struct text rest = {message, len}, line;
	char note[64];

	while (text_next_line(&rest, &line))
		evbuffer_add_printf(output, "%s%.*s\r\n",
			line.len != 0 && line.p[0] == '.' ? "." : "", TEXT_ARG(line));
	evbuffer_add_printf(output, ".\r\n");
	snprintf(note, sizeof(note), "(message of %zu bytes)", len);
	d->listener.line(d->listener.context, '>', text_of(note));
	d->listener.line(d->listener.context, '>', TEXT("."));
	expect_replies(d, 1);
}

/* The socket goes over from one bufferevent to the other: nothing of what came in clear does. */
static bool
change_to_tls(struct dialogue *d, struct probe_tls *tls)
{
	evutil_socket_t fd = bufferevent_getfd(d->bev);

	bufferevent_setfd(d->bev, -1);
	bufferevent_free(d->bev);
	d->bev = probe_tls_connect(tls, d->base, fd);
	if (d->bev == NULL)
		return false;
	bufferevent_setcb(d->bev, read_input, NULL, take_event, d);
	bufferevent_setwatermark(d->bev, EV_READ, 0, READ_AHEAD_MAX);
	return bufferevent_enable(d->bev, EV_READ | EV_WRITE) == 0;
}

void
dialogue_encrypt(struct dialogue *d, struct probe_tls *tls)
{
	struct timeval time = seconds(d->reply_timeout_s);
	size_t ahead = input_length(d);
	char text[64];

	if (ahead != 0) {
		snprintf(text, sizeof(text), "%zu bytes in clear before it", ahead);
		end_handshake(d, text);
		return;
	}
	d->encrypting = true;
	d->hung_up = false; /* the handshake finds out again */
	evtimer_add(d->reply_timer, &time);
	if (!change_to_tls(d, tls))
		end_handshake(d, "out of memory");
}

void
dialogue_hurry(struct dialogue *d, uint32_t reply_timeout_s)
{
	if (d->reply_timeout_s > reply_timeout_s)
		d->reply_timeout_s = reply_timeout_s;
}
