#include "smtp_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <check.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <openssl/ssl.h>

#include "certificate_fixture.h"
#include "token.h"

enum { PATH = 600 };

struct peer {
	struct peer *next;
	struct smtp_host *host;
	struct bufferevent *bev;
	bool encrypted, open, in_message, closing;
	unsigned refused, resets, recipients;
	char sender[PATH], rcpt[PATH];
};

struct host_parts {
	struct event_base *base;
	struct evconnlistener *listener;
	SSL_CTX *tls;
	struct peer *peers;
};

static void
append(char *out, size_t size, const char *text)
{
	size_t len = strlen(out);

	snprintf(out + len, size - len, "%s", text);
}

static void
close_peer(struct peer *p)
{
	struct peer **link = &p->host->parts->peers;

	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	p->host->now--;
	bufferevent_free(p->bev);
	free(p);
}

/* --- answers ------------------------------------------------------------ */

static bool
needs_tls(const struct peer *p)
{
	return p->host->conf.tls >= HOST_TLS_REQUIRED && !p->encrypted;
}

static const char *
answer_ehlo(const struct peer *p)
{
	bool tls = p->host->conf.tls != HOST_TLS_NONE && !p->encrypted;

	if (p->host->conf.pipelining)
		return tls ? "250-mx.example.net\r\n250-STARTTLS\r\n250 PIPELINING" :
			     "250-mx.example.net\r\n250-8BITMIME\r\n250 PIPELINING";
	return tls ? "250-mx.example.net\r\n250 STARTTLS" : "250 mx.example.net";
}

static const char *
answer_mail(struct peer *p, const char *path)
{
	if (needs_tls(p))
		return "530 5.7.0 Must issue a STARTTLS command first";
	if (p->open)
		return "503 5.5.1 nested MAIL";
	p->open = true;
	p->recipients = 0;
	snprintf(p->sender, sizeof(p->sender), "%s", path);
	return "250 2.1.0 Ok";
}

static const char *
answer_rcpt(struct peer *p, const char *path)
{
	struct smtp_host *h = p->host;

	if (!p->open)
		return "503 5.5.1 need MAIL";
	if (h->conf.accepts == NULL || !h->conf.accepts(h, p->sender, path))
		return "554 5.7.1 Relay access denied";
	p->recipients++;
	snprintf(p->rcpt, sizeof(p->rcpt), "%s", path);
	return "250 2.1.5 Ok";
}

static const char *
answer_message(struct peer *p)
{
	struct smtp_host *h = p->host;

	p->in_message = p->open = false;
	h->messages++;
	h->message_recipients = p->recipients;
	if (h->conf.relayed != NULL)
		h->conf.relayed(h, p->rcpt);
	return "250 2.0.0 queued";
}

static const char *
answer_usual(struct peer *p, const char *line)
{
	if (strncmp(line, "EHLO", 4) == 0)
		return answer_ehlo(p);
	if (strncmp(line, "HELO", 4) == 0)
		return "250 mx.example.net";
	if (strncmp(line, "MAIL FROM:", 10) == 0)
		return answer_mail(p, line + 10);
	if (strncmp(line, "RCPT TO:", 8) == 0)
		return answer_rcpt(p, line + 8);
	if (strcmp(line, "DATA") == 0) {
		p->in_message = p->open && p->recipients != 0;
		return p->in_message ? "354 go ahead" : "503 5.5.1 no recipients";
	}
	if (strcmp(line, "RSET") == 0) {
		p->open = false;
		p->resets++;
		return "250 2.0.0 Ok";
	}
	p->closing = strcmp(line, "QUIT") == 0;
	return p->closing ? "221 2.0.0 Bye" : "500 5.5.2 what?";
}

/* --- STARTTLS ----------------------------------------------------------- */

static void take_input(struct bufferevent *bev, void *context);
static void output_sent(struct bufferevent *bev, void *context);
static void take_event(struct bufferevent *bev, short what, void *context);

static void
accept_tls(struct peer *p)
{
	evutil_socket_t fd = bufferevent_getfd(p->bev);

	bufferevent_setfd(p->bev, -1);
	bufferevent_free(p->bev);
	p->bev = bufferevent_openssl_socket_new(p->host->parts->base, fd,
		SSL_new(p->host->parts->tls), BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(p->bev, take_input, output_sent, take_event, p);
	bufferevent_enable(p->bev, EV_READ | EV_WRITE);
	p->encrypted = true;
	p->open = false;
}

/* Written at once: the bufferevent changes hands. */
static void
say_now(struct peer *p, const char *text)
{
	ck_assert_int_eq(send(bufferevent_getfd(p->bev), text, strlen(text), 0), (int)strlen(text));
}

static void
start_tls(struct peer *p)
{
	switch (p->host->conf.tls) {
	case HOST_TLS_NONE:
	case HOST_TLS_REFUSED: say_now(p, "454 4.7.0 TLS not available\r\n"); break;
	case HOST_TLS_GARBAGE: say_now(p, "220 go\r\n"); break;
	case HOST_TLS_INJECTED:
		say_now(p, "220 go\r\n250-fake\r\n");
		accept_tls(p);
		break;
	case HOST_TLS_SILENT:
		say_now(p, "220 go\r\n");
		bufferevent_disable(p->bev, EV_READ);
		break;
	case HOST_TLS_OFFERED:
	case HOST_TLS_REQUIRED:
		say_now(p, "220 go\r\n");
		accept_tls(p);
		break;
	}
}

/* --- input -------------------------------------------------------------- */

static void
note_line(struct peer *p, const char *line, bool first)
{
	struct smtp_host *h = p->host;
	char verb[16];

	snprintf(verb, sizeof(verb), "%.*s", (int)strcspn(line, " :"), line);
	if (!first)
		h->log[strlen(h->log) - 1] = '+';
	append(h->log, sizeof(h->log), verb);
	append(h->log, sizeof(h->log), "\n");
	if (strchr(line, ':') != NULL) {
		append(h->paths, sizeof(h->paths), line);
		append(h->paths, sizeof(h->paths), "\n");
	}
}

static void
count_refusal(struct peer *p, const char *reply)
{
	struct smtp_host *h = p->host;

	if (reply[0] == '4' || reply[0] == '5')
		p->refused++;
	if (p->refused > h->most_refused)
		h->most_refused = p->refused;
	if (p->resets > h->most_resets)
		h->most_resets = p->resets;
}

/* False: the peer has gone, or its bufferevent has. */
static bool
take_line(struct peer *p, const char *line, bool first)
{
	struct smtp_host *h = p->host;
	const char *reply = NULL;
	bool closes = false;

	if (p->in_message) {
		if (strcmp(line, ".") != 0)
			return true;
		line = ".";
	} else {
		note_line(p, line, first);
	}
	if (h->conf.answer != NULL)
		reply = h->conf.answer(h, line, &closes);
	if (reply == NULL && !p->in_message && strcmp(line, "STARTTLS") == 0) {
		start_tls(p);
		return false;
	}
	if (reply == NULL && !closes)
		reply = p->in_message ? answer_message(p) : answer_usual(p, line);
	if (reply != NULL && reply[0] != '\0') {
		count_refusal(p, reply);
		if (closes)
			say_now(p, reply), say_now(p, "\r\n");
		else
			evbuffer_add_printf(bufferevent_get_output(p->bev), "%s\r\n", reply);
	}
	if (closes)
		close_peer(p);
	return !closes;
}

static void
take_input(struct bufferevent *bev, void *context)
{
	struct evbuffer *input = bufferevent_get_input(bev);
	struct peer *p = context;
	struct smtp_host *h = p->host;
	unsigned recipients = 0;
	bool first = true, goes_on = true;
	char *line;

	h->spoke_early += evbuffer_get_length(bufferevent_get_output(bev)) != 0;
	while (goes_on && (line = evbuffer_readln(input, NULL, EVBUFFER_EOL_CRLF)) != NULL) {
		recipients += strncmp(line, "RCPT", 4) == 0;
		if (recipients > h->most_recipients)
			h->most_recipients = recipients;
		goes_on = take_line(p, line, first);
		first = false;
		free(line);
	}
}

static void
output_sent(struct bufferevent *bev, void *context)
{
	struct peer *p = context;

	(void)bev;
	if (p->closing)
		close_peer(p);
}

static void
take_event(struct bufferevent *bev, short what, void *context)
{
	(void)bev;
	if ((what & BEV_EVENT_CONNECTED) == 0)
		close_peer(context);
}

static void
take_connection(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa, int len,
	void *context)
{
	struct peer *p = calloc(1, sizeof(*p));
	struct smtp_host *h = context;
	const char *banner = NULL;
	bool closes = false;

	(void)listener;
	(void)sa;
	(void)len;
	ck_assert_ptr_nonnull(p);
	p->host = h;
	p->next = h->parts->peers;
	h->parts->peers = p;
	h->connections++;
	if (++h->now > h->most)
		h->most = h->now;
	append(h->log, sizeof(h->log), "*\n");
	p->bev = bufferevent_socket_new(h->parts->base, fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(p->bev, take_input, output_sent, take_event, p);
	if (h->conf.answer != NULL)
		banner = h->conf.answer(h, "", &closes);
	say_now(p, banner != NULL ? banner : "220 mx.example.net ESMTP");
	say_now(p, "\r\n");
	bufferevent_enable(p->bev, EV_READ | EV_WRITE);
	if (closes)
		close_peer(p);
}

/* --- start and end ------------------------------------------------------ */

static SSL_CTX *
make_context(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	certificate_make("mx.example.net", NULL);
	ck_assert_int_eq(SSL_CTX_use_certificate_chain_file(context, "mx.example.net.crt"), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(context, "mx.example.net.key",
				 SSL_FILETYPE_PEM),
		1);
	return context;
}

struct smtp_host *
smtp_host_new(struct event_base *base, const struct smtp_host_conf *conf)
{
	struct smtp_host *h = calloc(1, sizeof(*h));
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	ck_assert_ptr_nonnull(h);
	h->parts = calloc(1, sizeof(*h->parts));
	ck_assert_ptr_nonnull(h->parts);
	h->conf = *conf;
	h->parts->base = base;
	if (conf->tls != HOST_TLS_NONE)
		h->parts->tls = make_context();
	ck_assert_int_eq(addr_parse(text_of(conf->address), &h->where.addr), OK);
	len = endpoint_to_sockaddr(&h->where, &ss);
	h->parts->listener = evconnlistener_new_bind(base, take_connection, h,
		LEV_OPT_CLOSE_ON_FREE, 16, (struct sockaddr *)&ss, (int)len);
	ck_assert_ptr_nonnull(h->parts->listener);
	len = sizeof(ss);
	getsockname(evconnlistener_get_fd(h->parts->listener), (struct sockaddr *)&ss, &len);
	h->where = endpoint_from_sockaddr((struct sockaddr *)&ss);
	return h;
}

void
smtp_host_free(struct smtp_host *h)
{
	while (h->parts->peers != NULL)
		close_peer(h->parts->peers);
	evconnlistener_free(h->parts->listener);
	SSL_CTX_free(h->parts->tls);
	free(h->parts);
	free(h);
}

unsigned
smtp_host_case(const char *path, const unsigned char *key)
{
	struct token token;

	for (; *path != '\0'; path++) {
		struct text local = {path, strspn(path, "abcdefghijklmnopqrstuvwxyz234567")};

		if (local.len == TOKEN_TEXT - 1 &&
			token_parse(local, key, (int64_t)time(NULL), 100, &token) == OK)
			return token.case_index;
	}
	return 0;
}
