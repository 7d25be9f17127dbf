/* decision.h - what to do about a host: probe it, list it, delist it, or nothing.
 *
 * Pure tables. Log evidence only ever nominates; a verdict of the prober lists and
 * delists (docs/listing-policy.md). What is neither open nor closed changes nothing.
 */
#ifndef ANALYZER_DECISION_H
#define ANALYZER_DECISION_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/listing.h>

#include "probe_result.h"
#include "score.h"

enum decision_kind {
	DECISION_IGNORE, /* nothing to do */
	DECISION_PROBE,
	DECISION_LIST, /* or renew, when it is listed already */
	DECISION_KEEP, /* leave listings as they are */
	DECISION_DELIST,
};

struct decision {
	enum decision_kind kind;
	enum category category; /* LIST */
	uint32_t removes;       /* mask of categories whose listings end */
	char reason[200];
};

struct decision_rules {
	double threshold;
	size_t min_reporters;
};

/* May the evidence nominate the host for a probe? Etiquette is asked separately. */
struct decision decision_nominate(const struct decision_rules *rules, const struct score *score);
/* What a finished probe changes. */
struct decision decision_verdict(enum verdict verdict);

struct retry_rules {
	int64_t backoff_s;  /* the first time; then twice as long, and so on */
	int64_t interval_s; /* no longer than that: evidence may nominate it again by then */
};
enum { RETRIES_MAX = 5, RETRIES_UNREACHABLE_MAX = 1 };
/* Seconds until a host is probed again whose probe, after so many undecided ones, had this
 * verdict; 0: it is not. */
int64_t decision_retry(const struct retry_rules *rules, enum verdict verdict, unsigned tries);

const char *decision_kind_name(enum decision_kind k);

#endif
