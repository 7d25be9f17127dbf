#include "follow_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <orbl/clock.h>

enum {
	ANSWER_TIMEOUT_MS = 600000,
	CHECKPOINT_MS = 1000,
	CHECKPOINT_BYTES = 4 << 20,
	PING_MS = 60000, /* the analyzer hangs up on who says nothing for ten minutes */
	TELL_MS = 60000,
	RETRY_MS = 1000,
	RETRY_MAX_MS = 10000,
	STEP_PIECES = 32
};

struct follow_feed {
	const struct submit *submit;
	struct follow_source source;
	struct control *control; /* NULL: not connected */
	size_t unacked;          /* bytes since the last checkpoint */
	bool in_context;
	int64_t acked_ms, pinged_ms; /* the last checkpoint; the last word */
	int64_t retry_ms, pause_ms;  /* when to try again, and how long to wait after that */
	bool is_lost;                /* and it was said */
	int64_t told_ms;
	json_int_t lines, denials; /* since then */
};

static void
say(const struct follow_feed *f, const char *text)
{
	fprintf(stderr, "orbl submit: %s: %s\n", f->source.name, text);
}

struct follow_feed *
follow_feed_new(const struct submit *s, const struct follow_source *source)
{
	struct follow_feed *f = calloc(1, sizeof(*f));

	if (f == NULL) {
		source->close(source->state);
		return NULL;
	}
	f->submit = s;
	f->source = *source;
	f->pause_ms = RETRY_MS;
	f->told_ms = clock_monotonic_ms();
	return f;
}

void
follow_feed_free(struct follow_feed *f)
{
	if (f == NULL)
		return;
	control_close(f->control);
	f->source.close(f->source.state);
	free(f);
}

/* --- talking to the analyzer ---------------------------------------------- */

static enum err
receive(struct follow_feed *f, json_t **answer, struct error *e)
{
	enum err err = control_receive(f->control, ANSWER_TIMEOUT_MS, answer, e);

	f->pinged_ms = clock_monotonic_ms();
	return err == OK ? control_check_answer(*answer, e) : err;
}

/* When it has hung up, its last word says why. */
static enum err
send_chunk(struct follow_feed *f, const void *bytes, size_t len, struct error *e)
{
	enum err err = control_send_chunk(f->control, bytes, len, e);
	struct error last = {.code = OK};
	json_t *answer = NULL;

	if (err == OK)
		return OK;
	if (control_receive(f->control, 0, &answer, NULL) == OK &&
		control_check_answer(answer, &last) != OK) {
		*e = last;
		err = last.code;
	}
	json_decref(answer);
	return err;
}

/* Takes mark. */
static enum err
send_mark(struct follow_feed *f, json_t *mark, json_t **answer, struct error *e)
{
	enum err err = mark != NULL ? send_chunk(f, "", 0, e) :
				      error_set(e, ERR_MEMORY, "out of memory");

	*answer = NULL;
	if (err == OK)
		err = control_send(f->control, mark, e);
	if (err == OK)
		err = receive(f, answer, e);
	json_decref(mark);
	return err;
}

static enum err
send_plain_mark(struct follow_feed *f, json_t *mark, struct error *e)
{
	json_t *answer;
	enum err err = send_mark(f, mark, &answer, e);

	json_decref(answer);
	return err;
}

static enum err
set_context(struct follow_feed *f, bool on, struct error *e)
{
	enum err err = OK;

	if (f->in_context != on)
		err = send_plain_mark(f, json_pack("{s:b}", "context", (int)on), e);
	f->in_context = on;
	return err;
}

static enum err
open_connection(struct follow_feed *f, struct error *e)
{
	json_t *request = submit_request(f->submit, f->source.name, f->source.key,
		f->source.format);
	enum err err = request == NULL ?
		error_set(e, ERR_SYNTAX, "the name, or that of the format, is not UTF-8") :
		control_connect(f->submit->socket, &f->control, e);
	json_t *answer = NULL;

	if (err == OK)
		err = control_send(f->control, request, e);
	if (err == OK)
		err = receive(f, &answer, e);
	if (err == OK)
		err = f->source.start(f->source.state, json_object_get(answer, "position"), e);
	json_decref(answer);
	json_decref(request);
	f->unacked = 0;
	f->in_context = false;
	f->acked_ms = clock_monotonic_ms();
	return err;
}

/* --- what is said --------------------------------------------------------- */

static void
tell_part(const struct follow_feed *f, json_t *answer)
{
	json_int_t denials = client_number(answer, "denials");

	if (denials == 0)
		return;
	if (f->submit->client.json) {
		json_object_set_new(answer, "file", json_string(f->source.name));
		json_object_set_new(answer, "reporter", json_string(f->submit->client.reporter));
		client_print_json(answer);
		fflush(stdout);
	} else if (f->submit->verbose) {
		printf("%s: %lld lines, %lld denials of %lld hosts\n", f->source.name,
			client_number(answer, "lines"), denials, client_number(answer, "hosts"));
		fflush(stdout);
	}
}

static void
tell_minute(struct follow_feed *f)
{
	if (clock_monotonic_ms() - f->told_ms < TELL_MS)
		return;
	if (f->lines != 0 && isatty(STDERR_FILENO))
		fprintf(stderr, "%s: %lld lines, %lld denials\n", f->source.name,
			(long long)f->lines, (long long)f->denials);
	f->told_ms = clock_monotonic_ms();
	f->lines = f->denials = 0;
}

static void
tell_lost(struct follow_feed *f, const struct error *e)
{
	char text[sizeof(e->text) + 64];

	if (f->is_lost)
		return;
	f->is_lost = true;
	snprintf(text, sizeof(text), "%s; trying again until it is there", e->text);
	say(f, text);
}

/* --- the log -------------------------------------------------------------- */

/* In the middle of a line nothing can be acknowledged. */
static enum err
checkpoint(struct follow_feed *f, struct error *e)
{
	json_t *position = f->source.position(f->source.state), *answer;
	enum err err;

	if (position == NULL)
		return OK;
	err = send_mark(f, json_pack("{s:o}", "position", position), &answer, e);
	if (err == OK) {
		f->unacked = 0;
		f->acked_ms = clock_monotonic_ms();
		f->pause_ms = RETRY_MS;
		f->lines += client_number(answer, "lines");
		f->denials += client_number(answer, "denials");
		tell_part(f, answer);
	}
	json_decref(answer);
	return err;
}

static enum err
send_bytes(struct follow_feed *f, struct text t, struct error *e)
{
	enum err err = OK;

	while (err == OK && t.len != 0) {
		struct text chunk = text_upto(t, CONTROL_CHUNK_MAX);

		err = send_chunk(f, chunk.p, chunk.len, e);
		t = text_from(t, chunk.len);
	}
	return err;
}

static enum err
send_line(struct follow_feed *f, uint64_t line, struct error *e)
{
	enum err err = f->unacked != 0 ? checkpoint(f, e) : OK;

	if (err == OK)
		err = set_context(f, false, e);
	if (err == OK)
		err = send_plain_mark(f, json_pack("{s:I}", "line", (json_int_t)line), e);
	return err;
}

static enum err
send_piece(struct follow_feed *f, const struct follow_piece *p, struct error *e)
{
	enum err err;

	switch (p->kind) {
	case FOLLOW_NOTHING: return OK;
	case FOLLOW_NOTICE: say(f, p->text.p); return OK;
	case FOLLOW_LINE: return send_line(f, p->line, e);
	case FOLLOW_CHECKPOINT: return checkpoint(f, e);
	case FOLLOW_CONTEXT:
		err = set_context(f, true, e);
		return err == OK ? send_bytes(f, p->text, e) : err;
	case FOLLOW_BYTES: break;
	}
	f->unacked += p->text.len;
	err = send_bytes(f, p->text, e);
	return err == OK && f->unacked >= CHECKPOINT_BYTES ? checkpoint(f, e) : err;
}

static enum err
step(struct follow_feed *f, bool *busy, struct error *e)
{
	struct follow_piece p = {.kind = FOLLOW_BYTES};
	enum err err = OK;

	for (int i = 0; err == OK && i < STEP_PIECES && p.kind != FOLLOW_NOTHING; i++) {
		err = f->source.next(f->source.state, &p, e);
		if (err == OK)
			err = send_piece(f, &p, e);
	}
	*busy = p.kind != FOLLOW_NOTHING;
	if (err == OK && f->unacked != 0 && clock_monotonic_ms() - f->acked_ms >= CHECKPOINT_MS)
		err = checkpoint(f, e);
	if (err == OK && clock_monotonic_ms() - f->pinged_ms >= PING_MS)
		err = send_plain_mark(f, json_object(), e);
	return err;
}

/* Does it help to try again? */
static bool
is_final(enum err err)
{
	return err == ERR_SYNTAX || err == ERR_RANGE || err == ERR_UNSUPPORTED ||
		err == ERR_REFUSED;
}

static enum err
give_up_or_wait(struct follow_feed *f, const struct error *e)
{
	control_close(f->control);
	f->control = NULL;
	if (is_final(e->code)) {
		say(f, e->text);
		return e->code;
	}
	tell_lost(f, e);
	f->retry_ms = clock_monotonic_ms() + f->pause_ms;
	f->pause_ms = f->pause_ms * 2 < RETRY_MAX_MS ? f->pause_ms * 2 : RETRY_MAX_MS;
	return OK;
}

enum err
follow_feed_step(struct follow_feed *f, bool *busy)
{
	struct error e = {.code = OK};
	enum err err = OK;

	*busy = false;
	if (f->control == NULL && clock_monotonic_ms() < f->retry_ms)
		return OK;
	if (f->control == NULL)
		err = open_connection(f, &e);
	if (err == OK)
		err = step(f, busy, &e);
	if (err != OK) {
		*busy = false;
		return give_up_or_wait(f, &e);
	}
	if (f->is_lost)
		say(f, "goes on");
	f->is_lost = false;
	tell_minute(f);
	return OK;
}

enum err
follow_feed_end(struct follow_feed *f)
{
	struct error e = {.code = OK};
	bool busy;
	enum err err = OK;

	if (f->control == NULL)
		return OK;
	err = step(f, &busy, &e);
	if (err == OK && f->unacked != 0)
		err = checkpoint(f, &e);
	return err;
}
