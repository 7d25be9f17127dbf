#include "reader.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "dialect.h"
#include "entries.h"
#include "utf16_stream.h"

enum {
	MARK_MAX = 3, /* bytes of a byte order mark */
	DECODE_BYTES = 16384
};

enum stage {     /* what the next bytes are for */
	AT_MARK, /* is there a byte order mark? */
	AT_HEAD, /* which container, if any? */
	IN_LINES,
	IN_CONTAINER
};

struct reader {
	struct reader_conf conf;
	struct entries *entries;
	enum err failed; /* nothing is read from then on */
	enum stage stage;
	bool is_utf16;
	struct utf16_stream utf16;
	const struct container *container; /* open when box is not NULL */
	void *box;
	size_t head_len;
	char head[CONTAINER_HEAD]; /* bytes kept until the stage is known */
	bool overlong;             /* inside a line longer than line_max */
	size_t part_len;           /* of a line whose end has not come yet */
	char *part;                /* line_max bytes */
};

struct reader *
reader_new(const struct reader_conf *conf, reader_denial_fn *fn, void *context)
{
	struct reader_conf inner = *conf;
	struct reader *r;

	if (conf->format != NULL && !reader_has_format(conf->format))
		return NULL;
	r = calloc(1, sizeof(*r));
	if (r == NULL)
		return NULL;
	r->conf = *conf;
	r->container = conf->format != NULL ? container_find(conf->format) : NULL;
	if (r->container != NULL && !dialect_has(conf->format))
		inner.format = NULL;
	r->part = malloc(conf->line_max + 1);
	r->entries = entries_new(&inner, fn, context);
	if (r->part == NULL || r->entries == NULL) {
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
	if (r->box != NULL)
		r->container->close(r->box);
	entries_free(r->entries);
	free(r->part);
	free(r);
}

void
reader_set_now(struct reader *r, int64_t now_s)
{
	entries_set_now(r->entries, now_s);
}

const struct reader_summary *
reader_summary(const struct reader *r)
{
	return entries_summary(r->entries);
}

static bool
has_part(const struct reader *r)
{
	return r->part_len != 0 || r->overlong;
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

static enum err
read_line(struct reader *r, const char *p, size_t len)
{
	if (len > r->conf.line_max)
		return entries_overlong(r->entries);
	return entries_line(r->entries, (struct text){p, len});
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
	return entries_overlong(r->entries);
}

static enum err
feed_lines(struct reader *r, const char *at, size_t len)
{
	enum err err = OK;

	while (err == OK && len != 0) {
		const char *lf = memchr(at, '\n', len);
		size_t n = lf != NULL ? (size_t)(lf - at) : len;

		if (lf == NULL || has_part(r))
			keep_part(r, at, n);
		if (lf == NULL)
			break;
		err = has_part(r) ? end_part(r) : read_line(r, at, n);
		at = lf + 1;
		len -= n + 1;
	}
	return err;
}

static enum err
take_line(const struct log_line *s, uint64_t number, void *context)
{
	struct reader *r = context;

	return entries_framed(r->entries, s, number);
}

static enum err
take_event(const struct event_record *e, void *context)
{
	struct reader *r = context;

	return entries_event(r->entries, e);
}

static void
take_trouble(uint64_t where, const char *reason, void *context)
{
	struct reader *r = context;

	entries_trouble(r->entries, where, reason);
}

static enum err
open_container(struct reader *r)
{
	const struct container_sink sink = {r, take_line, take_event, take_trouble};

	r->box = r->container->open(&sink);
	r->stage = IN_CONTAINER;
	return r->box != NULL ? OK : ERR_MEMORY;
}

/* Decide by the head, and read it. */
static enum err
end_head(struct reader *r)
{
	struct text head = {r->head, r->head_len};
	enum err err = OK;

	r->stage = IN_LINES;
	if (r->container == NULL && r->conf.format == NULL)
		r->container = container_recognise(head);
	else if (r->container != NULL && dialect_has(r->container->name) &&
		!r->container->knows(head))
		r->container = NULL; /* a name for both, as a dialect */
	if (r->container != NULL)
		err = open_container(r);
	if (err != OK)
		return err;
	return r->box != NULL ? r->container->feed(r->box, head.p, head.len) :
				feed_lines(r, head.p, head.len);
}

/* Keep bytes until limit are there. Returns how many were taken. */
static size_t
keep_head(struct reader *r, size_t limit, const char *bytes, size_t len)
{
	size_t n = limit - r->head_len < len ? limit - r->head_len : len;

	memcpy(r->head + r->head_len, bytes, n);
	r->head_len += n;
	return n;
}

static enum err
feed_decoded(struct reader *r, const char *bytes, size_t len)
{
	enum err err;
	size_t n;

	if (len == 0)
		return OK;
	if (r->stage == AT_HEAD) {
		n = keep_head(r, CONTAINER_HEAD, bytes, len);
		bytes += n;
		len -= n;
		if (r->head_len < CONTAINER_HEAD)
			return OK;
		err = end_head(r);
		if (err != OK || len == 0)
			return err;
	}
	return r->stage == IN_CONTAINER ? r->container->feed(r->box, bytes, len) :
					  feed_lines(r, bytes, len);
}

static enum err
feed_utf16(struct reader *r, const char *bytes, size_t len)
{
	char out[UTF16_STREAM_OUT * DECODE_BYTES + UTF16_STREAM_MORE];
	enum err err = OK;

	while (err == OK && len != 0) {
		size_t n = len < DECODE_BYTES ? len : DECODE_BYTES;

		err = feed_decoded(r, out, utf16_stream_feed(&r->utf16, bytes, n, out));
		bytes += n;
		len -= n;
	}
	return err;
}

static enum err
feed_bytes(struct reader *r, const char *bytes, size_t len)
{
	return r->is_utf16 ? feed_utf16(r, bytes, len) : feed_decoded(r, bytes, len);
}

/* Take off the byte order mark, and go on with what stands behind it. */
static enum err
end_mark(struct reader *r)
{
	struct text start = {r->head, r->head_len};
	char rest[MARK_MAX];
	size_t mark = 0;

	r->stage = AT_HEAD;
	if (text_has_prefix(start, TEXT("\xef\xbb\xbf"))) {
		mark = 3;
	} else if (text_has_prefix(start, TEXT("\xff\xfe")) ||
		text_has_prefix(start, TEXT("\xfe\xff"))) {
		r->is_utf16 = true;
		r->utf16.is_big = start.p[0] == '\xfe';
		mark = 2;
	}
	start = text_from(start, mark);
	if (start.len != 0)
		memcpy(rest, start.p, start.len);
	r->head_len = 0;
	return feed_bytes(r, rest, start.len);
}

enum err
reader_feed(struct reader *r, const void *bytes, size_t len)
{
	const char *at = bytes;

	if (r->failed == OK && r->stage == AT_MARK && len != 0) {
		size_t n = keep_head(r, MARK_MAX, at, len);

		at += n;
		len -= n;
		if (r->head_len == MARK_MAX)
			r->failed = end_mark(r);
	}
	if (r->failed == OK && len != 0)
		r->failed = feed_bytes(r, at, len);
	return r->failed;
}

/* Decide on what has come. */
static enum err
end_start(struct reader *r)
{
	enum err err = r->stage == AT_MARK ? end_mark(r) : OK;

	return err == OK && r->stage == AT_HEAD ? end_head(r) : err;
}

enum err
reader_flush(struct reader *r)
{
	if (r->failed == OK && r->head_len != 0)
		r->failed = end_start(r);
	if (r->failed == OK)
		r->failed = entries_flush(r->entries);
	return r->failed;
}

static enum err
end_input(struct reader *r)
{
	char out[UTF16_STREAM_MORE];
	enum err err;

	if (r->is_utf16) {
		err = feed_decoded(r, out, utf16_stream_finish(&r->utf16, out));
		if (err != OK)
			return err;
	}
	err = end_start(r);
	if (err == OK && r->box != NULL)
		err = r->container->finish(r->box);
	if (err == OK && has_part(r))
		err = end_part(r);
	return err == OK ? entries_finish(r->entries) : err;
}

enum err
reader_finish(struct reader *r)
{
	if (r->failed == OK)
		r->failed = end_input(r);
	return r->failed;
}

bool
reader_format(size_t i, const char **name, const char **help)
{
	const struct dialect *dialect = dialect_row(i);
	const struct container *container;

	if (dialect != NULL) {
		*name = dialect->name;
		*help = dialect->help;
		return true;
	}
	for (size_t row = 0; dialect_row(row) != NULL; row++)
		i--;
	for (size_t row = 0; (container = container_row(row)) != NULL; row++)
		if (!dialect_has(container->name) && i-- == 0)
			break;
	if (container == NULL)
		return false;
	*name = container->name;
	*help = container->help;
	return true;
}

bool
reader_has_format(const char *name)
{
	return dialect_has(name) || container_find(name) != NULL;
}
