#include "reader.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect.h"
#include "stamp.h"
#include "syslog_line.h"

struct reader {
	struct reader_conf conf;
	reader_denial_fn *fn;
	void *context;
	enum err failed; /* what fn returned; nothing is read from then on */
	struct reader_summary summary;
	struct stamp_clock clock;
	struct parse_state state;
	bool overlong;   /* inside a line longer than line_max */
	size_t part_len; /* of a line whose end has not come yet */
	size_t last_len; /* of the last line, when it was a denial; else 0 */
	char *part;      /* line_max bytes each */
	char *last;
};

struct reader *
reader_new(const struct reader_conf *conf, reader_denial_fn *fn, void *context)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->conf = *conf;
	r->fn = fn;
	r->context = context;
	stamp_clock_init(&r->clock, conf->now_s);
	r->part = malloc(conf->line_max + 1);
	r->last = malloc(conf->line_max + 1);
	if (r->part == NULL || r->last == NULL) {
		reader_free(r);
		return NULL;
	}
	return r;
}

void
reader_free(struct reader *r)
{
	if (r == NULL)
		return;
	free(r->last);
	free(r->part);
	free(r);
}

const struct reader_summary *
reader_summary(const struct reader *r)
{
	return &r->summary;
}

static enum err
note_trouble(struct reader *r, const char *reason)
{
	struct reader_summary *sum = &r->summary;
	struct reader_trouble *t;

	sum->not_understood++;
	if (sum->trouble_count >= READER_TROUBLES_MAX)
		return OK;
	t = &sum->troubles[sum->trouble_count++];
	t->line = sum->lines;
	(void)text_printable(text_of(reason), t->reason, sizeof(t->reason));
	return OK;
}

static enum err
note_overlong(struct reader *r)
{
	char reason[sizeof(r->summary.troubles[0].reason)];

	r->summary.lines++;
	r->last_len = 0;
	(void)snprintf(reason, sizeof(reason), "the line is longer than %zu bytes",
		r->conf.line_max);
	return note_trouble(r, reason);
}

/* Complete a denial with what the frame says, and hand it over. */
static enum err
emit(struct reader *r, const struct syslog_line *s, struct denial *d)
{
	if (!stamp_to_epoch(&s->stamp, &r->clock, &d->time_s))
		return note_trouble(r, "a relay attempt without a time that can be told");
	d->time_us = s->stamp.us;
	d->time_offset_s = s->stamp.offset_s;
	d->server = s->host;
	d->count = s->count;
	d->line = r->summary.lines;
	r->summary.understood++;
	r->summary.denials += d->count;
	return r->fn(d, r->context);
}

/* "last message repeated N times": N more of the line before, as its own host wrote it. */
static enum err
repeat_last(struct reader *r, const struct syslog_line *s)
{
	struct text last = {r->last, r->last_len};
	struct syslog_line first, again;
	const char *reason = NULL;
	struct denial d;

	if (last.len == 0 || syslog_line_parse(last, &first, &reason) != OK ||
		!text_equal(first.host, s->host) ||
		(s->tag.len != 0 && !text_equal(first.tag, s->tag)) ||
		dialect_parse(&first, &r->state, &d) != PARSE_DENIAL) {
		r->summary.understood++;
		return OK;
	}
	again = first;
	again.stamp = s->stamp;
	again.count = s->count;
	d.raw = last;
	return emit(r, &again, &d);
}

static enum err
read_framed(struct reader *r, const struct syslog_line *s, struct text line)
{
	struct denial d;

	if (s->repeats_last)
		return repeat_last(r, s);
	r->last_len = 0;
	switch (dialect_parse(s, &r->state, &d)) {
	case PARSE_DENIAL:
		d.raw = line;
		memcpy(r->last, line.p, line.len);
		r->last_len = line.len;
		return emit(r, s, &d);
	case PARSE_BAD: return note_trouble(r, r->state.reason);
	case PARSE_REJECTION: r->summary.rejections += s->count; break;
	case PARSE_SKIP: break;
	}
	r->summary.understood++;
	return OK;
}

static enum err
read_line(struct reader *r, const char *p, size_t len)
{
	struct text line = {p, len};
	const char *reason = NULL;
	struct syslog_line s;

	if (len > r->conf.line_max)
		return note_overlong(r);
	r->summary.lines++;
	if (len != 0 && p[len - 1] == '\r')
		line.len--;
	if (line.len == 0)
		return OK;
	if (syslog_line_parse(line, &s, &reason) == OK)
		return read_framed(r, &s, line);
	r->last_len = 0;
	return note_trouble(r, reason);
}

/* Keep the start of a line whose end has not come yet. */
static void
keep_part(struct reader *r, const char *p, size_t len)
{
	if (len > r->conf.line_max - r->part_len)
		r->overlong = true;
	if (r->overlong) {
		r->part_len = 0;
		return;
	}
	memcpy(r->part + r->part_len, p, len);
	r->part_len += len;
}

/* The line whose start was kept is complete. */
static enum err
end_part(struct reader *r)
{
	size_t len = r->part_len;

	r->part_len = 0;
	if (!r->overlong)
		return read_line(r, r->part, len);
	r->overlong = false;
	return note_overlong(r);
}

static bool
has_part(const struct reader *r)
{
	return r->part_len != 0 || r->overlong;
}

enum err
reader_feed(struct reader *r, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (r->failed == OK && len != 0) {
		const char *lf = memchr(at, '\n', len);
		size_t n = lf != NULL ? (size_t)(lf - at) : len;

		if (lf == NULL || has_part(r))
			keep_part(r, at, n);
		if (lf == NULL)
			break;
		r->failed = has_part(r) ? end_part(r) : read_line(r, at, n);
		at = lf + 1;
		len -= n + 1;
	}
	return r->failed;
}

enum err
reader_finish(struct reader *r)
{
	if (r->failed == OK && has_part(r))
		r->failed = end_part(r);
	return r->failed;
}
