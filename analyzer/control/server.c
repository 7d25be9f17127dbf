#include "server.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>

#include <orbl/control.h>
#include <orbl/log.h>

enum { CONNECTIONS_MAX = 256, IDLE_S = 600, OUTPUT_MAX = 4 << 20 };

struct connection {
	struct server *server;
	struct connection *next, **previous; /* in server->connections */
	struct bufferevent *be;
	struct submission *submission; /* a body is coming in */
	bool refused;                  /* the body is read to its end, and thrown away */
	json_t *refusal;               /* the answer to it then */
	bool goes_on;                  /* the body is a log that goes on, cut into parts by marks */
	bool at_mark;                  /* a line with a mark comes next */
	uint64_t follow;               /* probe waited for */
	bool ends;                     /* close when everything is written */
	bool half_closed;              /* the client has sent its last byte */
	char author[CONTROL_PEER];     /* who it is */
};

struct server {
	const struct command_context *context;
	struct event_base *base;
	struct evconnlistener *listener;
	struct connection *connections;
	size_t count;
};

static int64_t
now(void)
{
	return (int64_t)time(NULL);
}

static void
close_connection(struct connection *c)
{
	*c->previous = c->next;
	if (c->next != NULL)
		c->next->previous = c->previous;
	c->server->count--;
	command_abandoned(c->server->context, c->follow, now());
	submission_free(c->submission);
	json_decref(c->refusal);
	bufferevent_free(c->be);
	free(c);
}

/* Takes the reference. */
static void
answer(struct connection *c, json_t *object)
{
	struct evbuffer *output = bufferevent_get_output(c->be);
	char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;

	json_decref(object);
	if (text == NULL)
		text = strdup("{\"ok\":false,\"error\":\"memory\",\"message\":\"out of memory\"}");
	if (text == NULL || evbuffer_add(output, text, strlen(text)) != 0 ||
		evbuffer_add(output, "\n", 1) != 0)
		c->ends = true;
	free(text);
}

/* --- the body of a submission --------------------------------------------- */

/* The client sends on until it has sent all: its answer waits for the end of the body. */
static void
refuse_body(struct connection *c, const struct error *e)
{
	submission_free(c->submission);
	c->submission = NULL;
	c->refused = true;
	c->refusal = command_error(e->code, e->text);
}

static void
finish_body(struct connection *c)
{
	struct error e = {.code = OK};
	json_t *summary = NULL;

	if (c->refused) {
		answer(c, c->refusal);
		c->refusal = NULL;
		c->refused = false;
		return;
	}
	if (submission_finish(c->submission, &summary, &e) != OK) {
		answer(c, command_error(e.code, e.text));
	} else {
		json_object_set_new(summary, "ok", json_true());
		answer(c, summary);
		pipeline_wake(c->server->context->pipeline);
	}
	submission_free(c->submission);
	c->submission = NULL;
}

/* One chunk; false when it is not all here yet. */
static bool
take_chunk(struct connection *c, struct evbuffer *input)
{
	struct error e = {.code = OK};
	unsigned char header[4], *bytes;
	size_t len;

	if (evbuffer_copyout(input, header, sizeof(header)) != sizeof(header))
		return false;
	len = (size_t)header[0] << 24 | (size_t)header[1] << 16 | (size_t)header[2] << 8 |
		header[3];
	if (len > CONTROL_CHUNK_MAX) {
		answer(c, command_error(ERR_SYNTAX, "a chunk of the body is too long"));
		c->ends = true;
		return false;
	}
	if (evbuffer_get_length(input) < sizeof(header) + len)
		return false;
	evbuffer_drain(input, sizeof(header));
	if (len == 0) {
		if (c->goes_on)
			c->at_mark = true;
		else
			finish_body(c);
		return true;
	}
	bytes = evbuffer_pullup(input, (ev_ssize_t)len);
	if (!c->refused && submission_feed(c->submission, bytes, len, &e) != OK)
		refuse_body(c, &e);
	evbuffer_drain(input, len);
	return true;
}

/* --- a log that goes on --------------------------------------------------- */

/* There is no going on behind an error: what was not acknowledged is undone. */
static void
end_following(struct connection *c, enum err code, const char *message)
{
	answer(c, command_error(code, message));
	submission_free(c->submission);
	c->submission = NULL;
	c->ends = true;
}

/* Two that follow one source would count it by halves; the last one has it. */
static void
supersede(struct connection *c, const json_t *request)
{
	const char *reporter = json_string_value(json_object_get(request, "reporter"));
	const char *source = json_string_value(json_object_get(request, "source"));

	for (struct connection *other = c->server->connections; other != NULL; other = other->next)
		if (other != c && other->submission != NULL &&
			submission_is_of(other->submission, reporter, source))
			end_following(other, ERR_REFUSED,
				"another client follows this source from now on");
}

static enum err
take_part(struct connection *c, const json_t *position, json_t **summary, struct error *e)
{
	enum err err = submission_checkpoint(c->submission, position, SUBMISSION_DURABLE, summary,
		e);

	if (err == OK && json_integer_value(json_object_get(*summary, "denials")) != 0)
		pipeline_wake(c->server->context->pipeline);
	return err;
}

static enum err
run_mark(struct connection *c, const json_t *mark, json_t **out, struct error *e)
{
	const json_t *position = json_object_get(mark, "position");
	const json_t *context = json_object_get(mark, "context");
	const json_t *line = json_object_get(mark, "line");
	enum err err = OK;

	*out = NULL;
	if ((context != NULL && !json_is_boolean(context)) ||
		(line != NULL && (!json_is_integer(line) || json_integer_value(line) < 1)))
		return error_set(e, ERR_SYNTAX,
			"of a mark, context is true or false and line a number above 0");
	submission_set_now(c->submission, now());
	if (position != NULL)
		err = take_part(c, position, out, e);
	if (err == OK && context != NULL)
		err = submission_set_context(c->submission, json_is_true(context), e);
	if (err == OK && line != NULL)
		submission_set_line(c->submission, (uint64_t)json_integer_value(line));
	if (err == OK && *out == NULL)
		*out = json_object();
	return err;
}

/* The line behind a chunk of length 0; false when it is not all here yet. */
static bool
take_mark(struct connection *c, struct evbuffer *input)
{
	struct error e = {.code = OK};
	json_t *mark, *summary = NULL;
	size_t len;
	char *line = evbuffer_readln(input, &len, EVBUFFER_EOL_LF);

	if (line == NULL) {
		if (evbuffer_get_length(input) > CONTROL_CHUNK_MAX)
			end_following(c, ERR_SYNTAX, "the mark is too long");
		return false;
	}
	c->at_mark = false;
	mark = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	free(line);
	if (!json_is_object(mark))
		error_set(&e, ERR_SYNTAX, "a mark is one JSON object on one line");
	else if (c->refused)
		error_set(&e, ERR_IO, "%s",
			json_string_value(json_object_get(c->refusal, "message")));
	else if (run_mark(c, mark, &summary, &e) == OK)
		json_object_set_new(summary, "ok", json_true());
	json_decref(mark);
	if (e.code == OK) {
		answer(c, summary);
		return true;
	}
	json_decref(summary);
	end_following(c, e.code, e.text);
	return false;
}

/* --- requests ------------------------------------------------------------- */

/* Wait for a probe, 0: no more. A retest may take hours, in which the client has nothing to say. */
static void
follow(struct connection *c, uint64_t probe)
{
	const struct timeval idle = {.tv_sec = IDLE_S};

	c->follow = probe;
	bufferevent_set_timeouts(c->be, probe != 0 ? NULL : &idle, &idle);
}

static bool
is_submit(const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "cmd"));

	return name != NULL && strcmp(name, "submit") == 0;
}

static void
run_request(struct connection *c, const char *line, size_t len)
{
	json_error_t reason;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &reason);
	bool has_body;
	struct command_answer result;

	if (!json_is_object(request)) {
		json_decref(request);
		answer(c, command_error(ERR_SYNTAX, "a request is one JSON object on one line"));
		c->ends = true;
		return;
	}
	/* Who follows waits for the first answer before it sends anything. */
	has_body = is_submit(request) && !json_is_true(json_object_get(request, "follow"));
	result = command_run(c->server->context,
		&(struct command_request){request, c->author, now()});
	c->goes_on = result.submission != NULL && result.object != NULL;
	if (c->goes_on)
		supersede(c, request);
	json_decref(request);
	if (has_body && result.submission == NULL) { /* refused: a body follows all the same */
		c->refused = true;
		c->refusal = result.object;
		return;
	}
	c->submission = result.submission;
	follow(c, result.follow);
	if (result.object != NULL)
		answer(c, result.object);
}

static bool
take_request(struct connection *c, struct evbuffer *input)
{
	size_t len;
	char *line = evbuffer_readln(input, &len, EVBUFFER_EOL_LF);

	if (line == NULL) {
		if (evbuffer_get_length(input) > CONTROL_CHUNK_MAX) {
			answer(c, command_error(ERR_SYNTAX, "the request is too long"));
			c->ends = true;
		}
		return false;
	}
	run_request(c, line, len);
	free(line);
	return true;
}

static bool
take_next(struct connection *c, struct evbuffer *input)
{
	if (c->at_mark)
		return take_mark(c, input);
	return c->submission != NULL || c->refused ? take_chunk(c, input) : take_request(c, input);
}

/* Do what has come in as far as its answers are taken: a client that only asks does not fill
 * our memory. May free c. */
static void
serve(struct connection *c)
{
	struct evbuffer *input = bufferevent_get_input(c->be);
	struct evbuffer *output = bufferevent_get_output(c->be);
	bool more = true;

	while (more && !c->ends && c->follow == 0 && evbuffer_get_length(output) < OUTPUT_MAX)
		more = take_next(c, input);
	if (c->half_closed && !more)
		c->ends = true; /* what is left is no whole request */
	if (c->ends && evbuffer_get_length(output) == 0)
		close_connection(c);
}

static void
on_ready(struct bufferevent *be, void *context)
{
	(void)be;
	serve(context);
}

static void
on_event(struct bufferevent *be, short what, void *context)
{
	struct connection *c = context;

	(void)be;
	if ((what & (BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) != 0) {
		close_connection(c);
	} else if ((what & BEV_EVENT_EOF) != 0) {
		/* It may read on: the answers to what is whole are due. Whoever waits for a
		 * probe keeps the connection open. */
		c->half_closed = true;
		c->ends = c->ends || c->follow != 0;
		serve(c);
	}
}

static void
on_connection(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *address,
	int len, void *context)
{
	const struct timeval idle = {.tv_sec = IDLE_S};
	struct server *s = context;
	struct connection *c = s->count < CONNECTIONS_MAX ? calloc(1, sizeof(*c)) : NULL;

	(void)listener;
	(void)address;
	(void)len;
	if (c != NULL)
		c->be = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (c == NULL || c->be == NULL) {
		log_warning("control socket: too many connections");
		free(c);
		evutil_closesocket(fd);
		return;
	}
	c->server = s;
	control_peer(fd, c->author);
	c->next = s->connections;
	c->previous = &s->connections;
	if (c->next != NULL)
		c->next->previous = &c->next;
	s->connections = c;
	s->count++;
	/* A request fits below the mark, a whole chunk too; no more is taken in at once. */
	bufferevent_setwatermark(c->be, EV_READ, 0, 2 * CONTROL_CHUNK_MAX);
	bufferevent_setcb(c->be, on_ready, on_ready, on_event, c);
	bufferevent_set_timeouts(c->be, &idle, &idle);
	bufferevent_enable(c->be, EV_READ | EV_WRITE);
}

/* --- probes that a connection waits for ----------------------------------- */

static void
on_progress(uint64_t probe, const char *text, bool done, void *context)
{
	struct server *s = context;
	struct connection *c, *next;

	for (c = s->connections; c != NULL; c = next) {
		next = c->next;
		if (c->follow != probe)
			continue;
		if (!done) {
			if (evbuffer_get_length(bufferevent_get_output(c->be)) < OUTPUT_MAX)
				answer(c, json_pack("{s:s}", "progress", text));
			continue;
		}
		follow(c, 0); /* when this is written, what the client sent meanwhile is served */
		answer(c, command_followed(s->context, probe, now()));
	}
}

enum err
server_new(struct event_base *base, int fd, const struct command_context *context,
	struct server **out, struct error *e)
{
	struct server *s = calloc(1, sizeof(*s));

	*out = NULL;
	if (s != NULL) {
		s->context = context;
		s->base = base;
		s->listener = evconnlistener_new(base, on_connection, s, LEV_OPT_CLOSE_ON_FREE, 0,
			fd);
	}
	if (s == NULL || s->listener == NULL) {
		free(s);
		return error_set(e, ERR_MEMORY, "control socket: out of memory");
	}
	pipeline_observe(context->pipeline, on_progress, s);
	*out = s;
	return OK;
}

void
server_free(struct server *s)
{
	if (s == NULL)
		return;
	while (s->connections != NULL)
		close_connection(s->connections);
	evconnlistener_free(s->listener);
	pipeline_observe(s->context->pipeline, NULL, NULL);
	free(s);
}
