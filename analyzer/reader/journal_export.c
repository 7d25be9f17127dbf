#include "journal_export.h"

#include <stdlib.h>
#include <string.h>

#include "journal_line.h"
#include "scan.h"

enum {
	LENGTH_BYTES = 8,
	LENGTH_MAX = 1 << 30, /* what is longer is no length: journald takes 768 MB */
	NAME_MAX_BYTES = 64   /* journald's own limit */
};

enum state { /* what the next byte belongs to */
	IN_NAME,
	IN_VALUE,  /* up to the line's end */
	IN_LENGTH, /* of a binary value */
	IN_BINARY,
	AT_END /* LF behind a binary value */
};

struct journal_export {
	struct container_sink sink;
	enum state state;
	uint64_t line;  /* that is being read */
	uint64_t start; /* line at which the entry starts; 0: between entries */
	size_t name_len;
	char name[NAME_MAX_BYTES];
	uint64_t length; /* of the binary value, what is left of it */
	size_t length_bytes;
	enum journal_field field; /* that the value is of; JOURNAL_FIELD_COUNT: passed over */
	bool overlong;            /* the value did not fit */
	bool damaged;             /* so that it is not given out */
	size_t used;              /* of values */
	struct text fields[JOURNAL_FIELD_COUNT]; /* lend from values */
	char values[JOURNAL_EXPORT_FIELD];
	char made[JOURNAL_EXPORT_FIELD + JOURNAL_LINE_MORE];
};

bool
journal_export_knows(struct text head)
{
	return text_has_prefix(head, TEXT("__CURSOR=")) ||
		text_has_prefix(head, TEXT("__REALTIME_TIMESTAMP="));
}

void *
journal_export_open(const struct container_sink *sink)
{
	struct journal_export *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->sink = *sink;
	x->line = 1;
	return x;
}

void
journal_export_close(void *c)
{
	free(c);
}

static void
start_entry(struct journal_export *x)
{
	x->start = 0;
	x->used = 0;
	x->damaged = false;
	memset(x->fields, 0, sizeof(x->fields));
}

static enum err
end_entry(struct journal_export *x)
{
	struct log_line s;
	enum err err = OK;

	if (x->damaged)
		x->start = 0;
	if (x->start != 0 && journal_line_make(x->fields, x->made, &s))
		err = x->sink.line(&s, x->start, x->sink.context);
	else if (x->start != 0)
		x->sink.trouble(x->start, "the journal's entry has no time", x->sink.context);
	start_entry(x);
	return err;
}

static void
start_value(struct journal_export *x, enum state state)
{
	x->field = journal_field_find((struct text){x->name, x->name_len});
	if (x->field != JOURNAL_FIELD_COUNT && x->fields[x->field].p != NULL)
		x->field = JOURNAL_FIELD_COUNT; /* the first value counts */
	if (x->field != JOURNAL_FIELD_COUNT)
		x->fields[x->field] = (struct text){x->values + x->used, 0};
	x->name_len = 0;
	x->length = x->length_bytes = 0;
	x->overlong = false;
	x->state = state;
}

static void
add_value(struct journal_export *x, const char *bytes, size_t len)
{
	struct text *value;

	if (x->field == JOURNAL_FIELD_COUNT || x->overlong)
		return;
	value = &x->fields[x->field];
	if (len > sizeof(x->values) - x->used) {
		x->overlong = true;
		x->used -= value->len;
		*value = TEXT_NONE;
		return;
	}
	if (len != 0)
		memcpy(x->values + x->used, bytes, len);
	x->used += len;
	value->len += len;
}

static void
note_damage(struct journal_export *x)
{
	if (!x->damaged)
		x->sink.trouble(x->line, "no field of a journal's entry", x->sink.context);
	x->damaged = true;
}

static bool
is_name(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (t.p[i] != '_' && !scan_is_digit(t.p[i]) && (t.p[i] < 'A' || t.p[i] > 'Z'))
			return false;
	return t.len != 0;
}

/* What stands at the start of a line has ended: with "=", or with the line, and then a
 * binary value follows. */
static void
end_name(struct journal_export *x, enum state state)
{
	if (x->start == 0)
		x->start = x->line;
	if (is_name((struct text){x->name, x->name_len})) {
		start_value(x, state);
		return;
	}
	note_damage(x);
	x->name_len = 0;
	start_value(x, state == IN_LENGTH ? IN_NAME : IN_VALUE);
}

/* Each take_* returns how many bytes it has taken; none only when the state becomes another. */
static size_t
take_name(struct journal_export *x, char c, enum err *err)
{
	if (c == '\n') {
		if (x->name_len == 0)
			*err = end_entry(x);
		else
			end_name(x, IN_LENGTH);
		x->line++;
	} else if (c == '=') {
		end_name(x, IN_VALUE);
	} else if (x->name_len < NAME_MAX_BYTES) {
		x->name[x->name_len++] = c;
	} else {
		end_name(x, IN_VALUE);
		note_damage(x);
	}
	return 1;
}

static size_t
take_value(struct journal_export *x, const char *at, size_t len)
{
	const char *lf = memchr(at, '\n', len);
	size_t n = lf != NULL ? (size_t)(lf - at) : len;

	add_value(x, at, n);
	if (lf == NULL)
		return n;
	x->line++;
	x->state = IN_NAME;
	return n + 1;
}

static size_t
take_length(struct journal_export *x, const char *at)
{
	x->length |= (uint64_t)(unsigned char)at[0] << (8 * x->length_bytes++);
	if (x->length_bytes != LENGTH_BYTES)
		return 1;
	x->state = x->length != 0 ? IN_BINARY : AT_END;
	if (x->length > LENGTH_MAX) {
		note_damage(x);
		x->state = IN_VALUE;
	}
	return 1;
}

static size_t
take_binary(struct journal_export *x, const char *at, size_t len)
{
	size_t n = x->length < len ? (size_t)x->length : len;

	add_value(x, at, n);
	for (size_t i = 0; i < n; i++)
		x->line += at[i] == '\n' ? 1 : 0;
	x->length -= n;
	if (x->length == 0)
		x->state = AT_END;
	return n;
}

static size_t
take_end(struct journal_export *x, const char *at)
{
	x->state = IN_NAME;
	if (at[0] != '\n') {
		note_damage(x);
		return 0;
	}
	x->line++;
	return 1;
}

static size_t
take(struct journal_export *x, const char *at, size_t len, enum err *err)
{
	switch (x->state) {
	case IN_NAME: return take_name(x, at[0], err);
	case IN_VALUE: return take_value(x, at, len);
	case IN_LENGTH: return take_length(x, at);
	case IN_BINARY: return take_binary(x, at, len);
	case AT_END: break;
	}
	return take_end(x, at);
}

enum err
journal_export_feed(void *c, const void *bytes, size_t len)
{
	struct journal_export *x = c;
	const char *at = bytes;
	enum err err = OK;

	while (len != 0 && err == OK) {
		size_t n = take(x, at, len, &err);

		at += n;
		len -= n;
	}
	return err;
}

enum err
journal_export_finish(void *c)
{
	struct journal_export *x = c;

	if (x->state != IN_NAME && x->state != IN_VALUE) {
		x->sink.trouble(x->line, "the journal's last entry is cut", x->sink.context);
		return OK;
	}
	return end_entry(x);
}
