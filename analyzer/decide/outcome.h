/* outcome.h - what a probe's verdict changes in the store: its own record, the listings, the
 * delisting request, the probes that follow from it, the audit log; all of it in one transaction,
 * or nothing.
 *
 * With a second source a probe that did not prove the host open is only the first of a pair:
 * nothing changes but that the second is queued. What both say together (verdict_of_two) decides.
 */
#ifndef ANALYZER_OUTCOME_H
#define ANALYZER_OUTCOME_H

#include <stdbool.h>

#include <orbl/store.h>
#include <orbl/store_probe.h>

#include "decision.h"
#include "list.h"
#include "probe_result.h"

struct outcome {
	struct store *store;
	int64_t now_s;
	struct list_rules rules;   /* of listings */
	const struct guard *guard; /* of listings; NULL: none */
	const struct geo *geo;     /* NULL: nothing is known */
	uint8_t second_family; /* of the second source, which probes its like; 0: there is none */
	struct retry_rules retry;

	/* out */
	bool changed;         /* the list is another one now, publish it */
	uint64_t second;      /* the second of the pair, queued; 0: the verdict is final */
	enum verdict verdict; /* final: of the probe, or of the pair */
	int64_t not_after_s;  /* listings do not last longer by this probe: somebody asked for it,
	                       * or for the one that it is a retry of; 0: they may */
};

/* A probe is done; probe is as it was started. COMMITs. */
enum err outcome_finish(struct outcome *o, const struct store_probe *probe,
	const struct probe_result *result, struct error *e) ORBL_NODISCARD;
/* A queued probe is not made; why is one sentence. COMMITs. */
enum err outcome_cancel(struct outcome *o, const struct store_probe *probe, const char *why,
	struct error *e) ORBL_NODISCARD;
/* A token arrived of a probe that has its verdict already: slow queues exist. Counts only
 * for a host that had accepted a message. COMMITs. */
enum err outcome_arrived_late(struct outcome *o, const struct prober_event *event,
	struct error *e) ORBL_NODISCARD;

#endif
