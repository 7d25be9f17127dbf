/* submission.h - one log from one reporter: read, classified, stored, then acknowledged.
 *
 * Bytes come in as they arrive. Denials go into the store in batches that do not count
 * until submission_finish has committed the whole; only then may the reporter be told.
 */
#ifndef ANALYZER_SUBMISSION_H
#define ANALYZER_SUBMISSION_H

#include <jansson.h>

#include <orbl/store.h>

#include "reporters.h"

struct submission;

enum err
submission_begin(struct store *store, const struct reporters *reporters, const char *reporter,
	const char *file, int64_t now_s, struct submission **out, struct error *e) ORBL_NODISCARD;
/* An error ends the submission: nothing of it will count. */
enum err submission_feed(struct submission *s, const void *bytes, size_t len,
	struct error *e) ORBL_NODISCARD;
/* On OK everything is on disk and *summary (a new reference) says what was found: lines,
 * understood, denials, duplicates, drift, rejections, hosts, not_understood, troubles. */
enum err submission_finish(struct submission *s, json_t **summary, struct error *e) ORBL_NODISCARD;
/* A submission that was not finished is undone. NULL ok. */
void submission_free(struct submission *s);

#endif
