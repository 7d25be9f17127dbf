#include "entries.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "denial_copy.h"
#include "dialect.h"
#include "doubles.h"
#include "event_map.h"
#include "frame.h"
#include "held.h"
#include "session.h"
#include "stamp.h"
#include "tally.h"

enum { WHO_MAX = 256 };

static const char other_format[] = "not a line of the format that was asked for";

struct last {                     /* the entry before, for "last message repeated" */
	enum parse_result result; /* PARSE_DENIAL, PARSE_HELD, PARSE_REJECTION; else nothing */
	enum rejection_kind rejection;
	struct denial_copy copy;
	size_t host_len, tag_len, key_len;
	char host[WHO_MAX], tag[WHO_MAX], key[HELD_KEY_MAX];
};

struct entries {
	struct reader_conf conf;
	reader_denial_fn *fn;
	void *context;
	struct reader_summary summary;
	struct stamp_clock clock;
	struct parse_state state;
	struct dialects *dialects;
	struct frames *frames;
	struct held *held;
	struct last last;
	struct doubles doubles;
	struct event_map *own_events; /* when conf has none */
	bool ends_in_lf;              /* without CR, the line that is being read */
	bool follows_lf;              /* and the one before */
	bool has_lf_only;             /* and the first one */
	bool joined_is_quoted;
	bool is_lost;          /* inside of a quoted text that has no end so far */
	size_t joined_lines;   /* of an entry whose end has not come */
	uint64_t joined_first; /* number of its first line */
	size_t joined_len;
	char *joined; /* line_max bytes */
};

static enum err
give_out(const struct denial *d, void *context)
{
	struct entries *e = context;

	e->summary.denials += d->count;
	return e->fn(d, e->context);
}

static bool
make_parts(struct entries *e)
{
	e->own_events = e->conf.events == NULL ? event_map_new() : NULL;
	e->state.events = e->conf.events != NULL ? e->conf.events : e->own_events;
	e->state.sessions = session_table_new(SESSIONS_MAX, SESSION_BYTES_MAX);
	e->frames = frames_new(e->conf.line_max);
	e->held = held_new(give_out, e);
	e->joined = malloc(e->conf.line_max + 1);
	e->dialects = dialects_new(e->conf.format, &e->state);
	return e->state.events != NULL && e->state.sessions != NULL && e->frames != NULL &&
		e->held != NULL && e->joined != NULL && e->dialects != NULL;
}

struct entries *
entries_new(const struct reader_conf *conf, reader_denial_fn *fn, void *context)
{
	struct entries *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->conf = *conf;
	e->fn = fn;
	e->context = context;
	stamp_clock_init(&e->clock, conf->now_s);
	doubles_init(&e->doubles);
	e->state.local_domain_count = conf->local_domain_count;
	e->state.local_domains = conf->local_domains;
	if (!make_parts(e)) {
		entries_free(e);
		return NULL;
	}
	return e;
}

void
entries_free(struct entries *e)
{
	if (e == NULL)
		return;
	dialects_free(e->dialects);
	session_table_free(e->state.sessions);
	event_map_free(e->own_events);
	held_free(e->held);
	frames_free(e->frames);
	denial_copy_free(&e->last.copy);
	free(e->joined);
	free(e);
}

void
entries_set_now(struct entries *e, int64_t now_s)
{
	if (now_s != e->clock.now_s)
		stamp_clock_init(&e->clock, now_s);
}

const struct reader_summary *
entries_summary(const struct entries *e)
{
	return &e->summary;
}

static enum err
note_trouble(struct entries *e, uint64_t where, const char *reason)
{
	tally_trouble(&e->summary, where, text_of(reason));
	return OK;
}

void
entries_trouble(struct entries *e, uint64_t where, const char *reason)
{
	e->summary.lines++;
	e->last.result = PARSE_SKIP;
	tally_trouble(&e->summary, where, text_of(reason));
}

/* Remember what "last message repeated" would repeat. */
static enum err
remember(struct entries *e, const struct log_line *s, enum parse_result result,
	const struct denial *d)
{
	struct last *l = &e->last;

	l->result = PARSE_SKIP;
	if (s->host.len == 0 || s->host.len > WHO_MAX || s->tag.len > WHO_MAX ||
		e->state.key.len > HELD_KEY_MAX)
		return OK;
	l->rejection = e->state.rejection;
	l->host_len = s->host.len;
	memcpy(l->host, s->host.p, s->host.len);
	l->tag_len = s->tag.len;
	if (s->tag.len != 0)
		memcpy(l->tag, s->tag.p, s->tag.len);
	l->key_len = e->state.key.len;
	if (e->state.key.len != 0)
		memcpy(l->key, e->state.key.p, e->state.key.len);
	if (result != PARSE_REJECTION && denial_copy_set(&l->copy, d) != OK)
		return ERR_MEMORY;
	l->result = result;
	return OK;
}

static enum err
hand_over(struct entries *e, enum parse_result result, struct text key, const struct denial *d)
{
	return result == PARSE_HELD ? held_add(e->held, key, d) : give_out(d, e);
}

/* Complete a denial with what the frame says. */
static bool
complete(struct entries *e, const struct log_line *s, uint64_t number, struct denial *d)
{
	const struct stamp *stamp = e->state.stamp.month != 0 ? &e->state.stamp : &s->stamp;

	if (!stamp_to_epoch(stamp, &e->clock, &d->time_s))
		return false;
	d->time_us = stamp->us;
	d->time_offset_s = stamp->offset_s;
	if (s->host.len != 0)
		d->server = s->host;
	if (d->raw.p == NULL)
		d->raw = s->raw;
	if (!d->is_record)
		d->line = number;
	d->count = s->count;
	return true;
}

static enum err
take_denial(struct entries *e, const struct log_line *s, uint64_t number, enum parse_result result,
	struct denial *d)
{
	enum err err;

	if (!complete(e, s, number, d))
		return note_trouble(e, number, "a relay attempt without a time that can be told");
	e->summary.understood++;
	err = s->frame == FRAME_NONE ? OK : remember(e, s, result, d);
	return err == OK ? hand_over(e, result, e->state.key, d) : err;
}

/* "last message repeated N times": N more of the line before, as its own host wrote it. */
static enum err
repeat_last(struct entries *e, const struct log_line *s, uint64_t number)
{
	const struct last *l = &e->last;
	struct denial d = l->copy.denial;

	e->summary.understood++;
	if (l->result == PARSE_SKIP || !text_equal((struct text){l->host, l->host_len}, s->host) ||
		(s->tag.len != 0 && !text_equal((struct text){l->tag, l->tag_len}, s->tag)))
		return OK;
	if (l->result == PARSE_REJECTION) {
		tally_rejection(&e->summary, l->rejection, s->count);
		return OK;
	}
	if (!stamp_to_epoch(&s->stamp, &e->clock, &d.time_s))
		return OK;
	d.time_us = s->stamp.us;
	d.time_offset_s = s->stamp.offset_s;
	d.line = number;
	d.count = s->count;
	d.raw = s->raw; /* that of the first would make it a copy of that one */
	return hand_over(e, l->result, (struct text){l->key, l->key_len}, &d);
}

/* A line that no dialect knows and that has no frame: is it at least meant to be passed over? */
static bool
is_remark(const struct log_line *s)
{
	return text_has_prefix(s->message, TEXT("#")) || text_has_prefix(s->message, TEXT("-- "));
}

static enum err
pass_over(struct entries *e, const struct log_line *s, uint64_t number, const char *reason)
{
	if (s->frame == FRAME_NONE && !is_remark(s))
		return note_trouble(e, number, e->conf.format != NULL ? other_format : reason);
	e->summary.understood++;
	return OK;
}

static enum err
take_rejection(struct entries *e, const struct log_line *s)
{
	e->summary.understood++;
	tally_rejection(&e->summary, e->state.rejection, s->count);
	return remember(e, s, PARSE_REJECTION, NULL);
}

/* Is it a copy of a line that was counted? Else s->count becomes the number of events. */
static bool
is_double(struct entries *e, struct log_line *s)
{
	if (!e->state.twice)
		return false;
	s->count = doubles_count(&e->doubles, s);
	return s->count == 0;
}

/* What a dialect says of an entry becomes denials and counts. */
static enum err
take_result(struct entries *e, struct log_line *s, uint64_t number, enum parse_result result,
	struct denial *d)
{
	if ((result == PARSE_DENIAL || result == PARSE_HELD || result == PARSE_REJECTION) &&
		is_double(e, s)) {
		e->summary.understood++;
		return OK;
	}
	switch (result) {
	case PARSE_DENIAL:
	case PARSE_HELD: return take_denial(e, s, number, result, d);
	case PARSE_REJECTION: return take_rejection(e, s);
	case PARSE_BAD: return note_trouble(e, number, e->state.reason);
	case PARSE_MORE:
		return note_trouble(e, number, "the entry's further lines are not to be found");
	case PARSE_RELEASE: e->summary.understood++; return held_release(e->held, e->state.key, d);
	case PARSE_SKIP: break;
	}
	e->summary.understood++;
	return OK;
}

static void
start_joining(struct entries *e, struct text line, uint64_t number)
{
	e->joined_is_quoted = e->state.quoted;
	e->joined_first = number;
	memcpy(e->joined, line.p, line.len);
	e->joined_len = line.len;
	e->joined_lines = 1;
}

/* Ask the dialects. */
static enum parse_result
judge(struct entries *e, const struct log_line *s, struct denial *d, bool *known)
{
	enum parse_result result = dialect_parse(e->dialects, s, d, known);

	e->summary.known += *known && result != PARSE_BAD ? 1 : 0;
	return result;
}

static enum err
read_framed(struct entries *e, struct log_line *s, uint64_t number)
{
	enum parse_result result;
	struct log_line other;
	struct denial d;
	bool known;

	if (s->repeats_last)
		return repeat_last(e, s, number);
	e->last.result = PARSE_SKIP;
	result = judge(e, s, &d, &known);
	if (!known && s->tag.len == 0 && frames_take_weak(e->frames, s, &other)) {
		s = &other;
		result = judge(e, s, &d, &known);
	}
	return take_result(e, s, number, result, &d);
}

enum err
entries_framed(struct entries *e, const struct log_line *s, uint64_t number)
{
	struct log_line copy = *s;

	e->summary.lines++;
	return read_framed(e, &copy, number);
}

/* A line, or several of one entry, without a frame. */
static enum err
read_unframed(struct entries *e, struct log_line *s, uint64_t number, bool may_join,
	const char *reason)
{
	enum parse_result result;
	struct log_line other;
	struct denial d;
	bool known;

	s->has_lf_only = e->has_lf_only;
	s->follows_lf = e->follows_lf && !e->has_lf_only;
	result = judge(e, s, &d, &known);
	if (!known && frames_take_weak(e->frames, s, &other))
		return read_framed(e, &other, number);
	e->last.result = PARSE_SKIP;
	if (result == PARSE_MORE && may_join) {
		start_joining(e, s->raw, number);
		return OK;
	}
	return known ? take_result(e, s, number, result, &d) : pass_over(e, s, number, reason);
}

static enum err
read_line(struct entries *e, struct text line, uint64_t number, bool may_join)
{
	const char *reason;
	struct log_line s;

	if (line.len == 0)
		return OK;
	switch (frames_take(e->frames, line, &s, &reason)) {
	case FRAME_TAKEN: return read_framed(e, &s, number);
	case FRAME_MISSING: return read_unframed(e, &s, number, may_join, reason);
	case FRAME_BAD: return note_trouble(e, number, reason);
	case FRAME_PART: break;
	}
	e->summary.understood++;
	return OK;
}

/* Quotes in a quoted text are doubled, so that only a line with an odd number of them ends it. */
static bool
may_end_quotes(struct text line)
{
	size_t quotes = 0;

	for (size_t i = 0; i < line.len; i++)
		quotes += line.p[i] == '"' ? 1 : 0;
	return quotes % 2 != 0;
}

/* A line of a quoted text whose start was given up. */
static enum err
pass_quoted(struct entries *e, struct text line, uint64_t number)
{
	if (line.len == 0)
		return OK;
	e->is_lost = !may_end_quotes(line);
	return note_trouble(e, number, "the line is in a quoted text that has no end");
}

/* The end of the entry is not to be found: its first line is bad. The others stand for themselves,
 * so that a quote that is never closed hides little, unless they may be anybody's. */
static enum err
give_up_joining(struct entries *e)
{
	struct text rest = {e->joined, e->joined_len};
	uint64_t number = e->joined_first;
	enum err err = note_trouble(e, number, "the entry has no end");

	e->joined_lines = 0;
	e->follows_lf = true;
	e->is_lost = e->joined_is_quoted;
	(void)text_cut(&rest, '\n');
	while (err == OK && rest.len != 0) {
		struct text line = text_cut(&rest, '\n');

		err = e->is_lost ? pass_quoted(e, line, ++number) :
				   read_line(e, line, ++number, false);
	}
	return err;
}

static bool
add_to_joined(struct entries *e, struct text line)
{
	if (e->joined_lines == ENTRIES_JOINED_MAX ||
		line.len + 1 > e->conf.line_max - e->joined_len)
		return false;
	e->joined[e->joined_len++] = '\n';
	if (line.len != 0)
		memcpy(e->joined + e->joined_len, line.p, line.len);
	e->joined_len += line.len;
	e->joined_lines++;
	return true;
}

static enum err
join_line(struct entries *e, struct text line)
{
	struct text whole;
	enum parse_result result;
	struct log_line s;
	struct denial d;
	bool known;

	if (!add_to_joined(e, line)) {
		enum err err = give_up_joining(e);

		if (err != OK)
			return err;
		return e->is_lost ? pass_quoted(e, line, e->summary.lines) :
				    read_line(e, line, e->summary.lines, true);
	}
	if (!may_end_quotes(line))
		return OK;
	whole = (struct text){e->joined, e->joined_len};
	s = (struct log_line){.raw = whole, .message = whole, .count = 1};
	result = dialect_parse(e->dialects, &s, &d, &known);
	if (result == PARSE_MORE)
		return OK;
	if (result == PARSE_BAD && !e->joined_is_quoted) /* its end was another one's quote */
		return give_up_joining(e);
	e->summary.understood += e->joined_lines - 1;
	e->joined_lines = 0;
	return take_result(e, &s, e->joined_first, result, &d);
}

/* Most lines of most logs are known by a glance to be of no interest. */
static enum err
read_quickly(struct entries *e, struct text line)
{
	uint64_t number = e->summary.lines;
	enum dialect_glance seen = GLANCE_NEW_TAG;
	struct glance g;
	struct log_line s;

	if (frames_glance(e->frames, line, &g))
		seen = dialect_glance(e->dialects, g.tag, g.message);
	switch (seen) {
	case GLANCE_NEW_TAG: return read_line(e, line, number, true);
	case GLANCE_MATTERS: frames_fill(e->frames, &g, &s); return read_framed(e, &s, number);
	case GLANCE_IDLE: e->summary.known++; break;
	case GLANCE_FOREIGN: break;
	}
	e->last.result = PARSE_SKIP;
	e->summary.understood++;
	return OK;
}

enum err
entries_line(struct entries *e, struct text line)
{
	e->summary.lines++;
	e->follows_lf = e->ends_in_lf;
	e->ends_in_lf = line.len == 0 || line.p[line.len - 1] != '\r';
	if (e->summary.lines == 1)
		e->has_lf_only = e->ends_in_lf;
	line.len -= e->ends_in_lf ? 0 : 1;
	while (line.len != 0 && line.p[0] == '\0') { /* a file system leaves them after a crash */
		line.p++;
		line.len--;
	}
	if (e->is_lost)
		return pass_quoted(e, line, e->summary.lines);
	return e->joined_lines != 0 ? join_line(e, line) : read_quickly(e, line);
}

static enum err
end_joining(struct entries *e)
{
	return e->joined_lines != 0 ? give_up_joining(e) : OK;
}

enum err
entries_overlong(struct entries *e)
{
	char reason[64];
	enum err err = end_joining(e);

	e->summary.lines++;
	e->last.result = PARSE_SKIP;
	(void)snprintf(reason, sizeof(reason), "the line is longer than %zu bytes",
		e->conf.line_max);
	return err == OK ? note_trouble(e, e->summary.lines, reason) : err;
}

enum err
entries_event(struct entries *e, const struct event_record *event)
{
	struct log_line s = {.stamp = event->stamp, .count = 1};
	enum parse_result result;
	struct denial d = {0};

	e->summary.lines++;
	e->summary.known++;
	e->last.result = PARSE_SKIP;
	parse_state_start(&e->state);
	result = event_map_judge(e->state.events, event, &e->state, &d);
	return take_result(e, &s, event->number, result, &d);
}

enum err
entries_flush(struct entries *e)
{
	return held_flush(e->held);
}

enum err
entries_finish(struct entries *e)
{
	enum err err = end_joining(e);

	return err == OK ? entries_flush(e) : err;
}
