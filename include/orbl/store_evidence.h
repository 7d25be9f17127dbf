/* store_evidence.h - what reporters told us: submissions, and the facts about hosts in them.
 *
 * A submission counts only once it is committed as a whole. A log that goes on comes in parts
 * (store_part_add), each of which counts with its transaction, as does the position up to which
 * the log was read.
 */
#ifndef ORBL_STORE_EVIDENCE_H
#define ORBL_STORE_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/store.h>
#include <orbl/text.h>

struct store_submission {
	int64_t id;
	uint64_t lines, denials, duplicates, drift, not_understood, hosts;
	uint64_t over_quota; /* beyond the reporter's quota of the day */
	uint64_t own_domain; /* to domains of the reporter's own */
};
/* Begin a submission of a reporter, who is made known when new. COMMITs. */
enum err store_submission_begin(struct store *s, const char *reporter, const char *file,
	int64_t now_s, int64_t *id, struct error *e) ORBL_NODISCARD;

struct store_denial { /* borrows */
	int64_t submission;
	struct addr host;
	int64_t time_s; /* not to come */
	int64_t said_s; /* as the line says, whatever that is */
	unsigned kind;  /* enum denial_kind */
	uint32_t count;
	uint64_t line;
	/* raw is kept. The same event has the same identity (p NULL: the same raw) and the same
	 * recipient: a server may refuse two in one millisecond with the same words. */
	struct text raw, identity, recipient;
	const char *rule; /* of the reporter's relay policy, NULL: none was asked */
};
struct store_intake {
	int64_t quota; /* denials of one reporter that count of a UTC day; 0: any number */
	uint64_t duplicates, over_quota; /* added to */
	uint64_t hosts;                  /* added to: those with new evidence */
};
/* Add to the evidence of d[0].submission, which is that of all, inside a transaction. A denial
 * that this reporter has submitted before, in this submission or one that counts, is not counted
 * again. One beyond the quota of the day on which the submission was received is not either, and is
 * not known from then on: it may be submitted another day. */
enum err store_denials_take(struct store *s, const struct store_denial *d, size_t count,
	struct store_intake *intake, struct error *e) ORBL_NODISCARD;
/* The same without a quota; *duplicates (NULL ok) gets the sum of their counts added. */
enum err store_denials_add(struct store *s, const struct store_denial *d, size_t count,
	uint64_t *duplicates, struct error *e) ORBL_NODISCARD;
/* From here on the submission counts, its hosts wait for a look; the numbers of sub are added to
 * what it has, hosts is filled in. Inside a transaction. */
enum err store_submission_count(struct store *s, struct store_submission *sub,
	struct error *e) ORBL_NODISCARD;
/* The same as a transaction. COMMITs. */
enum err store_submission_commit(struct store *s, struct store_submission *sub,
	struct error *e) ORBL_NODISCARD;
enum err store_submission_abort(struct store *s, int64_t id, struct error *e) ORBL_NODISCARD;

struct store_part {
	const char *reporter, *file;
	int64_t now_s;
	size_t count;
	struct store_denial *denials; /* their submission is filled in */
	/* id 0: a submission is begun; else it goes on. The other numbers are those of this part;
	 * duplicates and over_quota are added to, hosts are those with new evidence. */
	struct store_submission totals;
	int64_t quota; /* as of store_intake */
};
/* Evidence that counts at once. Inside a transaction. */
enum err store_part_add(struct store *s, struct store_part *part, struct error *e) ORBL_NODISCARD;

/* The reporter that is known by this name, or else by one that differs in case alone; the name
 * itself when there is none. out has size bytes. */
enum err store_reporter_spelling(struct store *s, const char *name, char *out, size_t size,
	struct error *e) ORBL_NODISCARD;

/* How far a reporter's source was read: JSON, opaque here. NULL when nothing is kept; the caller
 * frees it. */
enum err store_position(struct store *s, const char *reporter, const char *source, char **json,
	struct error *e) ORBL_NODISCARD;
/* Inside a transaction, or COMMITs. */
enum err store_position_put(struct store *s, const char *reporter, const char *source,
	const char *json, int64_t now_s, struct error *e) ORBL_NODISCARD;

/* Hosts of committed submissions whose score has not been looked at since: at most max.
 * store_host_evaluated takes one off that list. */
enum err store_hosts_pending(struct store *s, struct addr *out, size_t max, size_t *count,
	struct error *e) ORBL_NODISCARD;
enum err
store_host_evaluated(struct store *s, const struct addr *host, struct error *e) ORBL_NODISCARD;

enum { STORE_DOMAIN_CLASSES = 64, STORE_LINE_HASH = 16 };

struct store_fact { /* denials of one reporter and kind about one host in one hour; lends */
	const char *reporter;
	unsigned kind;
	int64_t hour_s; /* start of the hour */
	uint32_t count;
	int64_t submission; /* the first that had any */
	const char *file;   /* and line of the first of them, kept whole */
	uint64_t line;
	const char *raw;     /* printable */
	const char *rule;    /* or NULL */
	uint64_t domains;    /* a bit for each class of recipient domains, STORE_DOMAIN_CLASSES */
	const uint8_t *hash; /* BLAKE2b of that whole line, STORE_LINE_HASH bytes; NULL: not kept */
};
/* Called for each fact younger than since_s, newest first, at most max. Not OK from fn ends
 * the walk with that code. */
typedef enum err store_fact_fn(const struct store_fact *f, void *context);
enum err store_facts(struct store *s, const struct addr *host, int64_t since_s, size_t max,
	store_fact_fn *fn, void *context, struct error *e) ORBL_NODISCARD;
/* Forget evidence and line hashes older than before_s. COMMITs. */
enum err store_evidence_prune(struct store *s, int64_t before_s, struct error *e) ORBL_NODISCARD;

/* --- bounds ----------------------------------------------------------------- */

struct store_bounds {
	int64_t now_s;
	int64_t per_host;     /* hours of evidence of one host, from its next evaluation on */
	int64_t total;        /* hours of evidence of all hosts */
	int64_t probes;       /* results of probes of one host */
	int64_t result_bytes; /* results of all probes */
};
struct store_bounded { /* what has gone */
	size_t evidence, results;
	bool more; /* there is more to do: come again soon */
};
/* What is beyond goes, the oldest first, a part at a time. A probe loses its result, nothing else;
 * one that a listing rests on, a proof, a decision of the last STORE_DECISION_KEPT_S, or that was
 * finished a moment ago, keeps it. Older decisions go, but of hosts that are listed. COMMITs. */
enum { STORE_DECISION_KEPT_S = 90 * 86400 };
enum err store_bound(struct store *s, const struct store_bounds *b, struct store_bounded *out,
	struct error *e) ORBL_NODISCARD;

#endif
