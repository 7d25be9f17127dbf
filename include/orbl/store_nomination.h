/* store_nomination.h - whose evidence brought a probe about, and what came of it.
 *
 * From this a reporter earns its trust (analyzer/evidence/trust.h): its nominations that a probe
 * confirmed, and those that a probe refuted.
 */
#ifndef ORBL_STORE_NOMINATION_H
#define ORBL_STORE_NOMINATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/store.h>

struct store_nomination { /* lends */
	uint64_t probe;
	const char *reporter; /* a known one */
	double points;        /* its part of the score, at that time */
};

/* Again for the same probe and reporter: the points are replaced. Inside a transaction. */
enum err store_nomination_add(struct store *s, const struct store_nomination *n,
	struct error *e) ORBL_NODISCARD;
/* A probe that is made again, as the one before was undecided, is nominated by the same. Inside a
 * transaction. */
enum err
store_nomination_copy(struct store *s, uint64_t from, uint64_t to, struct error *e) ORBL_NODISCARD;

typedef enum err store_nomination_fn(const struct store_nomination *n, void *context);
/* Who nominated a probe, by name. Not OK from fn ends the walk with that code. */
enum err store_nominations_of(struct store *s, uint64_t probe, store_nomination_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;
/* What a reporter has nominated, the newest probe first, at most max. */
enum err store_nominations_by(struct store *s, const char *reporter, size_t max,
	store_nomination_fn *fn, void *context, struct error *e) ORBL_NODISCARD;

struct store_record {
	uint64_t confirmed; /* hosts whose final verdict was open or open-multihop */
	uint64_t refuted;   /* hosts whose final verdict was closed */
	bool is_revoked;
};
/* Of the hosts that this reporter nominated, by their newest probe that was decided and queued
 * since then. An unknown reporter has all 0. */
enum err store_nomination_record(struct store *s, const char *reporter, int64_t since_s,
	struct store_record *out, struct error *e) ORBL_NODISCARD;

/* Hosts whose suspect listing by evidence ends at before_s or earlier wait for a look
 * (store_hosts_pending). Inside a transaction. */
enum err store_suspects_pending(struct store *s, int64_t before_s, struct error *e) ORBL_NODISCARD;

#endif
