/* store_purge.h - what a reporter has brought in, taken out again, some hosts at a time.
 *
 * First is found what there is, into tables of this connection alone: so there is one purge at a
 * time. Then what belongs to some hosts goes at once, in a transaction of its own, which for a dry
 * run is rolled back: a host is purged as a whole, or as it was.
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
	uint64_t submissions; /* that have evidence */
	uint64_t hosts;       /* named by it */
	uint64_t rows, denials;
};

/* --- finding what there is: outside of a transaction, nothing is changed --- */

/* Which submissions. ERR_NOT_FOUND: there is no such reporter. */
enum err store_purge_begin(struct store *s, const struct store_window *w, struct store_purged *out,
	struct error *e) ORBL_NODISCARD;
struct store_purge_place { /* how far the search has come; all 0: not begun */
	int64_t submission, probe;
	char host[ADDR_TEXT];
	bool is_begun, is_done;
};
/* Some more of its hosts: those that this evidence names, and those that it has nominated. */
enum err store_purge_gather(struct store *s, const struct store_window *w,
	struct store_purge_place *at, struct error *e) ORBL_NODISCARD;
/* How many they are, and how many are named by evidence (out->hosts). */
enum err store_purge_count(struct store *s, uint64_t *all, struct store_purged *out,
	struct error *e) ORBL_NODISCARD;

/* --- taking it out: inside a transaction --- */

struct store_purge_slice { /* hosts behind after, as text, and up to upto */
	char after[ADDR_TEXT], upto[ADDR_TEXT];
	size_t count; /* 0: none is left */
};
/* The next ones, at most max, behind upto of the last slice; all 0: the first ones. */
enum err store_purge_next(struct store *s, size_t max, struct store_purge_slice *slice,
	struct error *e) ORBL_NODISCARD;

/* Their evidence goes, and they wait for a look; rows and denials of out are added to. Lines are
 * known as before: who submits them again gets them not counted again. */
enum err store_purge_evidence(struct store *s, const struct store_purge_slice *slice,
	struct store_purged *out, struct error *e) ORBL_NODISCARD;
/* Is it one of the submissions that go? */
enum err
store_purge_has(struct store *s, int64_t submission, bool *has, struct error *e) ORBL_NODISCARD;

/* Those that have a probe queued for their evidence (*probe its number), or are suspects. */
enum store_purge_part { STORE_PURGE_QUEUED, STORE_PURGE_SUSPECTS };
struct store_purge_host {
	struct addr host;
	uint64_t probe; /* QUEUED: that waits; 0: none */
};
enum err store_purge_hosts(struct store *s, const struct store_purge_slice *slice,
	enum store_purge_part part, struct store_purge_host *out, size_t max, size_t *count,
	struct error *e) ORBL_NODISCARD;

/* A listing that was proved by a test of this host, which somebody's evidence had brought about. */
struct store_provoked {
	struct addr tested;
	enum category category;
	uint64_t probe; /* that was nominated last before the proof, by this reporter too */
};
typedef enum err store_provoked_fn(const struct store_provoked *p, void *context);
enum err store_purge_proved(struct store *s, const struct store_purge_slice *slice,
	const char *reporter, store_provoked_fn *fn, void *context, struct error *e) ORBL_NODISCARD;
/* What the others gave to the nomination of a probe: points, and how many they were. */
enum err store_purge_others(struct store *s, uint64_t probe, const char *reporter, double *points,
	uint64_t *reporters, struct error *e) ORBL_NODISCARD;

/* After the evidence: the reporter's nominations that rested on it confirm and refute it no more
 * (store_nomination.h); *count is added to. */
enum err store_purge_nominations(struct store *s, const struct store_purge_slice *slice,
	const struct store_window *w, uint64_t *count, struct error *e) ORBL_NODISCARD;
/* The alarms ("safe") of those whose evidence went, and that have none left, end. */
enum err store_purge_alarms(struct store *s, const struct store_purge_slice *slice,
	struct error *e) ORBL_NODISCARD;

#endif
