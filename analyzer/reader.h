/* reader.h - bytes of a log in, denials out, nothing lost.
 *
 * Cuts lines (any chunking of the input gives the same result), hands each to the dialect
 * that knows it, and counts what it saw. Memory is bounded by line_max.
 */
#ifndef ANALYZER_READER_H
#define ANALYZER_READER_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>

#include "denial.h"

enum { READER_TROUBLES_MAX = 10 };

struct reader_trouble { /* a line that was not understood */
	uint64_t line;
	char reason[160]; /* printable */
};

struct reader_summary {
	uint64_t lines;          /* understood, not understood and empty ones */
	uint64_t understood;     /* lines of a known framing, denials or not */
	uint64_t denials;        /* counting repeats */
	uint64_t rejections;     /* other rejections, counting repeats: never evidence */
	uint64_t not_understood; /* no framing, overlong, or a denial without address or time */
	size_t trouble_count;    /* of the first ones, kept */
	struct reader_trouble troubles[READER_TROUBLES_MAX];
};

struct reader_conf {
	int64_t now_s;   /* for time stamps without a year */
	size_t line_max; /* bytes; a longer line is counted as not understood and passed over */
};

/* Called for each denial; d is dead on return. Not OK ends the reading with that code. */
typedef enum err reader_denial_fn(const struct denial *d, void *context);

struct reader;
struct reader *reader_new(const struct reader_conf *conf, reader_denial_fn *fn, void *context);
void reader_free(struct reader *r); /* NULL ok */
enum err reader_feed(struct reader *r, const void *bytes, size_t len) ORBL_NODISCARD;
enum err reader_finish(struct reader *r) ORBL_NODISCARD;             /* the last line, without LF */
const struct reader_summary *reader_summary(const struct reader *r); /* lent */

#endif
