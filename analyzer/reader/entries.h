/* entries.h - entries of a log, one at a time: judged by their dialect, completed, counted.
 *
 * What makes of one entry's judgement the reader's result: an entry may need the next line, a
 * denial may wait for a later line of its session (held.h), a line may stand for repeats of
 * the one before, or be a copy of it (doubles.h).
 */
#ifndef ANALYZER_ENTRIES_H
#define ANALYZER_ENTRIES_H

#include "event_record.h"
#include "log_line.h"
#include "reader.h"

enum { ENTRIES_JOINED_MAX = 100 }; /* lines of one entry */

struct entries;

/* NULL: out of memory. conf->format is the name of a dialect, or NULL. */
struct entries *entries_new(const struct reader_conf *conf, reader_denial_fn *fn, void *context);
void entries_free(struct entries *e); /* NULL ok */
void entries_set_now(struct entries *e, int64_t now_s);

/* Not OK is what fn returned, or ERR_MEMORY. The line is without its LF, at most line_max bytes. */
enum err entries_line(struct entries *e, struct text line) ORBL_NODISCARD;
enum err entries_overlong(struct entries *e) ORBL_NODISCARD;
enum err
entries_framed(struct entries *e, const struct log_line *s, uint64_t number) ORBL_NODISCARD;
enum err entries_event(struct entries *e, const struct event_record *event) ORBL_NODISCARD;
void entries_trouble(struct entries *e, uint64_t where, const char *reason);
enum err entries_flush(struct entries *e) ORBL_NODISCARD;
enum err entries_finish(struct entries *e) ORBL_NODISCARD;

const struct reader_summary *entries_summary(const struct entries *e); /* lent */

#endif
