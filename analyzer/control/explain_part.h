/* explain_part.h - the parts of the answer to "explain", in the order of the chain from a log line
 * to what is published. Each gives a new reference.
 */
#ifndef ANALYZER_EXPLAIN_PART_H
#define ANALYZER_EXPLAIN_PART_H

#include "command.h"

struct explain {
	const struct command_context *context;
	struct addr host;
	struct prefix prefix; /* that is listed for it */
	int64_t now_s;
	struct error *e;
};

typedef enum err explain_part_fn(const struct explain *x, json_t **out);
explain_part_fn explain_evidence, explain_score, explain_decisions;
/* What its owner, or whoever looks after the list, may do now: sentences. listings as
 * command_listings_of gives them, why_still as command_why_still does. */
enum err explain_next(const struct explain *x, const json_t *listings, const json_t *why_still,
	json_t **out) ORBL_NODISCARD;

#endif
