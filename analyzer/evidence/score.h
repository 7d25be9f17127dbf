/* score.h - how strongly the evidence says that a host relays for strangers.
 *
 * Pure: the same facts and the same now_s give the same score, in any order. A fact is
 * the denials of one reporter about one host in one hour. It is worth
 *
 *	denial_points * (1 + log2(count)) * kind * rule * trust / 100 * 2^(-age / half_life)
 *
 * where kind is 1, but 1/2 for a denial that the log only shows as probable, or of a client that
 * had authenticated; and rule is 1, but 1/2 when the reporter's relay policy denies this very
 * client by its address (RelayDenyList, check_client_access): that it was denied is no news. A
 * reporter's facts add up to at most reporter_cap; the score is the sum over reporters.
 */
#ifndef ANALYZER_SCORE_H
#define ANALYZER_SCORE_H

#include <stddef.h>
#include <stdint.h>

enum { SCORE_REPORTERS_MAX = 64, SCORE_NAME = 65 };

struct score_rules {
	int64_t half_life_s, max_age_s;
	double denial_points, reporter_cap;
};

struct score_fact {
	const char *reporter; /* borrowed */
	unsigned kind;        /* enum denial_kind */
	int64_t time_s;
	uint32_t count;
	int64_t trust;    /* percent */
	const char *rule; /* of the reporter's relay policy, borrowed; NULL: none was asked */
};

struct score_term { /* one reporter's part */
	char reporter[SCORE_NAME];
	double points; /* capped by score_finish */
	uint64_t denials;
};

struct score {
	const struct score_rules *rules; /* kept */
	int64_t now_s;
	double points;
	size_t reporters; /* with points; beyond SCORE_REPORTERS_MAX further ones are ignored */
	struct score_term terms[SCORE_REPORTERS_MAX];
};

void score_init(struct score *s, const struct score_rules *rules, int64_t now_s);
/* Facts older than max_age_s, or of trust 0, change nothing. */
void score_add(struct score *s, const struct score_fact *f);
/* Cap and sum: points is valid from here on. Terms are sorted, the heaviest first. */
void score_finish(struct score *s);

#endif
