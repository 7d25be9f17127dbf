/* outcome_listing.h - what a verdict does to the listings, inside the transaction of outcome.c. */
#ifndef ANALYZER_OUTCOME_LISTING_H
#define ANALYZER_OUTCOME_LISTING_H

#include "outcome.h"

/* End and make the listings of a host that its verdict (decision_verdict) ends and makes, but for
 * the categories in keeps (1 << category), which do not end; they rest on this probe. */
enum err outcome_apply(struct outcome *o, uint64_t probe, const struct addr *host,
	enum verdict verdict, uint32_t keeps, const char *reason, struct error *e) ORBL_NODISCARD;
/* List who delivered what was given to the host. */
enum err outcome_list_outputs(struct outcome *o, const struct probe_result *result, uint64_t probe,
	const struct addr *host, struct error *e) ORBL_NODISCARD;
enum err outcome_list_output(struct outcome *o, const struct addr *output, const struct addr *host,
	uint64_t probe, struct error *e) ORBL_NODISCARD;

#endif
