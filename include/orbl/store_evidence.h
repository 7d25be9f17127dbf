/* store_evidence.h - what reporters told us: submissions, and the facts about hosts in them.
 *
 * A submission counts only once it is committed as a whole.
 */
#ifndef ORBL_STORE_EVIDENCE_H
#define ORBL_STORE_EVIDENCE_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/store.h>
#include <orbl/text.h>

struct store_submission {
	int64_t id;
	uint64_t lines, denials, duplicates, drift, not_understood, hosts;
};
/* Begin a submission of a reporter, who is made known when new. COMMITs. */
enum err store_submission_begin(struct store *s, const char *reporter, const char *file,
	int64_t now_s, int64_t *id, struct error *e) ORBL_NODISCARD;

struct store_denial { /* borrows */
	int64_t submission;
	struct addr host;
	int64_t time_s;
	unsigned kind; /* enum denial_kind */
	uint32_t count;
	uint64_t line;
	struct text raw;
	const char *rule; /* of the reporter's relay policy, NULL: none was asked */
};
/* Add to the evidence, inside a transaction. *is_new is false when this reporter has
 * submitted the very same line before, in this submission or one that counts: then nothing is
 * counted. */
enum err store_denial_add(struct store *s, const struct store_denial *d, bool *is_new,
	struct error *e) ORBL_NODISCARD;
/* From here on the submission counts; fills in hosts. COMMITs. */
enum err store_submission_commit(struct store *s, struct store_submission *sub,
	struct error *e) ORBL_NODISCARD;
enum err store_submission_abort(struct store *s, int64_t id, struct error *e) ORBL_NODISCARD;

/* Hosts of committed submissions whose score has not been looked at since: at most max.
 * store_host_evaluated takes one off that list. */
enum err store_hosts_pending(struct store *s, struct addr *out, size_t max, size_t *count,
	struct error *e) ORBL_NODISCARD;
enum err
store_host_evaluated(struct store *s, const struct addr *host, struct error *e) ORBL_NODISCARD;

struct store_fact { /* denials of one reporter and kind about one host in one hour; lends */
	const char *reporter;
	unsigned kind;
	int64_t hour_s; /* start of the hour */
	uint32_t count;
	int64_t submission; /* the first that had any */
	const char *file;   /* and line of the first of them, kept whole */
	uint64_t line;
	const char *raw;  /* printable */
	const char *rule; /* or NULL */
};
/* Called for each fact younger than since_s, newest first, at most max. Not OK from fn ends
 * the walk with that code. */
typedef enum err store_fact_fn(const struct store_fact *f, void *context);
enum err store_facts(struct store *s, const struct addr *host, int64_t since_s, size_t max,
	store_fact_fn *fn, void *context, struct error *e) ORBL_NODISCARD;
/* Forget evidence and line hashes older than before_s. COMMITs. */
enum err store_evidence_prune(struct store *s, int64_t before_s, struct error *e) ORBL_NODISCARD;

#endif
