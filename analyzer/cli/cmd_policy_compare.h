/* cmd_policy_compare.h - what `orbl policy compare` found, and how it is printed. */
#ifndef ANALYZER_CMD_POLICY_COMPARE_H
#define ANALYZER_CMD_POLICY_COMPARE_H

#include "cmd_policy.h"
#include "relay_compare.h"

struct policy_compared { /* one test */
	const struct probe_case *row;
	const char *mail_from, *rcpt_to, *reply; /* lent by the result; NULL: not asked */
	struct relay_decision decision;
	enum relay_outlook predicted;
	enum relay_found found;
	struct relay_comparison comparison;
};

enum policy_client { /* for whom the policy was asked */
	POLICY_CLIENT_GIVEN,
	POLICY_CLIENT_PROBE,   /* whoever made the probe */
	POLICY_CLIENT_HIDDEN,  /* a stranger: the probe's own address is private, the server public
	                        */
	POLICY_CLIENT_UNKNOWN, /* a stranger, too: an older result */
};

struct policy_compare {
	const struct policy_options *options;
	struct policy_file policy;
	json_t *result;
	uint64_t bounced;                  /* mask of the cases whose return path got a bounce */
	const char *foreign;               /* the tester's domain, "" not known */
	struct addr client, local, source; /* source: of the probe; family 0: not known */
	enum policy_client whose;
	bool trusted; /* some test is relayed for the client and would not be for a stranger */
	size_t count, agreements[RELAY_AGREEMENT_COUNT];
	struct policy_compared cases[PROBE_CASE_NUMBERS];
};

/* A text of a result of a probe; "" when it is none. Lent. */
const char *policy_compare_text(const json_t *object, const char *key);
void policy_compare_print_text(const struct policy_compare *c);
void policy_compare_print_json(const struct policy_compare *c);

#endif
