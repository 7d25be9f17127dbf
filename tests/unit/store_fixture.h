/* store_fixture.h - a store in the scratch directory, and submissions of few words. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include "analyzer_fixture.h"
#include "scratch.h"
#include "store_sql.h"
#include "unit.h"

enum { NOW = 1900000800, HOUR = 3600 }; /* NOW is the start of an hour */

struct store *open_store(void);                        /* orbl.db */
struct store *reopen_store(struct store *s);           /* as the next run of the analyzer */
int64_t store_count(struct store *s, const char *sql); /* the number that a literal gives */
/* Other programs' doings, through a connection of their own. */
void store_meddle(const char *sql);

int64_t begin_submission(struct store *s, const char *reporter);
/* A denial of one line, in a transaction of its own; false: it was there already. */
bool
add_denial(struct store *s, int64_t submission, const char *host, int64_t time_s, const char *raw);
struct store_submission commit_submission(struct store *s, int64_t id);

/* Tests that each have a scratch directory. */
TCase *store_tests(const char *name, const TTest *const *tests, size_t count);

#endif
