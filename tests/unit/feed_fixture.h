/* feed_fixture.h - a data set of addresses compiled for a test, and what it answers. For tests
 * that work in a scratch directory.
 */
#ifndef TESTS_FEED_FIXTURE_H
#define TESTS_FEED_FIXTURE_H

#include <orbl/feed.h>
#include <orbl/snapshot_layer.h>

enum { FEED_NOW_S = 1800000000, FEED_FILE_S = 7 }; /* 15 January 2027; when "list" was modified */

struct feed_case {
	enum err err;
	struct error e;
	char *warnings;
	size_t skipped;            /* lines */
	struct snapshot *snapshot; /* NULL after an error */
};

/* Compile the text, as a file "list". options may be NULL. */
struct feed_case
feed_case_text(const char *type, const struct feed_options *options, const char *text, size_t len);
/* Compile files that there are, with commas between. */
struct feed_case
feed_case_files(const char *type, const struct feed_options *options, const char *paths);
void feed_case_free(struct feed_case *c);

struct snapshot_zone feed_case_zone(const struct feed_case *c);
/* "127.0.0.2 127.0.0.3|text|text" with "<ip>" for the mark; "refuse" and such in an access control
 * list; "" is not listed. "6 ADDRESS" asks for IPv6 what would be IPv4. */
const char *feed_case_answer(const struct feed_case *c, const char *query);
bool feed_case_find(const struct feed_case *c, const char *query, struct snapshot_view *out);

struct feed_row {
	const char *file, *query, *wanted;
};
void feed_check_rows(const char *type, const struct feed_options *options,
	const struct feed_row *rows, size_t count);
/* Each line is rejected: with others around it they are used, alone it is the error. */
void feed_check_rejected(const char *type, const char *before, const char *after,
	const char *const *lines, size_t count);

#endif
