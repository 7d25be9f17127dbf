#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event_json.h"
#include "scan.h"

enum {
	OBJECT_MAX = 1 << 20,
	DEPTH_MAX = 64 /* of evtx_dump and others: below 8 */
};

static const struct text record = {"Record ", 7};
static const char too_large[] = "is larger than 1048576 bytes";

enum inside { BETWEEN, OBJECT, STRING, ESCAPE };

/* Objects on the outermost level, or the elements of an array there; between them are commas,
 * brackets, and lines "Record 7". A line with anything else there is told, and holds no event.
 * Where an object is damaged, the next is looked for where a line starts as that of the damaged
 * one did, or further left. */
struct document {
	struct container_sink sink;
	enum inside inside;
	uint64_t line;       /* 1-based, of the next byte */
	size_t column;       /* blanks at the start of the line; SIZE_MAX behind them */
	uint64_t start_line; /* of the object */
	size_t start_column; /* 0 when it does not start its line */
	size_t depth;
	size_t used;
	size_t arrays;      /* that are open */
	size_t marked;      /* bytes of "Record " at the start of the line */
	bool is_foreign;    /* the line has something that does not belong between objects */
	const char *damage; /* what is wrong with the object that is going on */
	bool is_lost;       /* where the damaged object ends cannot be told */
	struct event_json_found found;
	struct event_record event;
	char *object, *room; /* OBJECT_MAX bytes each */
};

/* Is the first line of the head an object of its own, so that the file is one of lines? */
static bool
is_whole_line(struct text head)
{
	struct event_json_found found;
	struct text line;

	if (text_find_byte(head, '\n') == SIZE_MAX)
		return head.p[0] == '{';
	line = text_trim(text_cut(&head, '\n'));
	if (line.len != 0 && line.p[line.len - 1] == '\r')
		line.len--;
	return event_json_find(line, &found);
}

static bool
is_record_mark(struct text head)
{
	int number;

	return scan_literal(&head, record) && scan_number(&head, 1, 9, &number) && head.len != 0 &&
		(head.p[0] == '\r' || head.p[0] == '\n');
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
skip_blanks(struct text *rest)
{
	while (rest->len != 0 && is_blank(rest->p[0]))
		scan_skip(rest, 1);
}

/* By its first bytes alone: logs of text start with brackets, too, and hold what clients say. */
bool
event_json_document_knows(struct text head)
{
	struct text t;
	bool is_array;

	if (is_record_mark(head))
		return true;
	skip_blanks(&head);
	t = head;
	is_array = scan_byte(&t, '[');
	skip_blanks(&t);
	if (is_array && scan_byte(&t, ']')) {
		skip_blanks(&t);
		return t.len == 0;
	}
	if (!scan_byte(&t, '{'))
		return false;
	skip_blanks(&t);
	return t.len != 0 && t.p[0] == '"' && (is_array || !is_whole_line(head)) &&
		event_json_is_event(head);
}

void *
event_json_document_open(const struct container_sink *sink)
{
	struct document *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->sink = *sink;
	d->line = 1;
	d->object = malloc(OBJECT_MAX);
	d->room = malloc(OBJECT_MAX);
	if (d->object == NULL || d->room == NULL) {
		event_json_document_close(d);
		return NULL;
	}
	return d;
}

void
event_json_document_close(void *c)
{
	struct document *d = c;

	if (d == NULL)
		return;
	free(d->room);
	free(d->object);
	free(d);
}

static void
tell_damage(struct document *d)
{
	char reason[128];

	(void)snprintf(reason, sizeof(reason), "the object at line %llu %s",
		(unsigned long long)d->start_line, d->damage);
	d->sink.trouble(d->start_line, reason, d->sink.context);
	d->inside = BETWEEN;
	d->damage = NULL;
	d->is_lost = false;
}

static enum err
end_object(struct document *d)
{
	if (d->damage == NULL && !event_json_find((struct text){d->object, d->used}, &d->found))
		d->damage = "is not well formed";
	if (d->damage != NULL) {
		tell_damage(d);
		return OK;
	}
	d->inside = BETWEEN;
	event_json_decode(&d->found, d->room, &d->event);
	if (d->event.is_line)
		d->event.number = d->start_line;
	return d->sink.event(&d->event, d->sink.context);
}

static void
start_object(struct document *d)
{
	d->inside = OBJECT;
	d->start_line = d->line;
	d->start_column = d->column != SIZE_MAX ? d->column : 0;
	d->depth = 0;
	d->used = 0;
}

static enum err
take_bracket(struct document *d, char c)
{
	if (c == '{' || c == '[') {
		if (++d->depth > DEPTH_MAX)
			d->damage = "is nested too deep";
		return OK;
	}
	return --d->depth == 0 ? end_object(d) : OK;
}

static void
keep(struct document *d, char c)
{
	if (d->used == OBJECT_MAX)
		d->damage = too_large;
	else
		d->object[d->used++] = c;
}

/* A "{" at the start of a line where objects start: the one before has no end. */
static bool
is_new_start(const struct document *d, char c)
{
	return c == '{' && d->inside != BETWEEN && d->column <= d->start_column &&
		d->line != d->start_line;
}

/* "Record 7", a byte order mark of a file that was appended, and what parts the elements. */
static bool
belongs_between(struct document *d, char c)
{
	if (d->marked < record.len && c == record.p[d->marked] &&
		(d->marked != 0 || d->column == 0)) {
		d->marked++;
		return true;
	}
	if (d->marked == record.len && scan_is_digit(c))
		return true;
	return is_blank(c) || c == ',' || c == '[' || c == ']' || c == '\xef' || c == '\xbb' ||
		c == '\xbf';
}

static void
take_between(struct document *d, char c)
{
	if (d->is_foreign)
		return;
	if (c == '{') {
		start_object(d);
		return;
	}
	if (!belongs_between(d, c)) {
		d->is_foreign = true;
		d->sink.trouble(d->line, "what stands between the objects is not JSON",
			d->sink.context);
	}
	if (c == '[')
		d->arrays++;
	else if (c == ']' && d->arrays != 0)
		d->arrays--;
}

static enum err
take_byte(struct document *d, char c)
{
	if (is_new_start(d, c)) {
		if (d->damage == NULL)
			d->damage = "has no end";
		tell_damage(d);
	}
	if (d->inside == BETWEEN)
		take_between(d, c);
	if (d->inside == BETWEEN || d->is_lost)
		return OK;
	keep(d, c);
	switch (d->inside) {
	case ESCAPE: d->inside = STRING; break;
	case STRING:
		if (c == '\n') { /* which a string never holds */
			d->damage = "has a string without end";
			d->is_lost = true;
		} else if (c == '\\') {
			d->inside = ESCAPE;
		} else if (c == '"') {
			d->inside = OBJECT;
		}
		break;
	case OBJECT:
		if (c == '"')
			d->inside = STRING;
		else if (c == '{' || c == '[' || c == '}' || c == ']')
			return take_bracket(d, c);
		break;
	case BETWEEN: break;
	}
	return OK;
}

static void
count_place(struct document *d, char c)
{
	if (c == '\n') {
		d->line++;
		d->column = 0;
		d->marked = 0;
		d->is_foreign = false;
	} else if (d->column != SIZE_MAX) {
		d->column = c == ' ' || c == '\t' ? d->column + 1 : SIZE_MAX;
	}
}

static bool
is_mark(char c)
{
	return c == '"' || c == '\\' || c == '\n' || c == '{' || c == '}' || c == '[' || c == ']';
}

/* Bytes that mean nothing but themselves, in the middle of a line. Returns how many. */
static size_t
take_run(struct document *d, const char *p, size_t len)
{
	size_t n = 0, kept;

	if (d->column != SIZE_MAX || d->inside == ESCAPE ||
		(d->inside == BETWEEN && !d->is_foreign))
		return 0;
	while (n < len && !is_mark(p[n]))
		n++;
	if (d->inside == BETWEEN || d->is_lost || n == 0)
		return n;
	kept = n < OBJECT_MAX - d->used ? n : OBJECT_MAX - d->used;
	memcpy(d->object + d->used, p, kept);
	d->used += kept;
	if (kept < n)
		d->damage = too_large;
	return n;
}

enum err
event_json_document_feed(void *c, const void *bytes, size_t len)
{
	struct document *d = c;
	const char *p = bytes;
	enum err err = OK;

	for (size_t i = 0; err == OK && i < len; i++) {
		i += take_run(d, p + i, len - i);
		if (i == len)
			break;
		err = take_byte(d, p[i]);
		count_place(d, p[i]);
	}
	return err;
}

enum err
event_json_document_finish(void *c)
{
	struct document *d = c;

	if (d->inside != BETWEEN) {
		d->damage = "has no end";
		tell_damage(d);
	} else if (d->arrays != 0) {
		d->sink.trouble(d->line, "the file ends before its array does", d->sink.context);
	}
	return OK;
}
