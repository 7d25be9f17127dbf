/* outcome.h - what a probe's verdict changes in the store: its own record, the listings, the
 * delisting request, the audit log; all of it in one transaction, or nothing.
 */
#ifndef ANALYZER_OUTCOME_H
#define ANALYZER_OUTCOME_H

#include <stdbool.h>

#include <orbl/store.h>

#include "probe/probe_result.h"

struct outcome {
	struct store *store;
	int64_t now_s;
	int64_t lifetime_s; /* of a listing */
	bool changed;       /* out: the list is another one now, publish it */
};

/* A probe is done. COMMITs. */
enum err outcome_finish(struct outcome *o, uint64_t probe, const struct addr *host,
	const struct probe_result *result, struct error *e) ORBL_NODISCARD;
/* A token arrived of a probe that has its verdict already: slow queues exist. Counts only
 * for a host that had accepted a message. COMMITs. */
enum err outcome_arrived_late(struct outcome *o, const struct prober_event *event,
	struct error *e) ORBL_NODISCARD;
/* The prefix that is listed for a host: the address, or its /64. */
struct prefix outcome_prefix(const struct addr *host);

#endif
