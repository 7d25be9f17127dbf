/* store_probe.h - the queue of probes with their results.
 *
 *	queued    started_s 0: waits until not_before_s, then for its turn: store_probes_due
 *	started   finished_s 0: the prober has it. What it has found so far is in table probe_event,
 *	          so that the next analyzer goes on where this one died: store_probes_started
 *	finished  with a verdict; without one when it was not made after all
 *
 * A host has at most one probe that is not finished. The second opinion of a probe is a probe of
 * its own, from the second source, with the first one as its parent; what both say together is the
 * pair_verdict of the second.
 */
#ifndef ORBL_STORE_PROBE_H
#define ORBL_STORE_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/store.h>
#include <orbl/store_delisting.h>

/* Why a host is probed. Stored as numbers, which are the order of urgency, too. */
enum store_cause {
	CAUSE_NOMINATION, /* by evidence */
	CAUSE_BACKOFF,    /* the one before was undecided */
	CAUSE_EXPIRY,     /* its listing is going to end */
	CAUSE_CONFIRM,    /* a test took it off the list a while ago */
	CAUSE_DELISTING,  /* somebody asked for it */
	CAUSE_COUNT
};
const char *store_cause_name(enum store_cause c); /* "delisting request" */

struct store_probe { /* lends */
	uint64_t id;
	struct addr host;
	enum store_cause cause;
	int64_t queued_s, not_before_s, started_s, finished_s; /* 0: not yet */
	unsigned tries;                                        /* undecided ones before it */
	bool second_source;
	uint64_t parent;     /* second_source: the first of the pair */
	const char *verdict; /* NULL: none, or none yet */
	const char *pair_verdict;
	const char *reason;
	const char *result; /* JSON text, probe_result_json */
};

/* --- the queue ------------------------------------------------------------ */

/* Queue a probe: host, cause, queued_s, not_before_s (0: at once), tries and parent (0: none) of p
 * are taken. When one of the host is not finished, *id is that one, which becomes as urgent as p.
 * The provocation is the evidence of the host at that time (RFC 6471 section 3.6). */
enum err store_probe_add(struct store *s, const struct store_probe *p, uint64_t *id,
	struct error *e) ORBL_NODISCARD;
/* The same, at once. */
enum err store_probe_queue(struct store *s, const struct addr *host, enum store_cause cause,
	int64_t now_s, uint64_t *id, struct error *e) ORBL_NODISCARD;

struct store_retests {
	int64_t now_s;
	int64_t window_s;   /* listings that end within it */
	int64_t interval_s; /* not so soon after the last probe of the host */
};
typedef enum err store_retest_fn(const struct addr *host, void *context);
/* Queue a probe, CAUSE_EXPIRY, of each host whose listing ends soon, once for each time that the
 * listing is made or renewed; fn (NULL ok) is told of each. Inside a transaction. */
enum err store_probe_queue_retests(struct store *s, const struct store_retests *r, size_t *queued,
	store_retest_fn *fn, void *context, struct error *e) ORBL_NODISCARD;

/* A place in the queue, behind which to look on; all 0 but the first two: from its beginning. */
struct store_place {
	bool second_source;
	enum store_cause cause;
	int64_t not_before_s;
	uint64_t id;
};
typedef enum err store_probe_fn(const struct store_probe *p, void *context);
/* Probes of this cause and source that wait and are due, the first due first. */
enum err store_probes_due(struct store *s, const struct store_place *behind, int64_t now_s,
	size_t max, store_probe_fn *fn, void *context, struct error *e) ORBL_NODISCARD;
/* Started ones that are not finished, with an id above after. */
enum err store_probes_started(struct store *s, uint64_t after, size_t max, store_probe_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;

struct store_queue {
	uint64_t due[CAUSE_COUNT]; /* they wait only for their turn */
	uint64_t later;            /* they wait for their time */
	uint64_t started;
};
enum err store_queue_count(struct store *s, int64_t now_s, struct store_queue *out,
	struct error *e) ORBL_NODISCARD;

/* --- a probe's way ---------------------------------------------------------- */

enum err
store_probe_start(struct store *s, uint64_t id, int64_t now_s, struct error *e) ORBL_NODISCARD;
/* An event of a probe under way, as text; numbers are 0, 1, 2 ... of this probe. */
enum err store_probe_event_add(struct store *s, uint64_t id, uint64_t number, const char *event,
	struct error *e) ORBL_NODISCARD;
typedef enum err store_event_fn(uint64_t number, const char *event, void *context);
/* In their order. */
enum err store_probe_events(struct store *s, uint64_t id, store_event_fn *fn, void *context,
	struct error *e) ORBL_NODISCARD;
/* Its events are forgotten. verdict NULL: it was not made. */
enum err store_probe_finish(struct store *s, uint64_t id, const char *verdict, const char *reason,
	const char *result, int64_t now_s, struct error *e) ORBL_NODISCARD;
/* As if it had not been started; its events are forgotten. COMMITs. */
enum err store_probe_requeue(struct store *s, uint64_t id, int64_t not_before_s,
	struct error *e) ORBL_NODISCARD;
enum err store_probe_set_pair(struct store *s, uint64_t id, const char *verdict,
	struct error *e) ORBL_NODISCARD;

/* --- looking ---------------------------------------------------------------- */

/* Probes of a host, newest first. */
enum err store_probes_of(struct store *s, const struct addr *host, size_t max, store_probe_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;
/* One probe by id. ERR_NOT_FOUND. */
enum err store_probe_get(struct store *s, uint64_t id, store_probe_fn *fn, void *context,
	struct error *e) ORBL_NODISCARD;
/* The second opinion of a probe; fn is not called when there is none. */
enum err store_probe_second(struct store *s, uint64_t first, store_probe_fn *fn, void *context,
	struct error *e) ORBL_NODISCARD;

#endif
