/* outcome_listing.h - what a verdict does to the host and its listings, inside the transaction of
 * outcome.c.
 */
#ifndef ANALYZER_OUTCOME_LISTING_H
#define ANALYZER_OUTCOME_LISTING_H

#include "outcome.h"
#include "verdict_record.h"

struct outcome_change { /* borrows */
	uint64_t probe; /* listings rest on it */
	enum store_cause cause;
	struct addr host;
	bool probed; /* else no probe was made, and it says nothing */
	const struct verdict_result *result;
	const char *reason;
	bool locked; /* out: the host is locked by an operator, nothing has changed */
};

/* The state of the host, its listings that end and the one that is made, and the probe that
 * confirms that it is no relay any more: whoever asked, and whatever it is now. */
enum err outcome_change_apply(struct outcome *o, struct outcome_change *change,
	struct error *e) ORBL_NODISCARD;
/* List who delivered what was given to the host: at most two at a time for all that is listed by
 * its prefix, so that who owns an open relay cannot have any number of innocent ones listed by
 * sending through them, one test after the other. */
enum err outcome_list_outputs(struct outcome *o, const struct probe_result *result, uint64_t probe,
	const struct addr *host, struct error *e) ORBL_NODISCARD;
enum err outcome_list_output(struct outcome *o, const struct addr *output, const struct addr *host,
	uint64_t probe, struct error *e) ORBL_NODISCARD;

#endif
