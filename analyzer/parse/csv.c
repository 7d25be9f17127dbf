#include "csv.h"

#include <string.h>

#include "scan.h"

void
csv_init(struct csv *c, struct text line, char separator, char *room, size_t room_size)
{
	*c = (struct csv){line, separator, false, room, room_size};
}

static bool
copy(struct csv *c, const char *p, size_t len)
{
	if (len > c->room_left)
		return false;
	if (len != 0)
		memcpy(c->room, p, len);
	c->room += len;
	c->room_left -= len;
	return true;
}

/* The rest of a field in which a quote was found written twice; part is what stands before. */
static enum csv_result
take_doubled(struct csv *c, struct text part, struct text *out)
{
	const char *start = c->room;

	for (;;) {
		if (!copy(c, part.p, part.len))
			return CSV_BAD;
		if (c->rest.len == 0 || c->rest.p[0] != '"')
			break;
		if (!copy(c, "\"", 1))
			return CSV_BAD;
		scan_skip(&c->rest, 1);
		if (!scan_until(&c->rest, '"', &part))
			return CSV_OPEN;
	}
	*out = (struct text){start, (size_t)(c->room - start)};
	return CSV_FIELD;
}

static enum csv_result
take_quoted(struct csv *c, struct text *out)
{
	enum csv_result result = CSV_FIELD;

	scan_skip(&c->rest, 1);
	if (!scan_until(&c->rest, '"', out))
		return CSV_OPEN;
	if (c->rest.len != 0 && c->rest.p[0] == '"')
		result = take_doubled(c, *out, out);
	if (result != CSV_FIELD)
		return result;
	c->ended = c->rest.len == 0;
	return c->ended || scan_byte(&c->rest, c->separator) ? CSV_FIELD : CSV_BAD;
}

enum csv_result
csv_next(struct csv *c, struct text *out)
{
	if (c->ended)
		return CSV_END;
	if (c->rest.len != 0 && c->rest.p[0] == '"')
		return take_quoted(c, out);
	if (!scan_until(&c->rest, c->separator, out)) {
		*out = c->rest;
		c->ended = true;
	}
	return CSV_FIELD;
}

enum csv_result
csv_split(struct csv *c, struct text *fields, size_t max, size_t *count)
{
	enum csv_result result;
	struct text field;

	*count = 0;
	while ((result = csv_next(c, &field)) == CSV_FIELD) {
		if (*count == max)
			return CSV_BAD;
		fields[(*count)++] = field;
	}
	return result;
}
