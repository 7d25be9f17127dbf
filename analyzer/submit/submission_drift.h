/* submission_drift.h - denials that the reporter's own relay policy would not have made: examples,
 * for the reporter to mend the one or the other.
 */
#ifndef ANALYZER_SUBMISSION_DRIFT_H
#define ANALYZER_SUBMISSION_DRIFT_H

#include <jansson.h>

#include "relay/relay_policy.h"

enum { SUBMISSION_DRIFT_MAX = 10 };

struct submission_drift { /* all 0: none */
	size_t count;
	struct {
		uint64_t line; /* of the log */
		struct addr client;
		char rule[64], entry[128];
		unsigned policy_line; /* 0: none */
	} examples[SUBMISSION_DRIFT_MAX];
};

/* One more; the first ones are kept. */
void submission_drift_add(struct submission_drift *d, uint64_t line, const struct addr *client,
	const struct relay_decision *decision);
/* [{"line", "ip", "rule", "entry", "policy", "policy_line"}], a new reference; policy is the name
 * of its file. */
json_t *submission_drift_json(const struct submission_drift *d, const char *policy);

#endif
