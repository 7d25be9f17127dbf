/* feed_lines.h - a text feed line by line, with what is wrong in it told by FILE:LINE.
 *
 * A line that cannot be used is rejected: counted, the first ones reported, and skipped, so
 * that one bad line does not take the list out of service.
 */
#ifndef FEEDS_FEED_LINES_H
#define FEEDS_FEED_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <orbl/err.h>
#include <orbl/text.h>

enum {
	FEED_LINE_MAX = 8192,
	FEED_WARNINGS_MAX = 20, /* told one by one; the rest are only counted */
	FEED_BUFFER = 65536,
};

struct feed_lines {
	FILE *in;             /* borrowed */
	const char *name;     /* for messages; borrowed */
	FILE *warnings;       /* borrowed; NULL: none */
	unsigned long number; /* of the line last read, from 1 */
	size_t rejected;
	struct error first; /* the first rejection, complete with file and line */
	bool failed;        /* reading, errno is in failure */
	int failure;
	size_t at, end;
	char buffer[FEED_BUFFER];
};

/* Initialise, or start again at the first line; rejections are forgotten. */
void feed_lines_init(struct feed_lines *l, FILE *in, const char *name, FILE *warnings);
/* The next line without its LF or CRLF; lent until the next call. Lines longer than
 * FEED_LINE_MAX are rejected here. False at the end and when reading failed. */
bool feed_lines_next(struct feed_lines *l, struct text *line);
/* The current line is not used. */
void feed_lines_reject(struct feed_lines *l, const char *fmt, ...) ORBL_PRINTF(2, 3);
/* After the last line: a read error, or the summary of the rejections. */
enum err feed_lines_finish(struct feed_lines *l, struct error *e) ORBL_NODISCARD;

#endif
