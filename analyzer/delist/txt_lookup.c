#include "txt_lookup.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>
#include <sodium.h>

#include <orbl/clock.h>

enum { TIMEOUT_MS = 3000, ANSWER_MAX = 65535, LENGTH_BYTES = 2 };

struct lookup {
	struct txt_lookup *owner;
	struct lookup *next, **previous;
	struct txt_question question;
	txt_lookup_fn *fn;
	void *context;
	struct event *event;
	int fd;
	bool tcp;
	unsigned tries, strangers;
	int64_t deadline_ms;                         /* of this try */
	uint8_t query[LENGTH_BYTES + TXT_QUERY_MAX]; /* behind its length, as TCP has it */
	size_t query_len, sent;                      /* TCP: with the length */
	uint8_t *bytes;                              /* TCP: the answer with its length */
	size_t have;
};

struct txt_lookup {
	struct event_base *base;
	struct txt_lookup_conf conf;
	struct lookup *lookups;
	size_t count;
};

/* --- making and ending ------------------------------------------------------------- */

static void
hang_up(struct lookup *l)
{
	if (l->event != NULL)
		event_free(l->event);
	if (l->fd >= 0)
		close(l->fd);
	l->event = NULL;
	l->fd = -1;
}

static void
free_lookup(struct lookup *l)
{
	*l->previous = l->next;
	if (l->next != NULL)
		l->next->previous = l->previous;
	l->owner->count--;
	hang_up(l);
	free(l->bytes);
	free(l);
}

static void
finish(struct lookup *l, const struct txt_answer *answer)
{
	txt_lookup_fn *fn = l->fn;
	void *context = l->context;

	free_lookup(l); /* fn may ask again */
	fn(answer, context);
}

static void
fail(struct lookup *l, const char *why)
{
	struct txt_answer answer = {.kind = TXT_FAILED, .why = why};

	finish(l, &answer);
}

/* --- sockets ----------------------------------------------------------------------- */

static bool
open_socket(struct lookup *l, int type)
{
	struct sockaddr_storage ss;
	socklen_t len = endpoint_to_sockaddr(&l->owner->conf.resolver, &ss);

	l->fd = socket(ss.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	return l->fd >= 0 &&
		(connect(l->fd, (struct sockaddr *)&ss, len) == 0 || errno == EINPROGRESS);
}

static void on_udp(evutil_socket_t fd, short what, void *context);
static void on_tcp(evutil_socket_t fd, short what, void *context);

static bool
wait_for(struct lookup *l, short what, event_callback_fn fn)
{
	int64_t left = l->deadline_ms - clock_monotonic_ms(), ms = left > 0 ? left : 0;
	struct timeval timeout = {.tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000)};

	if (l->event != NULL)
		event_free(l->event);
	l->event = event_new(l->owner->base, l->fd, what, fn, l);
	return l->event != NULL && event_add(l->event, &timeout) == 0;
}

static bool
make_query(struct lookup *l, struct error *e)
{
	size_t len;

	/* A new id with each try: an answer to the one before is another's. */
	l->question.id = (uint16_t)randombytes_uniform(65536);
	if (txt_answer_ask(&l->question, l->query + LENGTH_BYTES, &len, e) != OK)
		return false;
	l->query[0] = (uint8_t)(len >> 8);
	l->query[1] = (uint8_t)len;
	l->query_len = LENGTH_BYTES + len;
	return true;
}

static void
set_deadline(struct lookup *l)
{
	l->deadline_ms = clock_monotonic_ms() + l->owner->conf.timeout_ms;
}

/* A resolver that is not there is found out by the time that has passed, as is one that is slow. */
static bool
begin_udp(struct lookup *l, struct error *e)
{
	hang_up(l);
	set_deadline(l);
	l->tries++;
	if (!make_query(l, e))
		return false;
	if (!open_socket(l, SOCK_DGRAM) || !wait_for(l, EV_READ, on_udp)) {
		error_errno(e, "no socket for the resolver");
		return false;
	}
	(void)send(l->fd, l->query + LENGTH_BYTES, l->query_len - LENGTH_BYTES, MSG_NOSIGNAL);
	return true;
}

static bool
begin_tcp(struct lookup *l)
{
	struct error e;

	hang_up(l);
	set_deadline(l);
	l->tcp = true;
	l->bytes = malloc(LENGTH_BYTES + ANSWER_MAX);
	return l->bytes != NULL && make_query(l, &e) && open_socket(l, SOCK_STREAM) &&
		wait_for(l, EV_WRITE, on_tcp);
}

/* --- answers ----------------------------------------------------------------------- */

static void
try_again(struct lookup *l, const char *why)
{
	struct error e;

	if (l->tries >= TXT_LOOKUP_TRIES || !begin_udp(l, &e))
		fail(l, why);
}

static void
take_answer(struct lookup *l, const uint8_t *bytes, size_t len)
{
	struct txt_answer answer;

	txt_answer_read(&l->question, bytes, len, &answer);
	switch (answer.kind) {
	case TXT_FOUND:
	case TXT_NONE:
	case TXT_FAILED: finish(l, &answer); break;
	case TXT_TRUNCATED:
		if (l->tcp || !begin_tcp(l))
			fail(l, "truncated");
		break;
	case TXT_NOT_OURS:
		if (l->tcp || ++l->strangers >= TXT_LOOKUP_STRANGERS ||
			!wait_for(l, EV_READ, on_udp))
			fail(l, "nonsense");
		break;
	}
}

static bool
is_again(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static void
on_udp(evutil_socket_t fd, short what, void *context)
{
	struct lookup *l = context;
	uint8_t bytes[4096];
	ssize_t n;

	if ((what & EV_TIMEOUT) != 0) {
		try_again(l, "no answer");
		return;
	}
	n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (is_again(n) && wait_for(l, EV_READ, on_udp))
		return;
	if (n < 0)
		try_again(l, "no resolver there");
	else
		take_answer(l, bytes, (size_t)n);
}

static void
send_query(struct lookup *l)
{
	ssize_t n = send(l->fd, l->query + l->sent, l->query_len - l->sent, MSG_NOSIGNAL);

	if (n > 0)
		l->sent += (size_t)n;
	if (n == 0 || (n < 0 && !is_again(n)))
		fail(l, "no resolver there");
	else if (!wait_for(l, l->sent < l->query_len ? EV_WRITE : EV_READ, on_tcp))
		fail(l, "out of memory");
}

static size_t
wanted(const struct lookup *l)
{
	if (l->have < LENGTH_BYTES)
		return LENGTH_BYTES;
	return LENGTH_BYTES + ((size_t)l->bytes[0] << 8 | l->bytes[1]);
}

static void
receive_answer(struct lookup *l)
{
	ssize_t n = recv(l->fd, l->bytes + l->have, wanted(l) - l->have, MSG_DONTWAIT);

	if (n > 0)
		l->have += (size_t)n;
	if (n == 0 || (n < 0 && !is_again(n)))
		fail(l, "hung up");
	else if (l->have >= LENGTH_BYTES && l->have == wanted(l))
		take_answer(l, l->bytes + LENGTH_BYTES, l->have - LENGTH_BYTES);
	else if (!wait_for(l, EV_READ, on_tcp))
		fail(l, "out of memory");
}

static void
on_tcp(evutil_socket_t fd, short what, void *context)
{
	struct lookup *l = context;

	(void)fd;
	if ((what & EV_TIMEOUT) != 0)
		fail(l, "no answer");
	else if (l->sent < l->query_len)
		send_query(l);
	else
		receive_answer(l);
}

/* --- asking ------------------------------------------------------------------------ */

enum err
txt_lookup_ask(struct txt_lookup *owner, const char *name, txt_lookup_fn *fn, void *context,
	struct error *e)
{
	struct lookup *l;

	if (owner->count >= TXT_LOOKUPS_MAX)
		return error_set(e, ERR_FULL, "too many names are looked up at once");
	if (strlen(name) >= sizeof(l->question.name))
		return error_set(e, ERR_RANGE, "%.64s...: too long for a name", name);
	l = calloc(1, sizeof(*l));
	if (l == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	l->owner = owner;
	l->fd = -1;
	l->fn = fn;
	l->context = context;
	snprintf(l->question.name, sizeof(l->question.name), "%s", name);
	l->next = owner->lookups;
	l->previous = &owner->lookups;
	if (l->next != NULL)
		l->next->previous = &l->next;
	owner->lookups = l;
	owner->count++;
	if (begin_udp(l, e))
		return OK;
	free_lookup(l);
	return e->code;
}

size_t
txt_lookup_count(const struct txt_lookup *l)
{
	return l->count;
}

enum err
txt_lookup_new(struct event_base *base, const struct txt_lookup_conf *conf, struct txt_lookup **out,
	struct error *e)
{
	struct txt_lookup *l = calloc(1, sizeof(*l));

	*out = l;
	if (l == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	l->base = base;
	l->conf = *conf;
	if (l->conf.timeout_ms == 0)
		l->conf.timeout_ms = TIMEOUT_MS;
	return OK;
}

void
txt_lookup_free(struct txt_lookup *l)
{
	if (l == NULL)
		return;
	while (l->lookups != NULL)
		free_lookup(l->lookups);
	free(l);
}
