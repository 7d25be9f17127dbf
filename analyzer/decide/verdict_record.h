/* verdict_record.h - what a probe's verdict was decided on and what it changed: as a decision that
 * is kept (orbl/store_decision.h, kind "verdict"), and made again from what is kept.
 *
 *	inputs  {"first": {"probe": 7, "verdict": "accepts"}, "second": {"probe": 8, "verdict":
 *	        null}, "second_source": true, "keeps": ["relay"], "tries": 0, "backoff_s": 3600,
 *	        "interval_s": 86400}; second is null when there is none, a verdict is when the
 *	        probe was not made
 *	result  {"verdict": "undecided", "decision": "keep", "category": null, "ends": [],
 *	        "retry_s": 3600}
 */
#ifndef ANALYZER_VERDICT_RECORD_H
#define ANALYZER_VERDICT_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/store.h>

#include "decision.h"

struct verdict_inputs {
	uint64_t probes[2]; /* of the first and of the second source; 0: there is none */
	bool has_verdicts[2];
	enum verdict verdicts[2];
	bool second_source; /* there is one, now: else a second that was not made is no doubt */
	uint32_t keeps;     /* categories whose proof was not made again: mask of 1 << category */
	unsigned tries;
	struct retry_rules retry;
};

struct verdict_result {
	enum verdict verdict; /* final */
	enum decision_kind kind;
	enum category category; /* LIST */
	uint32_t ends;          /* mask of categories that end by it, if the host has them */
	int64_t retry_s;        /* until it is probed again; 0: it is not */
};

/* Pure: what the verdicts of the sources say together, and what that changes. A closed host whose
 * proof was not made again is undecided. */
struct verdict_result verdict_record_decide(const struct verdict_inputs *in);

/* Keep it: in and what was done by it. probe is the one that was finished. Inside the transaction
 * of what was done. */
enum err verdict_record_add(struct store *s, int64_t now_s, const struct addr *host, uint64_t probe,
	const struct verdict_inputs *in, const struct verdict_result *done,
	struct error *e) ORBL_NODISCARD;

/* JSON text, to free; NULL: out of memory. */
char *verdict_record_inputs(const struct verdict_inputs *in);
char *verdict_record_result(const struct verdict_result *r);
/* Read what verdict_record_inputs has written. ERR_SYNTAX names what is wrong. */
enum err verdict_record_parse(const char *inputs, struct verdict_inputs *out,
	struct error *e) ORBL_NODISCARD;

#endif
