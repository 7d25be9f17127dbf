/* score.h - how strongly the evidence says that a host relays for strangers.
 *
 * Pure: the same facts and the same now_s give the same score, to the last bit, in any order; a
 * further fact never lowers it. A fact is the denials of one reporter and kind about one host in
 * one hour. The formula is published (docs/listing-policy.md), in these words:
 *
 *	fact      denial_points * (1 + log2(denials) / 4) * kind * rule * 2^(-age / half_life)
 *	          The first denial of an hour counts most; each doubling adds a quarter of it.
 *	          kind is 1, but 1/2 for a denial that the log only shows as probable, or of a
 *	          client that had authenticated. rule is 1, but 1/2 when the reporter's relay
 *	          policy denies this very client by its address (RelayDenyList,
 *	          check_client_access): that it was denied is no news. A fact older than max_age
 *	          does not count.
 *	diversity 1 + log2(domains) / 4 + log2(days) / 4
 *	          domains: how many domains its denied recipients were in, estimated, 1 to 64;
 *	          days: on how many days (UTC) it was denied. A client that tries many domains on
 *	          many days is no mistake of a user.
 *	reporter  min(reporter_cap, sum of its facts * diversity) * trust
 *	          So that a flood of one who is little trusted stays small: trust.h.
 *	group     min(reporter_cap, sum of its reporters)
 *	          Reporters that are not independent of each other (distinct.h) count as one.
 *	score     the sum over groups
 *
 * What a new reporter gives (trust.h: a quarter of its trust, by default) is 40 / 4 = 10 points
 * at most, so that no flood of its own nominates a host, and by one denial 2.5. Two of them reach
 * 15 by three hours each with recipients in two domains: 3 * 10 * 1.25 / 4 = 9.4, and a day later
 * 8.5; three hours with one domain are 7.5, and too few as soon as they are a minute old. The
 * policy page says it with the numbers of its configuration (policy_value.c).
 *
 * How many independent reporters there are is the number of groups. What was decided on a score is
 * kept, and decided again, by score_record.h.
 */
#ifndef ANALYZER_SCORE_H
#define ANALYZER_SCORE_H

#include <stddef.h>
#include <stdint.h>

enum {
	SCORE_REPORTERS_MAX = 64, /* of more, those count whose names come first */
	SCORE_NAME = 65,
	SCORE_KEY = 65,
	SCORE_DAYS = 64, /* days that are told apart */
	SCORE_HASH = 16,
};

struct score_rules {
	int64_t half_life_s, max_age_s;
	double denial_points, reporter_cap;
};

struct score_fact { /* borrows */
	const char *reporter;
	const char *key; /* of its group; NULL: its name */
	unsigned kind;   /* enum denial_kind */
	int64_t time_s;
	uint32_t count;
	uint64_t domains; /* a bit for each of 64 classes of recipient domains; 0: not known */
	int64_t trust;    /* percent, the same in all facts of a reporter */
	const char *rule; /* of the reporter's relay policy; NULL: none was asked */
	/* not scored, kept with what is decided */
	int64_t submission;
	uint8_t hash[SCORE_HASH]; /* of the sample line; all 0: not known */
};

struct score_term { /* one reporter's part: points = min(cap, sum * diversity) * trust / 100 */
	char reporter[SCORE_NAME];
	char key[SCORE_KEY]; /* reporters with the same one are one group */
	double points;
	double sum; /* of its facts */
	double diversity;
	int64_t trust; /* percent */
	uint64_t denials;
	size_t facts; /* hours, but that each kind of denial has its own */
	unsigned domains, days;

	uint64_t domain_bits, day_bits;
};

struct score {
	const struct score_rules *rules; /* kept */
	int64_t now_s;
	double points;
	size_t reporters;   /* with points */
	size_t independent; /* groups of them */
	struct score_term terms[SCORE_REPORTERS_MAX];
};

void score_init(struct score *s, const struct score_rules *rules, int64_t now_s);
/* Facts older than max_age_s, of trust 0, or of no denial, change nothing. */
void score_add(struct score *s, const struct score_fact *f);
/* Cap and sum: points, independent and the terms' computed fields are valid from here on. Terms
 * are sorted, the heaviest first. */
void score_finish(struct score *s);
/* All of it. */
void score_compute(struct score *s, const struct score_rules *rules, const struct score_fact *facts,
	size_t count, int64_t now_s);

/* Scores fall as time goes by, when no evidence comes. The first second from now_s on in which
 * these facts have less than points, or fewer than independent groups: exact, by the formula. */
int64_t score_falls_s(const struct score_rules *rules, const struct score_fact *facts, size_t count,
	int64_t now_s, double points, size_t independent);

/* How many domains are in these bits, by linear counting: 1..64; 0 counts as 1. */
unsigned score_domains(uint64_t bits);

#endif
