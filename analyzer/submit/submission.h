/* submission.h - a log from a reporter: read, classified, stored, then acknowledged.
 *
 * Bytes come in as they arrive. A log that ends is one submission: its denials go into the store
 * in batches that do not count until submission_finish has committed the whole; only then may
 * the reporter be told. A log that goes on is cut into parts by submission_checkpoint: what was
 * fed so far counts, together with the position it has come to, or nothing of both does. The
 * reader with its sessions goes on into the next part. Parts of one hour share a submission,
 * and those in which nothing was denied make none.
 */
#ifndef ANALYZER_SUBMISSION_H
#define ANALYZER_SUBMISSION_H

#include <jansson.h>

#include <orbl/store.h>

#include "reporters.h"

struct submission;

struct submission_conf {                   /* borrowed */
	struct store *store;               /* kept */
	const struct reporters *reporters; /* kept */
	const char *reporter, *file;
	bool goes_on;
	const char *source; /* its position is kept under this name; NULL: none is */
	const char *format; /* as of reader_conf; NULL: find out */
	size_t local_domain_count;
	const struct text *local_domains; /* besides the reporter's own */
	int64_t now_s;
	const char *author; /* who asks, for the audit log; NULL: the analyzer itself listens */
};

/* ERR_UNSUPPORTED when there is no such format, ERR_REFUSED when the reporter was revoked. */
enum err submission_begin(const struct submission_conf *conf, struct submission **out,
	struct error *e) ORBL_NODISCARD;
/* An error ends the submission: nothing that was not acknowledged will count. */
enum err submission_feed(struct submission *s, const void *bytes, size_t len,
	struct error *e) ORBL_NODISCARD;
/* On OK everything is on disk and *summary (a new reference) says what was found: lines,
 * understood, denials, duplicates, drift, rejections, hosts, not_understood, rejected, reasons,
 * troubles, over_quota, own_domain; and when there is any, drift_examples (submission_drift.h) and
 * faults (submission_faults.h). */
enum err submission_finish(struct submission *s, json_t **summary, struct error *e) ORBL_NODISCARD;
/* What is not acknowledged is undone. NULL ok. */
void submission_free(struct submission *s);

/* --- a log that goes on --- */
/* Of this reporter and source? */
bool submission_is_of(const struct submission *s, const char *reporter, const char *source);
/* The position that is kept, a new reference; JSON null when there is none. */
enum err
submission_position(const struct submission *s, json_t **out, struct error *e) ORBL_NODISCARD;
/* The clock: no time stamp is later. */
void submission_set_now(struct submission *s, int64_t now_s);
/* While on, what is fed counts for nothing: it only helps to understand what follows. ERR_REFUSED
 * when something was fed since the last checkpoint. */
enum err submission_set_context(struct submission *s, bool on, struct error *e) ORBL_NODISCARD;
/* The next line is the one of this number in its file, 1-based. */
void submission_set_line(struct submission *s, uint64_t line);
/* Denials that a checkpoint would commit. */
size_t submission_waiting(const struct submission *s);

enum submission_hurry {
	SUBMISSION_DURABLE, /* on disk */
	SUBMISSION_LAZY     /* not before the next durable one of any submission is */
};
/* Commit all that was fed so far, with this position (NULL: as it was). *summary (NULL ok) is
 * what was found since the last checkpoint. After an error everything waits as it did, but of a
 * reporter that was revoked (ERR_REFUSED) nothing does. */
enum err submission_checkpoint(struct submission *s, const json_t *position,
	enum submission_hurry hurry, json_t **summary, struct error *e) ORBL_NODISCARD;

#endif
