#include "decision.h"

#include <stdio.h>

#define BIT(category) (1U << (category))
/* Categories that a verdict about the host's own relaying settles. */
#define SETTLED                                                                                    \
	(BIT(CATEGORY_RELAY) | BIT(CATEGORY_RELAY_INPUT) | BIT(CATEGORY_BOUNCER) |                 \
		BIT(CATEGORY_UNTESTABLE))

const char *
decision_kind_name(enum decision_kind k)
{
	static const char *const names[] = {"ignore", "probe", "list", "keep", "delist"};

	return (size_t)k < ORBL_COUNT(names) ? names[k] : "unknown";
}

struct decision
decision_nominate(const struct decision_rules *rules, const struct score *score)
{
	struct decision d = {.kind = DECISION_IGNORE};

	if (score->points < rules->threshold) {
		snprintf(d.reason, sizeof(d.reason), "score %.1f is below the threshold of %.0f",
			score->points, rules->threshold);
	} else if (score->independent < rules->min_reporters) {
		snprintf(d.reason, sizeof(d.reason),
			"score %.1f, but from %zu reporter%s; %zu independent ones are needed",
			score->points, score->independent, score->independent == 1 ? "" : "s",
			rules->min_reporters);
	} else {
		d.kind = DECISION_PROBE;
		snprintf(d.reason, sizeof(d.reason), "score %.1f from %zu reporter%s",
			score->points, score->independent, score->independent == 1 ? "" : "s");
	}
	return d;
}

struct decision
decision_verdict(enum verdict verdict)
{
	static const struct {
		enum decision_kind kind;
		enum category category;
		uint32_t removes;
	} table[VERDICT_COUNT] = {
		[VERDICT_OPEN] = {DECISION_LIST, CATEGORY_RELAY, SETTLED & ~BIT(CATEGORY_RELAY)},
		[VERDICT_OPEN_MULTIHOP] = {DECISION_LIST, CATEGORY_RELAY_INPUT,
			SETTLED & ~BIT(CATEGORY_RELAY_INPUT)},
		[VERDICT_BOUNCES] = {DECISION_LIST, CATEGORY_BOUNCER,
			SETTLED & ~BIT(CATEGORY_BOUNCER)},
		/* Its outputs are listed for what it relayed. */
		[VERDICT_CLOSED] = {DECISION_DELIST, 0, SETTLED | BIT(CATEGORY_RELAY_OUTPUT)},
		/* Whoever refuses the tester may still relay for others: nothing ends by it. */
		[VERDICT_UNTESTABLE] = {DECISION_LIST, CATEGORY_UNTESTABLE, 0},
		[VERDICT_ACCEPTS] = {DECISION_KEEP, 0, 0},
		[VERDICT_UNREACHABLE] = {DECISION_KEEP, 0, 0},
		[VERDICT_UNDECIDED] = {DECISION_KEEP, 0, 0},
		[VERDICT_DISCRIMINATES] = {DECISION_KEEP, 0, 0},
	};
	struct decision d = {.kind = table[verdict].kind,
		.category = table[verdict].category,
		.removes = table[verdict].removes};

	snprintf(d.reason, sizeof(d.reason), "verdict %s", verdict_name(verdict));
	return d;
}

int64_t
decision_retry(const struct retry_rules *rules, enum verdict verdict, unsigned tries)
{
	unsigned max = verdict == VERDICT_UNDECIDED ? RETRIES_MAX :
		verdict == VERDICT_UNREACHABLE      ? RETRIES_UNREACHABLE_MAX :
						      0;
	int64_t wait_s;

	if (tries >= max)
		return 0;
	wait_s = rules->backoff_s << tries;
	return wait_s <= rules->interval_s ? wait_s : 0;
}
