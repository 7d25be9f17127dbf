/* store_purge.h - what a reporter has brought in, taken out again.
 *
 * All of it inside one transaction, which for a dry run is rolled back.
 */
#ifndef ORBL_STORE_PURGE_H
#define ORBL_STORE_PURGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/listing.h>
#include <orbl/store.h>

struct store_window { /* lends; what was received from since_s on, and before until_s */
	const char *reporter;
	int64_t since_s,
		until_s; /* 0: from the first, or to the last; since_s is of a whole hour */
};

struct store_purged {
	uint64_t submissions; /* that have had evidence */
	uint64_t rows, denials, hosts;
};
/* Its evidence goes, and its hosts wait for a look. Lines are known as before: who submits them
 * again gets them not counted again. ERR_NOT_FOUND: there is no such reporter. */
enum err store_purge_evidence(struct store *s, const struct store_window *w,
	struct store_purged *out, struct error *e) ORBL_NODISCARD;
/* Was the submission received from this reporter, then? */
enum err store_purge_has(struct store *s, const struct store_window *w, int64_t submission,
	bool *has, struct error *e) ORBL_NODISCARD;

/* Of the hosts whose evidence went last, those behind after ("": all) in their order that have a
 * probe queued for their evidence (*probe its number), or are suspects. */
enum store_purge_part { STORE_PURGE_QUEUED, STORE_PURGE_SUSPECTS };
struct store_purge_host {
	struct addr host;
	uint64_t probe; /* QUEUED: that waits; 0: none */
};
enum err store_purge_hosts(struct store *s, enum store_purge_part part, const char *after,
	struct store_purge_host *out, size_t max, size_t *count, struct error *e) ORBL_NODISCARD;

/* A listing that was proved by a test of this host, which somebody's evidence had brought about. */
struct store_provoked {
	struct addr tested;
	enum category category;
	uint64_t probe; /* that was nominated last before the proof, by this reporter too */
};
typedef enum err store_provoked_fn(const struct store_provoked *p, void *context);
enum err store_purge_proved(struct store *s, const char *reporter, store_provoked_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;
/* What the others gave to the nomination of a probe: points, and how many they were. */
enum err store_purge_others(struct store *s, uint64_t probe, const char *reporter, double *points,
	uint64_t *reporters, struct error *e) ORBL_NODISCARD;

/* After the evidence: the reporter's nominations that rested on it confirm and refute it no more
 * (store_nomination.h), *count of them. */
enum err store_purge_nominations(struct store *s, const struct store_window *w, uint64_t *count,
	struct error *e) ORBL_NODISCARD;
/* Of the hosts whose evidence went last, the alarms ("safe") of those that have none left end. */
enum err store_purge_alarms(struct store *s, struct error *e) ORBL_NODISCARD;

#endif
