/* stats_fixture.h - what one worker counted, for tests of what it does. */
#ifndef TEST_STATS_FIXTURE_H
#define TEST_STATS_FIXTURE_H

#include "observation.h"

/* Sums over all zones. */
static inline struct stats_row
stats_fixture_row(const struct stats *s)
{
	struct stats_row row;

	stats_sum_rows(s, &row);
	return row;
}

static inline struct stats_common
stats_fixture_common(const struct stats *s)
{
	struct stats_common common;

	stats_sum_common(s, &common);
	return common;
}

static inline uint64_t
stats_fixture_queries(const struct stats *s, unsigned transport)
{
	struct stats_row row = stats_fixture_row(s);

	return stats_row_queries(&row, transport);
}

/* Over both transports. */
static inline uint64_t
stats_fixture_replies(const struct stats *s, enum stats_reply reply)
{
	struct stats_row row = stats_fixture_row(s);

	return row.replies[0][reply] + row.replies[1][reply];
}

#define STATS_FIXTURE_BOTH(stats, field)                                                           \
	(stats_fixture_row(stats).field[0] + stats_fixture_row(stats).field[1])

#endif
