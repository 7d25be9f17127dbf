/* feed_lines.h - text feeds line by line, with what is wrong in them told by FILE:LINE.
 *
 * A line that cannot be used is rejected: counted, the first ones reported, and skipped, so
 * that one bad line does not take the list out of service. A file that gzip(1) has made, which is
 * known by its first bytes, is read as what was compressed; whatever it unpacks to, no more of it
 * is in memory than the buffer.
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
	FEED_WARNINGS_MAX = 20, /* of a file, told one by one; the rest are only counted */
	FEED_BUFFER = 131072,
};

struct gzFile_s; /* zlib's */

struct feed_lines {
	FILE *warnings;       /* borrowed; NULL: none */
	size_t total;         /* lines of the files closed */
	size_t rejected;      /* in all files */
	struct error first;   /* the first rejection, complete with file and line */
	struct gzFile_s *in;  /* the open file; NULL: none */
	const char *name;     /* of it, for messages; borrowed */
	unsigned long number; /* of the line last read, from 1 */
	size_t told;          /* warnings of this file */
	enum err failed;      /* reading the file */
	struct error failure;
	bool at_end;
	size_t at, end;
	char buffer[FEED_BUFFER];
};

void feed_lines_init(struct feed_lines *l, FILE *warnings);
/* Start a file at its first line; takes fd, also when it fails. */
enum err
feed_lines_open(struct feed_lines *l, int fd, const char *name, struct error *e) ORBL_NODISCARD;
/* After the last line, or instead of it: a read error, or the summary of the rejections. */
enum err feed_lines_close(struct feed_lines *l, struct error *e) ORBL_NODISCARD;

/* The next line without its LF or CRLF; lent until the next call. Lines longer than
 * FEED_LINE_MAX are rejected here. False at the end and when reading failed. */
bool feed_lines_next(struct feed_lines *l, struct text *line);
/* What is in memory of the next lines, the last one perhaps in part; empty at the end. Lent
 * until the next call. */
struct text feed_lines_peek(struct feed_lines *l);
/* So many bytes of that are dealt with: whole lines. */
void feed_lines_skip(struct feed_lines *l, size_t bytes, size_t lines);

/* The current line is not used. */
void feed_lines_reject(struct feed_lines *l, const char *fmt, ...) ORBL_PRINTF(2, 3);
/* It is, but something is wrong with it. */
void feed_lines_warn(struct feed_lines *l, const char *fmt, ...) ORBL_PRINTF(2, 3);
/* It ends the reading: fills e with FILE:LINE: reason and returns code. */
enum err feed_lines_fail(const struct feed_lines *l, struct error *e, enum err code,
	const char *fmt, ...) ORBL_PRINTF(4, 5);

#endif
