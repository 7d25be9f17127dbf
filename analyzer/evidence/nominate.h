/* nominate.h - from new evidence about a host to a queued probe: score, decision, etiquette. */
#ifndef ANALYZER_NOMINATE_H
#define ANALYZER_NOMINATE_H

#include <stdbool.h>

#include <orbl/store.h>

#include "decision.h"
#include "etiquette.h"
#include "reporters.h"
#include "score.h"

struct nominate {
	struct store *store;               /* kept */
	const struct reporters *reporters; /* kept */
	struct score_rules score;
	struct decision_rules decision;
};

/* Score of a host from the evidence in the store. */
enum err nominate_score(const struct nominate *n, const struct addr *host, int64_t now_s,
	struct score *out, struct error *e) ORBL_NODISCARD;
/* Look at the hosts with news, at most a batch of them, in one transaction. False when none is
 * left, or the store cannot be written, which is logged. */
bool
nominate_batch(const struct nominate *n, const struct etiquette_rules *etiquette, int64_t now_s);

#endif
