#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "relay_host.h"

enum { TRIES = 5, RETRY_MS = 500, BOUNCE_DELAY_MS = 100, TIMEOUT_S = 10, REPLY_MAX = 4096 };

/* What we say when the reply before it began with the digit wanted. */
enum step { STEP_HELO, STEP_MAIL, STEP_RCPT, STEP_DATA, STEP_BODY, STEP_QUIT, STEP_END };
static const char wanted[] = {
	[STEP_HELO] = '2',
	[STEP_MAIL] = '2',
	[STEP_RCPT] = '2',
	[STEP_DATA] = '2',
	[STEP_BODY] = '3',
	[STEP_QUIT] = '2',
	[STEP_END] = '2',
};

struct delivery {
	LIST_ENTRY(delivery) next;
	struct network *network;
	struct addr source;
	char name[HOST_NAME_SIZE], sender[RECIPIENT_MAX], recipient[RECIPIENT_MAX];
	struct evbuffer *text;
	struct event *start; /* the first try and each further one */
	struct bufferevent *peer;
	enum step step;
	unsigned tries;
};

void
delivery_free(struct delivery *d)
{
	LIST_REMOVE(d, next);
	if (d->peer != NULL)
		bufferevent_free(d->peer);
	if (d->start != NULL)
		event_free(d->start);
	if (d->text != NULL)
		evbuffer_free(d->text);
	free(d);
}

static void
start_in(struct delivery *d, unsigned delay_ms)
{
	struct timeval delay = {.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000};

	event_add(d->start, &delay);
}

/* The delivery is over for now: again later, or never. */
static void
give_up(struct delivery *d, bool forever, const char *why)
{
	bool again = !forever && d->tries < TRIES;

	if (d->network->verbose)
		fprintf(stderr, "%s to <%s>: %s%s\n", d->name, d->recipient, why,
			again ? ", will try again" : "");
	if (!again) {
		delivery_free(d);
		return;
	}
	bufferevent_free(d->peer);
	d->peer = NULL;
	start_in(d, RETRY_MS);
}

static void
say(struct delivery *d)
{
	struct evbuffer *out = bufferevent_get_output(d->peer);

	switch (d->step) {
	case STEP_HELO: evbuffer_add_printf(out, "HELO %s\r\n", d->name); break;
	case STEP_MAIL: evbuffer_add_printf(out, "MAIL FROM:<%s>\r\n", d->sender); break;
	case STEP_RCPT: evbuffer_add_printf(out, "RCPT TO:<%s>\r\n", d->recipient); break;
	case STEP_DATA: evbuffer_add_printf(out, "DATA\r\n"); break;
	case STEP_BODY:
		evbuffer_add(out, evbuffer_pullup(d->text, -1), evbuffer_get_length(d->text));
		evbuffer_add_printf(out, ".\r\n");
		break;
	case STEP_QUIT: evbuffer_add_printf(out, "QUIT\r\n"); break;
	case STEP_END: break;
	}
}

/* The last line of a reply; false when the delivery is gone. */
static bool
take_reply(struct delivery *d, const char *line)
{
	char shown[128];

	if (line[0] != wanted[d->step]) {
		text_printable(text_of(line), shown, sizeof(shown));
		give_up(d, line[0] == '5', shown);
		return false;
	}
	if (d->step == STEP_END) {
		delivery_free(d);
		return false;
	}
	say(d);
	d->step++;
	return true;
}

static void
on_read(struct bufferevent *peer, void *arg)
{
	struct delivery *d = arg;
	struct evbuffer *in = bufferevent_get_input(peer);
	bool alive = true;
	char *line;

	while (alive && (line = evbuffer_readln(in, NULL, EVBUFFER_EOL_CRLF)) != NULL) {
		if (strlen(line) < 4 || line[3] != '-')
			alive = take_reply(d, line);
		free(line);
	}
	if (alive && evbuffer_get_length(in) > REPLY_MAX)
		give_up(d, true, "a reply without end");
}

static void
on_event(ORBL_UNUSED struct bufferevent *peer, short what, void *arg)
{
	struct delivery *d = arg;

	if ((what & BEV_EVENT_CONNECTED) != 0)
		return;
	/* Behind the final dot there is nothing left to deliver. */
	give_up(d, d->step == STEP_END, "the smart host is not there");
}

/* A socket with the source address bound, so that the smart host sees whose delivery it is. */
static struct bufferevent *
open_socket(const struct delivery *d)
{
	struct endpoint source = {.addr = d->source};
	struct sockaddr_storage from, to;
	socklen_t from_len = endpoint_to_sockaddr(&source, &from);
	socklen_t to_len = endpoint_to_sockaddr(&d->network->smart_host, &to);
	int fd = socket(from.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct bufferevent *peer = NULL;

	if (fd < 0)
		return NULL;
	if (bind(fd, (struct sockaddr *)&from, from_len) == 0)
		peer = bufferevent_socket_new(d->network->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (peer == NULL) {
		close(fd);
		return NULL;
	}
	if (bufferevent_socket_connect(peer, (struct sockaddr *)&to, (int)to_len) == 0)
		return peer;
	bufferevent_free(peer);
	return NULL;
}

static void
on_start(ORBL_UNUSED evutil_socket_t fd, ORBL_UNUSED short what, void *arg)
{
	struct timeval timeout = {.tv_sec = TIMEOUT_S};
	struct delivery *d = arg;

	d->tries++;
	d->step = STEP_HELO;
	d->peer = open_socket(d);
	if (d->peer == NULL) {
		fprintf(stderr, "%s: cannot connect to the smart host\n", d->name);
		delivery_free(d);
		return;
	}
	bufferevent_setcb(d->peer, on_read, NULL, on_event, d);
	bufferevent_set_timeouts(d->peer, &timeout, &timeout);
	bufferevent_enable(d->peer, EV_READ | EV_WRITE);
}

static struct delivery *
delivery_new(const struct host *h, const char *sender, const char *recipient)
{
	struct delivery *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	LIST_INSERT_HEAD(&h->network->deliveries, d, next);
	d->network = h->network;
	d->source = h->output;
	d->text = evbuffer_new();
	d->start = evtimer_new(h->network->base, on_start, d);
	if (d->text == NULL || d->start == NULL) {
		delivery_free(d);
		return NULL;
	}
	snprintf(d->name, sizeof(d->name), "%s", h->name);
	snprintf(d->sender, sizeof(d->sender), "%s", sender);
	snprintf(d->recipient, sizeof(d->recipient), "%s", recipient);
	return d;
}

void
deliver_letter(const struct host *h, const struct letter *l)
{
	struct delivery *d = delivery_new(h, l->sender, l->recipient);

	if (d == NULL)
		return;
	evbuffer_add(d->text, l->text.p, l->text.len);
	start_in(d, 0);
}

void
deliver_bounce(const struct host *h, const struct letter *l)
{
	struct delivery *d;

	if (l->sender[0] == '\0') /* RFC 5321 4.5.5: nothing bounces to <> */
		return;
	d = delivery_new(h, "", l->sender);
	if (d == NULL)
		return;
	evbuffer_add_printf(d->text,
		"From: MAILER-DAEMON@%s\r\nTo: <%s>\r\nSubject: Undeliverable mail\r\n"
		"Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
		"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
		"--b\r\n\r\nYour message did not reach <%s>.\r\n\r\n"
		"--b\r\nContent-Type: message/delivery-status\r\n\r\n"
		"Reporting-MTA: dns; %s\r\n\r\n"
		"Final-Recipient: rfc822; %s\r\nAction: failed\r\nStatus: 5.7.1\r\n\r\n"
		"--b\r\nContent-Type: message/rfc822\r\n\r\n",
		h->name, l->sender, l->recipient, h->name, l->recipient);
	evbuffer_add(d->text, l->text.p, l->text.len);
	evbuffer_add_printf(d->text, "\r\n--b--\r\n");
	start_in(d, BOUNCE_DELAY_MS);
}
