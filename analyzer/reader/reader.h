/* reader.h - bytes of a log in, denials out, nothing lost.
 *
 *	bytes -> UTF-16? -> container? -> events                    -> event_map -> denial
 *	                  \ lines      -> frame -> message -> dialect          /
 *
 * Finds out from the first bytes what the file is (container.h), else cuts lines (any chunking of
 * the input gives the same result), takes off their frames, hands each to the dialect that
 * knows it, and counts what it saw. Memory is bounded whatever comes in: some megabytes for
 * sessions and held denials, and a few times line_max.
 *
 * Bytes are taken as they are, whatever their encoding: NUL and what is no UTF-8 stay in the
 * texts of a denial, but make no address and no key. A byte order mark at the start, CR at the
 * end of a line and NUL at its start, which file systems leave after a crash, are dropped.
 * UTF-16 needs its mark.
 */
#ifndef ANALYZER_READER_H
#define ANALYZER_READER_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>

#include "denial.h"
#include "rejection.h"

enum { READER_TROUBLES_MAX = 10, READER_REASONS_MAX = 16, READER_REASON = 160 };

struct reader_trouble { /* a line that was not understood */
	uint64_t line;
	char reason[READER_REASON]; /* printable */
};

struct reader_reason { /* and how many there were of its like */
	char text[READER_REASON];
	uint64_t count;
};

struct reader_summary {
	uint64_t lines;      /* or records: understood, not understood and empty ones */
	uint64_t understood; /* entries of a known framing or dialect, denials or not */
	uint64_t known;      /* of those, by a dialect or a container: a mail server's */
	uint64_t denials;    /* counting repeats */
	uint64_t rejections; /* other rejections, counting repeats: never evidence */
	uint64_t rejections_of[REJECTION_KIND_COUNT];
	uint64_t not_understood; /* no framing, overlong, or a denial without address or time */
	size_t trouble_count;    /* of the first ones, kept */
	struct reader_trouble troubles[READER_TROUBLES_MAX];
	size_t reason_count; /* different reasons; what is beyond them counts in the last */
	struct reader_reason reasons[READER_REASONS_MAX];
};

struct event_map;

struct reader_conf {        /* what it points to is kept by the reader */
	int64_t now_s;      /* for time stamps without a year */
	size_t line_max;    /* bytes; a longer line is counted as not understood and passed over */
	const char *format; /* name of a dialect or container that it must be; NULL: find out */
	const struct event_map *events; /* NULL: the built-in rows */
	size_t local_domain_count;      /* for servers that say the same of an unknown user */
	const struct text *local_domains;
};

/* Called for each denial; d is dead on return. Not OK ends the reading with that code. */
typedef enum err reader_denial_fn(const struct denial *d, void *context);

struct reader;
/* NULL: out of memory, or no such format. */
struct reader *reader_new(const struct reader_conf *conf, reader_denial_fn *fn, void *context);
void reader_free(struct reader *r); /* NULL ok */
enum err reader_feed(struct reader *r, const void *bytes, size_t len) ORBL_NODISCARD;
/* Nothing more is coming for now: denials held for a later line are given out. The last
 * line stays open. */
enum err reader_flush(struct reader *r) ORBL_NODISCARD;
/* The end: the last line without LF, too. */
enum err reader_finish(struct reader *r) ORBL_NODISCARD;
/* For time stamps without a year from here on; a reader may live for months. */
void reader_set_now(struct reader *r, int64_t now_s);
const struct reader_summary *reader_summary(const struct reader *r); /* lent */

/* Every name that format may have, with its help; false behind the last. */
bool reader_format(size_t i, const char **name, const char **help);
bool reader_has_format(const char *name);

#endif
