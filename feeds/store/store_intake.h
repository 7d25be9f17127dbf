/* store_intake.h - denials on their way into table evidence: what is new, and what the quota
 * leaves.
 */
#ifndef FEEDS_STORE_INTAKE_H
#define FEEDS_STORE_INTAKE_H

#include <orbl/store_evidence.h>
#include <orbl/store_reporter.h>

/* Of a reporter, which is made known when it is new. */
enum err store_reporter_id(struct store *s, const char *name, int64_t now_s, int64_t *id,
	struct error *e) ORBL_NODISCARD;
/* Add denials; hosts with new evidence wait for a look when pending. */
enum err store_intake_add(struct store *s, const struct store_denial *d, size_t count, bool pending,
	struct store_intake *intake, struct error *e) ORBL_NODISCARD;
/* A submission that does not count is undone: evidence, hashes, and what it took of the quota.
 * Inside a transaction. */
enum err store_intake_undo(struct store *s, int64_t id, struct error *e) ORBL_NODISCARD;
enum err store_intake_undo_all(struct store *s, struct error *e) ORBL_NODISCARD;
/* So many rows of evidence more, or less. */
enum err store_intake_count(struct store *s, int64_t rows, struct error *e) ORBL_NODISCARD;
/* A kind that is no fault: domains that are watched (store_watch.c), with what is known of them in
 * the example. */
#define STORE_FAULT_WATCHED "watched"
/* Count one, of which at most max of its kind are kept. */
enum err store_fault_put(struct store *s, int64_t reporter, const struct store_fault *f, size_t max,
	struct error *e) ORBL_NODISCARD;
/* Before anything else of store_evidence.h. */
enum err store_evidence_open(struct store *s, struct error *e) ORBL_NODISCARD;
/* What a host has beyond store_bounds.per_host, as the last store_bound had it, goes. */
enum err store_bound_host(struct store *s, const struct addr *host, struct error *e) ORBL_NODISCARD;
/* A class of 64 for the domain of a recipient, as a bit; 0: it has none. */
uint64_t store_domain_class(struct text recipient);

#endif
