#include "stats.h"

#include <string.h>

/* All that is counted is words, so that a sum is the same for each. */
static void
add_words(void *sum, const void *from, size_t size)
{
	const uint64_t *in = from;
	uint64_t *out = sum;

	for (size_t i = 0; i < size / sizeof(*out); i++)
		out[i] += __atomic_load_n(&in[i], __ATOMIC_RELAXED);
}

_Static_assert(sizeof(struct stats_row) % sizeof(uint64_t) == 0, "only uint64_t");
_Static_assert(sizeof(struct stats_common) % sizeof(uint64_t) == 0, "only uint64_t");
_Static_assert(sizeof(struct stats_latency) % sizeof(uint64_t) == 0, "only uint64_t");

void
stats_sum_row(const struct stats *s, size_t row, struct stats_row *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; row < stats_rows(s) && i < stats_workers(s); i++)
		add_words(out, &stats_worker(s, i)->rows[row], sizeof(*out));
}

void
stats_sum_rows(const struct stats *s, struct stats_row *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < stats_workers(s); i++)
		for (size_t row = 0; row < stats_rows(s); row++)
			add_words(out, &stats_worker(s, i)->rows[row], sizeof(*out));
}

void
stats_sum_common(const struct stats *s, struct stats_common *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < stats_workers(s); i++)
		add_words(out, &stats_worker(s, i)->common, sizeof(*out));
}

void
stats_sum_latency(const struct stats *s, unsigned transport, struct stats_latency *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < stats_workers(s); i++)
		add_words(out, &stats_worker(s, i)->latency[transport], sizeof(*out));
}

uint64_t
stats_row_queries(const struct stats_row *r, unsigned transport)
{
	uint64_t sum = r->dropped[transport] + r->handed_over[transport];

	for (size_t i = 0; i < STATS_REPLIES; i++)
		sum += r->replies[transport][i];
	return sum;
}

uint64_t
stats_latency_bound_us(size_t bucket)
{
	return bucket + 1 < STATS_LATENCY_BUCKETS ? (uint64_t)1 << bucket : 0;
}

uint64_t
stats_latency_percentile_us(const struct stats_latency *l, unsigned percent)
{
	uint64_t all = 0, below = 0;
	size_t bucket = 0;

	for (size_t i = 0; i < STATS_LATENCY_BUCKETS; i++)
		all += l->buckets[i];
	if (all == 0)
		return 0;
	for (; bucket + 2 < STATS_LATENCY_BUCKETS; bucket++) {
		below += l->buckets[bucket];
		if (below * 100 >= all * percent)
			break;
	}
	return stats_latency_bound_us(bucket);
}

static const struct {
	const char *name, *rcode;
} replies[STATS_REPLIES] = {
	[STATS_REPLY_ANSWER] = {"answer", "NOERROR"},
	[STATS_REPLY_NODATA] = {"nodata", "NOERROR"},
	[STATS_REPLY_NXDOMAIN] = {"nxdomain", "NXDOMAIN"},
	[STATS_REPLY_REFUSED] = {"refused", "REFUSED"},
	[STATS_REPLY_SERVFAIL] = {"servfail", "SERVFAIL"},
	[STATS_REPLY_FORMERR] = {"formerr", "FORMERR"},
	[STATS_REPLY_NOTIMP] = {"notimp", "NOTIMP"},
	[STATS_REPLY_OTHER] = {"other", "other"},
};

const char *
stats_reply_name(enum stats_reply reply)
{
	return replies[reply].name;
}

const char *
stats_reply_rcode(enum stats_reply reply)
{
	return replies[reply].rcode;
}
