#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "relay_host.h"

enum { LINE_MAX_BYTES = 8192, MESSAGE_MAX = 1 << 20, RECIPIENTS = 100, IDLE_S = 120 };

struct recipient {
	enum relay_answer answer;
	char mailbox[RECIPIENT_MAX];
};

struct session {
	LIST_ENTRY(session) next;
	struct host *host;
	struct addr client;
	struct bufferevent *peer;
	struct evbuffer *reply;   /* of the command in hand */
	struct event *reply_time; /* tarpit: when to send it */
	struct evbuffer *message;
	bool greeted, authenticated, in_data, too_big, waiting, closing;
	bool has_sender;
	char helo[HOST_NAME_SIZE], sender[RECIPIENT_MAX];
	size_t recipient_count;
	struct recipient recipients[RECIPIENTS];
};

static void do_helo(struct session *s, struct text argument);
static void do_ehlo(struct session *s, struct text argument);
static void do_auth(struct session *s, struct text argument);
static void do_mail(struct session *s, struct text argument);
static void do_rcpt(struct session *s, struct text argument);
static void do_data(struct session *s, struct text argument);
static void do_rset(struct session *s, struct text argument);
static void do_noop(struct session *s, struct text argument);
static void do_vrfy(struct session *s, struct text argument);
static void do_quit(struct session *s, struct text argument);

static const struct {
	const char *name;
	void (*run)(struct session *s, struct text argument);
} commands[] = {
	{"HELO", do_helo},
	{"EHLO", do_ehlo},
	{"AUTH", do_auth},
	{"MAIL", do_mail},
	{"RCPT", do_rcpt},
	{"DATA", do_data},
	{"RSET", do_rset},
	{"NOOP", do_noop},
	{"VRFY", do_vrfy},
	{"QUIT", do_quit},
};

static bool
has(const struct session *s, enum host_option option)
{
	return (s->host->options & (uint32_t)option) != 0;
}

static void reply(struct session *s, const char *fmt, ...) ORBL_PRINTF(2, 3);

static void
reply(struct session *s, const char *fmt, ...)
{
	va_list ap;

	if (has(s, HOST_GARBAGE)) {
		evbuffer_add_printf(s->reply, "\001\377 lorem ipsum 2x0\r\n");
		return;
	}
	va_start(ap, fmt);
	evbuffer_add_vprintf(s->reply, fmt, ap);
	va_end(ap);
	evbuffer_add(s->reply, "\r\n", 2);
}

static void
reset(struct session *s)
{
	s->has_sender = s->in_data = s->too_big = false;
	s->recipient_count = 0;
	evbuffer_drain(s->message, evbuffer_get_length(s->message));
}

static void
do_helo(struct session *s, struct text argument)
{
	reset(s);
	text_printable(argument, s->helo, sizeof(s->helo));
	s->greeted = true;
	reply(s, "250 %s", s->host->name);
}

static void
do_ehlo(struct session *s, struct text argument)
{
	if (has(s, HOST_HELO_ONLY)) {
		reply(s, "500 command unrecognized");
		return;
	}
	reset(s);
	text_printable(argument, s->helo, sizeof(s->helo));
	s->greeted = true;
	reply(s, "250-%s", s->host->name);
	if (has(s, HOST_PIPELINING))
		reply(s, "250-PIPELINING");
	reply(s, "250-AUTH PLAIN");
	reply(s, "250 SIZE %d", MESSAGE_MAX);
}

/* RFC 4616: user "test" with the word "test". */
static void
do_auth(struct session *s, struct text argument)
{
	struct text mechanism = text_cut(&argument, ' ');

	s->authenticated = text_equal_nocase(mechanism, TEXT("PLAIN")) &&
		text_equal(text_trim(argument), TEXT("AHRlc3QAdGVzdA=="));
	reply(s, s->authenticated ? "235 authenticated" : "535 not authenticated");
}

/* What stands between the brackets, or up to a blank when there are none. */
static struct text
take_brackets(struct text t)
{
	bool quoted = false;

	if (!text_has_prefix(t, TEXT("<")))
		return text_cut(&t, ' ');
	t = text_from(t, 1);
	for (size_t i = 0; i < t.len; i++) {
		if (t.p[i] == '\\')
			i++;
		else if (t.p[i] == '"')
			quoted = !quoted;
		else if (t.p[i] == '>' && !quoted)
			return text_upto(t, i);
	}
	return t;
}

/* "FROM:<path> parameters"; false when it is not that or does not fit. */
static bool
take_path(struct text argument, struct text keyword, char out[RECIPIENT_MAX])
{
	struct text path;

	if (!text_equal_nocase(text_upto(argument, keyword.len), keyword))
		return false;
	path = take_brackets(text_trim(text_from(argument, keyword.len)));
	if (path.len >= RECIPIENT_MAX)
		return false;
	text_printable(path, out, RECIPIENT_MAX);
	return true;
}

static void
do_mail(struct session *s, struct text argument)
{
	if (!s->greeted || s->has_sender) {
		reply(s, "503 bad sequence of commands");
		return;
	}
	if (!take_path(argument, TEXT("FROM:"), s->sender)) {
		reply(s, "501 MAIL FROM:<address>");
		return;
	}
	if (has(s, HOST_DROP)) {
		s->closing = true;
		return;
	}
	s->has_sender = true;
	reply(s, "250 sender ok");
}

static void
reply_to_rcpt(struct session *s, const struct judgement *j)
{
	struct recipient *r = &s->recipients[s->recipient_count];

	if (j->answer == RELAY_DENY) {
		reply(s, "550 relaying prohibited");
		return;
	}
	if (j->unknown) {
		reply(s, "550 no such user");
		return;
	}
	r->answer = j->answer;
	memcpy(r->mailbox, j->mailbox, sizeof(r->mailbox));
	s->recipient_count++;
	reply(s, "250 recipient ok");
}

static void
do_rcpt(struct session *s, struct text argument)
{
	char recipient[RECIPIENT_MAX], client[ADDR_TEXT];
	struct question q = {.client = s->client,
		.authenticated = s->authenticated,
		.sender = s->sender,
		.recipient = recipient,
		.helo = s->helo};
	struct judgement j;

	if (!s->has_sender || s->recipient_count == RECIPIENTS) {
		reply(s, s->has_sender ? "452 too many recipients" : "503 MAIL first");
		return;
	}
	if (!take_path(argument, TEXT("TO:"), recipient) || recipient[0] == '\0') {
		reply(s, "501 RCPT TO:<address>");
		return;
	}
	if (judge_greylist(s->host, &q)) {
		reply(s, "450 try again later");
		return;
	}
	j = judge_recipient(s->host, &q);
	if (s->host->network->verbose)
		fprintf(stderr, "%s client %s from <%s> rcpt <%s> -> %s (%s, line %u)%s\n",
			s->host->name, addr_format(&s->client, client), s->sender, recipient,
			relay_answer_name(j.answer), j.rule, j.line,
			j.unknown ? ": no such user" : "");
	reply_to_rcpt(s, &j);
}

static void
do_data(struct session *s, ORBL_UNUSED struct text argument)
{
	char client[ADDR_TEXT];

	if (s->recipient_count == 0) {
		reply(s, "503 RCPT first");
		return;
	}
	if (has(s, HOST_REJECT_DATA)) {
		reply(s, "554 no data, please");
		return;
	}
	s->in_data = true;
	evbuffer_add_printf(s->message, "Received: from [%s] by %s with SMTP\r\n",
		addr_format(&s->client, client), s->host->name);
	reply(s, "354 end with a dot");
}

static void
do_rset(struct session *s, ORBL_UNUSED struct text argument)
{
	reset(s);
	reply(s, "250 ok");
}

static void
do_noop(struct session *s, ORBL_UNUSED struct text argument)
{
	reply(s, "250 ok");
}

static void
do_vrfy(struct session *s, ORBL_UNUSED struct text argument)
{
	reply(s, "252 cannot tell");
}

static void
do_quit(struct session *s, ORBL_UNUSED struct text argument)
{
	s->closing = true;
	reply(s, "221 %s", s->host->name);
}

static void
send_out(struct session *s)
{
	size_t len = evbuffer_get_length(s->message);
	struct letter l = {.sender = s->sender};

	l.text = (struct text){(const char *)evbuffer_pullup(s->message, -1), len};
	for (size_t i = 0; i < s->recipient_count; i++) {
		l.recipient = s->recipients[i].mailbox;
		if (s->recipients[i].answer == RELAY_PERMIT)
			deliver_letter(s->host, &l);
		else if (s->recipients[i].answer == RELAY_THEN_BOUNCE)
			deliver_bounce(s->host, &l);
	}
}

/* The message is kept with its dots stuffed: it is sent on as it came. */
static void
take_data(struct session *s, struct text line)
{
	if (!text_equal(line, TEXT("."))) {
		s->too_big = s->too_big || evbuffer_get_length(s->message) + line.len > MESSAGE_MAX;
		if (!s->too_big) {
			evbuffer_add(s->message, line.p, line.len);
			evbuffer_add(s->message, "\r\n", 2);
		}
		return;
	}
	if (s->too_big) {
		reply(s, "552 too big");
	} else if (has(s, HOST_REJECT_DOT)) {
		reply(s, "554 not this message");
	} else {
		send_out(s);
		reply(s, "250 message accepted");
	}
	reset(s);
}

static void
take_command(struct session *s, struct text line)
{
	struct text argument = line, name = text_cut(&argument, ' ');
	bool refused = has(s, HOST_REJECT_CONNECT) && !text_equal_nocase(name, TEXT("QUIT"));

	for (size_t i = 0; !refused && i < ORBL_COUNT(commands); i++) {
		if (!text_equal_nocase(name, text_of(commands[i].name)))
			continue;
		commands[i].run(s, text_trim(argument));
		return;
	}
	reply(s, refused ? "503 no service here" : "500 command unrecognized");
}

void
session_close(struct session *s)
{
	LIST_REMOVE(s, next);
	if (s->reply_time != NULL)
		event_free(s->reply_time);
	if (s->peer != NULL)
		bufferevent_free(s->peer);
	if (s->reply != NULL)
		evbuffer_free(s->reply);
	if (s->message != NULL)
		evbuffer_free(s->message);
	free(s);
}

/* Now, or after the tarpit's delay; meanwhile no further command is read. */
static void
send_reply(struct session *s)
{
	uint32_t delay_ms = s->host->tarpit_ms;
	struct timeval delay = {.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000};

	if (delay_ms != 0 && evbuffer_get_length(s->reply) != 0) {
		s->waiting = true;
		event_add(s->reply_time, &delay);
		return;
	}
	bufferevent_write_buffer(s->peer, s->reply);
}

static void
run_lines(struct session *s)
{
	struct evbuffer *in = bufferevent_get_input(s->peer);
	size_t len;
	char *line;

	while (!s->waiting && !s->closing &&
		(line = evbuffer_readln(in, &len, EVBUFFER_EOL_CRLF)) != NULL) {
		if (s->in_data)
			take_data(s, (struct text){line, len});
		else
			take_command(s, (struct text){line, len});
		free(line);
		send_reply(s);
	}
	if (!s->waiting && !s->closing && evbuffer_get_length(in) > LINE_MAX_BYTES) {
		s->closing = true;
		reply(s, "500 line too long");
		send_reply(s);
	}
	if (s->closing && !s->waiting && evbuffer_get_length(bufferevent_get_output(s->peer)) == 0)
		session_close(s);
}

static void
on_read(ORBL_UNUSED struct bufferevent *peer, void *arg)
{
	run_lines(arg);
}

static void
on_written(ORBL_UNUSED struct bufferevent *peer, void *arg)
{
	struct session *s = arg;

	if (s->closing && !s->waiting)
		session_close(s);
}

static void
on_event(ORBL_UNUSED struct bufferevent *peer, ORBL_UNUSED short what, void *arg)
{
	session_close(arg);
}

static void
on_reply_time(ORBL_UNUSED evutil_socket_t fd, ORBL_UNUSED short what, void *arg)
{
	struct session *s = arg;

	s->waiting = false;
	bufferevent_write_buffer(s->peer, s->reply);
	run_lines(s);
}

static bool
open_parts(struct session *s, evutil_socket_t fd)
{
	struct event_base *base = s->host->network->base;

	s->peer = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (s->peer == NULL)
		evutil_closesocket(fd);
	s->reply = evbuffer_new();
	s->message = evbuffer_new();
	s->reply_time = evtimer_new(base, on_reply_time, s);
	return s->peer != NULL && s->reply != NULL && s->message != NULL && s->reply_time != NULL;
}

void
session_open(struct host *h, evutil_socket_t fd, const struct sockaddr *peer)
{
	struct timeval idle = {.tv_sec = IDLE_S};
	struct session *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		evutil_closesocket(fd);
		return;
	}
	LIST_INSERT_HEAD(&h->network->sessions, s, next);
	s->host = h;
	s->authenticated = has(s, HOST_AUTHENTICATED);
	s->client = addr_from_sockaddr(peer);
	if (!open_parts(s, fd)) {
		session_close(s);
		return;
	}
	bufferevent_setcb(s->peer, on_read, on_written, on_event, s);
	bufferevent_set_timeouts(s->peer, &idle, &idle);
	bufferevent_enable(s->peer, EV_READ | EV_WRITE);
	if (has(s, HOST_REJECT_CONNECT))
		reply(s, "554 %s no service", s->host->name);
	else
		reply(s, "220 %s ESMTP test host", s->host->name);
	send_reply(s);
}
