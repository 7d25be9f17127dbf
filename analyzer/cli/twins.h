/* twins.h - which denials an earlier file of the run had, for logs that servers keep twice.
 *
 * Exim's main log and reject log hold the same lines, and an event log may be there in two
 * forms. A denial that says what is the same in all copies (denial.identity) counts once; twice in
 * one file is two denials. Kept are hashes of 64 bits, at most 2 million.
 */
#ifndef ANALYZER_CLI_TWINS_H
#define ANALYZER_CLI_TWINS_H

#include <stdbool.h>

#include <orbl/text.h>

struct twins;

struct twins *twins_new(void);    /* NULL: out of memory */
void twins_free(struct twins *t); /* NULL ok */
/* What was added up to now is of earlier files. */
void twins_next_file(struct twins *t);
/* Had an earlier file this identity? If not, it is added, unless the table is full. */
bool twins_seen(struct twins *t, struct text identity);
/* Is it full, so that copies may count again? */
bool twins_is_full(const struct twins *t);

#endif
