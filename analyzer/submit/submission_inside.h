/* submission_inside.h - what the files submission*.c share.
 *
 *	submission.c         begin, feed, end; marks of a log that goes on
 *	submission_take.c    a denial: is it evidence? Then into the batch
 *	submission_commit.c  a part, with all that is known of it, into the store
 */
#ifndef ANALYZER_SUBMISSION_INSIDE_H
#define ANALYZER_SUBMISSION_INSIDE_H

#include <orbl/control.h>
#include <orbl/store_evidence.h>

#include "denial.h"
#include "denial_batch.h"
#include "reader.h"
#include "submission.h"
#include "submission_drift.h"
#include "submission_faults.h"

struct submission {
	struct store *store;
	char reporter[CONF_REPORTER_NAME_MAX + 1], file[256];
	char *source;                      /* or NULL */
	char *position;                    /* as it was stored last; NULL: not known */
	const struct relay_policy *policy; /* of the reporter, NULL: none */
	const char *policy_file;
	struct submission_drift drift;    /* since the last checkpoint */
	struct submission_faults *faults; /* the same; NULL: nothing was denied so far */
	int64_t quota;
	bool is_first_over;        /* of the day */
	char author[CONTROL_PEER]; /* who submits; "": the analyzer itself listens */
	size_t domain_count;
	struct text *domains; /* one block with their bytes */
	struct reader *reader;
	struct denial_batch batch;
	bool goes_on, context;
	bool fed; /* since the last checkpoint */
	int64_t now_s;
	int64_t line_shift; /* from the reader's line to that in its file */
	/* Where the batch goes when it is full, not counting yet; 0: nowhere so far. */
	int64_t id;
	int64_t hour_id, hour_s; /* that counts, and parts of this hour are added to; id 0: none */
	struct store_submission
		totals;               /* since the last checkpoint; hosts, duplicates as spilled */
	struct reader_summary before; /* the reader's at the last checkpoint */
	struct error error;           /* of the denial that could not be stored */
};

/* For the reader; context is the submission. */
enum err submission_take(const struct denial *d, void *context);
/* Into the submission that does not count yet; inside a transaction. The totals of what was turned
 * away are added to t. */
enum err submission_write_batch(struct submission *s, struct store_submission *t,
	struct error *e) ORBL_NODISCARD;

/* ERR_REFUSED, also of a log that goes on: whoever was revoked meanwhile is heard no more. */
enum err submission_check_revoked(struct submission *s, struct error *e) ORBL_NODISCARD;
void submission_undo_spilled(struct submission *s);
/* What has been fed, in one transaction, with the position (NULL: as it was); *t gets what it was.
 */
enum err submission_commit(struct submission *s, const char *position, enum submission_hurry hurry,
	struct store_submission *t, struct error *e) ORBL_NODISCARD;
/* All that was fed is in the store. *summary (summary NULL: not asked for) is of this part. */
enum err submission_next_part(struct submission *s, const struct store_submission *t,
	json_t **summary, struct error *e) ORBL_NODISCARD;

#endif
