/* store_probe.h - the queue of probes with their results, and the delisting requests. */
#ifndef ORBL_STORE_PROBE_H
#define ORBL_STORE_PROBE_H

#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/store.h>

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

#endif
