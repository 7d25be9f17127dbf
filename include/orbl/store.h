/* store.h - what the analyzer must not forget: one SQLite database in WAL mode.
 *
 * Reporters, submissions, evidence, probes, listings and delisting requests. The
 * analyzer is its only writer. What a function with COMMIT in its contract has returned
 * OK for survives kill -9 and power loss (synchronous=FULL). A submission counts only
 * once it is committed as a whole; what a dead analyzer left half-way is removed at the
 * next start. Hosts and prefixes are kept as text, so that sqlite3(1) reads well.
 */
#ifndef ORBL_STORE_H
#define ORBL_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/err.h>
#include <orbl/listing.h>
#include <orbl/text.h>

struct store;

/* Open or create, and lock (PATH.lock) against a second analyzer; removes submissions that
 * were not committed. The error says what to do about a read-only directory, a full disk,
 * a newer schema or a corrupt file. */
enum err store_open(const char *path, struct store **out, struct error *e) ORBL_NODISCARD;
void store_close(struct store *s); /* NULL ok */

enum err store_begin(struct store *s, struct error *e) ORBL_NODISCARD;
/* The same for a transaction whose commit need not wait for the disk: the batches of a
 * submission, which a real commit follows. */
enum err store_begin_lazily(struct store *s, struct error *e) ORBL_NODISCARD;
/* COMMIT; on failure everything since the begin is undone. */
enum err store_commit(struct store *s, struct error *e) ORBL_NODISCARD;
void store_rollback(struct store *s);

/* A number that is kept, such as the serial: add 1 and return the new one. COMMITs. */
enum err store_next_serial(struct store *s, uint32_t *serial, struct error *e) ORBL_NODISCARD;
/* A secret of len bytes, made once by make (which fills it). COMMITs. */
enum err store_secret(struct store *s, const char *name, uint8_t *bytes, size_t len,
	void (*make)(void *bytes, size_t len), struct error *e) ORBL_NODISCARD;

/* --- submissions and evidence: store_evidence.c --- */

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

/* --- probes and delisting requests: store_probe.c --- */

enum store_cause { CAUSE_NOMINATION, CAUSE_DELISTING };

struct store_probe { /* lends */
	uint64_t id;
	struct addr host;
	enum store_cause cause;
	int64_t queued_s, finished_s; /* finished 0: not yet */
	const char *verdict;          /* NULL: none yet */
	const char *reason;
	const char *result; /* JSON text, probe_result_json */
};
/* Queue a probe, unless one of the host is waiting already (then *id is that one). The
 * provocation is the evidence of the host at that time (RFC 6471 section 3.6). COMMITs. */
enum err store_probe_queue(struct store *s, const struct addr *host, enum store_cause cause,
	int64_t now_s, uint64_t *id, struct error *e) ORBL_NODISCARD;
enum err store_probe_finish(struct store *s, uint64_t id, const char *verdict, const char *reason,
	const char *result, int64_t now_s, struct error *e) ORBL_NODISCARD;
typedef enum err store_probe_fn(const struct store_probe *p, void *context);
/* Unfinished probes with an id above after, delisting requests first, oldest first. */
enum err store_probes_waiting(struct store *s, size_t max, store_probe_fn *fn, void *context,
	struct error *e) ORBL_NODISCARD;
/* Probes of a host, newest first. */
enum err store_probes_of(struct store *s, const struct addr *host, size_t max, store_probe_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;
/* One probe by id. ERR_NOT_FOUND. */
enum err store_probe_get(struct store *s, uint64_t id, store_probe_fn *fn, void *context,
	struct error *e) ORBL_NODISCARD;

struct store_delisting { /* lends */
	int64_t id;
	const char *host;
	int64_t requested_s, finished_s;
	uint64_t probe;
	const char *state; /* "queued", "delisted" or "refused" */
	const char *reason;
};
/* Take a request: queues a probe in the same step. COMMITs. */
enum err store_delisting_add(struct store *s, const struct addr *host, int64_t now_s, int64_t *id,
	uint64_t *probe, struct error *e) ORBL_NODISCARD;
enum err store_delisting_finish(struct store *s, uint64_t probe, const char *state,
	const char *reason, int64_t now_s, struct error *e) ORBL_NODISCARD;
typedef enum err store_delisting_fn(const struct store_delisting *d, void *context);
enum err store_delistings_of(struct store *s, const struct addr *host, size_t max,
	store_delisting_fn *fn, void *context, struct error *e) ORBL_NODISCARD;
enum err store_delistings_since(struct store *s, const struct addr *host, int64_t since_s,
	uint64_t *count, struct error *e) ORBL_NODISCARD;

/* --- listings and the audit log: store_listing.c --- */

struct store_listing { /* lends */
	struct prefix prefix;
	enum category category;
	int64_t since_s, expires_s;
	uint64_t probe;
	const char *reason;
};
/* List or renew (since_s of an existing listing is kept). */
enum err
store_listing_put(struct store *s, const struct store_listing *l, struct error *e) ORBL_NODISCARD;
/* Remove the listings in the categories of mask that rest on a probe of this host: its own and
 * those of its outputs, but not what was proved of another host of its prefix. *removed may be
 * NULL. */
enum err store_listing_remove(struct store *s, const struct addr *tested, uint32_t categories,
	size_t *removed, struct error *e) ORBL_NODISCARD;
/* Remove what expired at or before now_s. */
enum err store_listing_expire(struct store *s, int64_t now_s, size_t *removed,
	struct error *e) ORBL_NODISCARD;
typedef enum err store_listing_fn(const struct store_listing *l, void *context);
/* All listings, by prefix and category; or those of one prefix when it is not NULL. */
enum err store_listings(struct store *s, const struct prefix *prefix, store_listing_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;

/* What was done, when and why; never changed afterwards. host may be NULL. */
enum err store_audit_add(struct store *s, int64_t now_s, const char *action, const char *host,
	const char *detail, struct error *e) ORBL_NODISCARD;

struct store_totals {
	uint64_t reporters, submissions, hosts, probes_waiting, probes_done, listings;
	uint32_t serial;
};
enum err store_totals(struct store *s, struct store_totals *out, struct error *e) ORBL_NODISCARD;

#endif
