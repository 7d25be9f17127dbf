/* fuzz_dialogue.c - a whole probe of a server that says what the input has.
 *
 * The input is a list of things that the server does, one a turn of the event loop: an octet says
 * what, bytes of its own follow for "raw". When it is at its end the server is gone. Whatever it
 * does, the probe must come to an end, keep its limits, and speak only when everything is answered.
 */
#include "probe_run.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "probe_tls.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TURNS_MAX = 100000, LINE_KEPT = 16 };

static const char *const sayings[] = {
	"220 mx.example.net ESMTP\r\n",
	"250 ok\r\n",
	"250-mx.example.net\r\n250-STARTTLS\r\n250 PIPELINING\r\n",
	"550 no\r\n",
	"450 later\r\n",
	"354 go ahead\r\n",
	"421 too many errors\r\n",
	"530 5.7.0 Must issue a STARTTLS command first\r\n",
	"503 5.5.1 improper pipelining\r\n",
	"250-",
	"554 5.7.1 blocked using dnsbl.example\r\n",
	"250 ok\r\n550 no\r\n550 no\r\n250 ok\r\n550 no\r\n",
};

enum action { ACTION_CLOSE = ORBL_COUNT(sayings), ACTION_RAW, ACTION_ARRIVAL, ACTION_COUNT };

struct server {
	const uint8_t *data;
	size_t size;
	int listener, fd; /* -1: none */
	unsigned connections, replies, commands, recipients, resets;
	bool in_message;
	char line[LINE_KEPT];
	size_t line_len;
};

struct watch {
	unsigned done, lines, cases;
	int64_t id;
};

static void
emit(void *context, struct prober_event *ev)
{
	struct watch *w = context;

	assert(ev->id == 7 && w->done == 0);
	assert(memchr(ev->text, '\0', sizeof(ev->text)) != NULL);
	for (const char *p = ev->text; *p != '\0'; p++)
		assert(*p >= ' ' && *p < 0x7f);
	w->done += ev->kind == PROBER_DONE;
	w->lines += ev->kind == PROBER_DIALOGUE;
	w->cases += ev->kind == PROBER_CASE;
	assert(w->lines <= PROBE_LINES_MAX + 1);
}

static void
changed(void *context)
{
	(void)context;
}

/* --- what the prober says --------------------------------------------------- */

static void
take_command(struct server *s)
{
	s->commands++;
	if (strncmp(s->line, "RCPT", 4) == 0)
		s->recipients++;
	if (strncmp(s->line, "RSET", 4) == 0)
		s->resets++;
	assert(s->resets <= PROBE_RESETS_MAX);
	/* Nine recipients in a group, MAIL and RSET before them. */
	assert(s->commands <= s->replies + PROBE_GROUP_MAX + 2);
	s->in_message = strncmp(s->line, "DATA", 4) == 0;
}

static void
take_bytes(struct server *s, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] != '\n') {
			if (s->line_len < LINE_KEPT - 1)
				s->line[s->line_len++] = bytes[i];
			continue;
		}
		s->line[s->line_len] = '\0';
		if (!s->in_message)
			take_command(s);
		else if (strcmp(s->line, ".\r") == 0)
			s->in_message = false;
		s->line_len = 0;
	}
}

static void
close_connection(struct server *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static void
look(struct server *s)
{
	char bytes[8192];
	ssize_t n;
	int fd = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK);

	if (fd >= 0) {
		close_connection(s);
		s->fd = fd;
		s->connections++;
		s->replies = s->commands = s->recipients = s->resets = 0;
		s->line_len = 0;
		s->in_message = false;
		assert(s->connections <= PROBE_CONNECTIONS_MAX);
	}
	while (s->fd >= 0 && (n = recv(s->fd, bytes, sizeof(bytes), 0)) > 0)
		take_bytes(s, bytes, (size_t)n);
}

/* --- what the server does --------------------------------------------------- */

static void
say(struct server *s, const void *bytes, size_t len)
{
	const char *p = bytes;

	for (size_t i = 0; i < len; i++)
		s->replies += p[i] == '\n';
	if (s->fd >= 0 && len != 0)
		(void)!send(s->fd, bytes, len, MSG_NOSIGNAL);
}

static void
act(struct server *s, struct probe_run *run)
{
	unsigned action = s->data[0] % ACTION_COUNT;
	size_t len;

	s->data++;
	s->size--;
	if (action < ORBL_COUNT(sayings)) {
		say(s, sayings[action], strlen(sayings[action]));
	} else if (action == ACTION_CLOSE) {
		close_connection(s);
	} else if (action == ACTION_ARRIVAL && s->size != 0) {
		probe_run_arrival(run, s->data[0] & 63, (s->data[0] & 64) != 0);
		s->data++;
		s->size--;
	} else if (s->size != 0) {
		len = s->data[0] & 31;
		len = len < s->size - 1 ? len : s->size - 1;
		say(s, s->data + 1, len);
		s->data += len + 1;
		s->size -= len + 1;
	}
}

static void
open_listener(struct server *s, struct endpoint *where)
{
	struct sockaddr_storage ss;
	socklen_t len;

	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (s->listener < 0 || addr_parse(TEXT("127.0.9.9"), &where->addr) != OK)
		abort();
	len = endpoint_to_sockaddr(where, &ss);
	if (bind(s->listener, (struct sockaddr *)&ss, len) != 0 || listen(s->listener, 8) != 0)
		abort();
	len = sizeof(ss);
	getsockname(s->listener, (struct sockaddr *)&ss, &len);
	*where = endpoint_from_sockaddr((struct sockaddr *)&ss);
}

static void
turn(struct server *s, struct probe_run *run, struct event_base *base)
{
	event_base_loop(base, EVLOOP_NONBLOCK);
	if (s->listener < 0)
		return;
	look(s);
	if (s->size != 0) {
		act(s, run);
		return;
	}
	close_connection(s);
	close(s->listener);
	s->listener = -1;
}

static void
probe(struct server *s, struct probe_host *host, struct prober_job *job)
{
	struct probe_run *run = probe_run_new(host, job);
	const struct watch *w = host->context;
	unsigned turns = 0;

	if (run == NULL)
		abort();
	probe_run_start(run);
	while (run->state != PROBE_RUN_DONE) {
		assert(turns++ < TURNS_MAX);
		assert(run->refusals <= 2 * PROBE_REFUSALS_MAX);
		if (run->state == PROBE_RUN_QUEUED)
			probe_run_start(run);
		turn(s, run, host->base);
		if (s->listener < 0) /* it settles, or pauses */
			usleep(100);
	}
	assert(w->done == 1 && run->dialogue == NULL);
	probe_run_free(run);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct prober_conf conf = {.helo = "a.probe.test",
		.collector_domain = "probe.test",
		.starttls = true,
		.reply_timeout_s = 1,
		.session_timeout_s = 1};
	struct server server = {.data = data, .size = size, .listener = -1, .fd = -1};
	struct prober_job job = {.id = 7, .now_s = 1900000000};
	struct watch watch = {.done = 0};
	struct probe_host host = {.conf = &conf,
		.emit = emit,
		.changed = changed,
		.context = &watch};

	if (size == 0 || size > 4096)
		return 0;
	host.base = event_base_new();
	if (host.base == NULL || probe_tls_new(&host.tls, NULL) != OK)
		abort();
	conf.all = (data[0] & 128) != 0;
	open_listener(&server, &job.target);
	probe(&server, &host, &job);
	close_connection(&server);
	if (server.listener >= 0)
		close(server.listener);
	event_base_loop(host.base, EVLOOP_NONBLOCK);
	probe_tls_free(host.tls);
	event_base_free(host.base);
	return 0;
}
