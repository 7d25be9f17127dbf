/* csv.h - fields of a line of comma separated values (RFC 4180), other separators too. */
#ifndef ANALYZER_PARSE_CSV_H
#define ANALYZER_PARSE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include <orbl/text.h>

enum csv_result {
	CSV_FIELD,
	CSV_END,  /* there are no more */
	CSV_OPEN, /* a quoted field goes on behind the end of the line */
	CSV_BAD   /* bytes behind a closing quote, or no room */
};

struct csv {
	struct text rest;
	char separator;
	bool ended;
	char *room; /* for fields that hold quotes, which are written twice */
	size_t room_left;
};

void csv_init(struct csv *c, struct text line, char separator, char *room, size_t room_size);
/* The next field without its quotes; it lends from the line or the room. */
enum csv_result csv_next(struct csv *c, struct text *out);
/* All fields. CSV_END: *count of them; CSV_BAD, too, when there are more than max. */
enum csv_result csv_split(struct csv *c, struct text *fields, size_t max, size_t *count);

#endif
