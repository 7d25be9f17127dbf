#include "score.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "denial.h"

enum { DAY_S = 86400 };

void
score_init(struct score *s, const struct score_rules *rules, int64_t now_s)
{
	*s = (struct score){.rules = rules, .now_s = now_s};
}

/* In steps of 2^-20: sums of such numbers are exact, so that the order of the facts cannot
 * change the last bit. */
static double
in_steps(double points)
{
	return ldexp(rint(ldexp(points, 20)), -20);
}

/* Where a reporter's term is; or NULL: there is no place for it. Which reporters have one must not
 * depend on the order in which they come: when there are too many, the last of the names goes. */
static struct score_term *
place_of(struct score *s, const char *reporter)
{
	struct score_term *last = NULL;

	for (size_t i = 0; i < s->reporters; i++) {
		struct score_term *term = &s->terms[i];

		if (strcmp(term->reporter, reporter) == 0)
			return term;
		if (last == NULL || strcmp(term->reporter, last->reporter) > 0)
			last = term;
	}
	if (s->reporters < SCORE_REPORTERS_MAX)
		last = &s->terms[s->reporters++];
	else if (strcmp(reporter, last->reporter) > 0)
		return NULL;
	memset(last, 0, sizeof(*last));
	snprintf(last->reporter, sizeof(last->reporter), "%s", reporter);
	return last;
}

static struct score_term *
term_of(struct score *s, const struct score_fact *f)
{
	char name[SCORE_NAME];
	struct score_term *term;

	snprintf(name, sizeof(name), "%s", f->reporter);
	term = place_of(s, name);
	if (term != NULL && term->facts == 0) {
		snprintf(term->key, sizeof(term->key), "%s", f->key != NULL ? f->key : name);
		term->trust = f->trust;
	}
	return term;
}

/* How much less sure than a refusal of a stranger: the words may have meant another thing, or the
 * client was one of the server's own users with a setting amiss. */
static double
kind_weight(unsigned kind)
{
	return kind == DENIAL_RELAY_PROBABLE || kind == DENIAL_AUTHENTICATED ? 0.5 : 1.0;
}

/* A client that the reporter's policy denies by its address was found out before. */
static double
rule_weight(const char *rule)
{
	static const char *const of_the_client[] = {"RelayDenyList", "check_client_access"};

	for (size_t i = 0; rule != NULL && i < ORBL_COUNT(of_the_client); i++)
		if (strcmp(rule, of_the_client[i]) == 0)
			return 0.5;
	return 1.0;
}

static double
fact_points(const struct score_rules *rules, const struct score_fact *f, int64_t age_s)
{
	return in_steps(rules->denial_points * (1.0 + log2((double)f->count) / 4.0) *
		kind_weight(f->kind) * rule_weight(f->rule) *
		exp2(-(double)age_s / (double)rules->half_life_s));
}

/* Days are told apart modulo SCORE_DAYS: of a longer time, some are counted as one. */
static uint64_t
day_bit(int64_t time_s)
{
	return UINT64_C(1) << ((uint64_t)(time_s / DAY_S) % SCORE_DAYS);
}

void
score_add(struct score *s, const struct score_fact *f)
{
	int64_t age_s = s->now_s - f->time_s;
	struct score_term *term;

	if (age_s < 0) /* a clock ahead of ours is no reason to count more */
		age_s = 0;
	if (age_s > s->rules->max_age_s || f->trust <= 0 || f->count == 0)
		return;
	term = term_of(s, f);
	if (term == NULL)
		return;
	term->sum += fact_points(s->rules, f, age_s);
	term->denials += f->count;
	term->facts++;
	term->domain_bits |= f->domains;
	term->day_bits |= day_bit(f->time_s);
}

static unsigned
count_bits(uint64_t bits)
{
	unsigned n = 0;

	for (; bits != 0; bits &= bits - 1)
		n++;
	return n;
}

/* Of 64 classes, those that stay empty tell how many were thrown in (Whang and others, 1990). */
unsigned
score_domains(uint64_t bits)
{
	unsigned used = count_bits(bits);
	double estimate;

	if (used <= 1)
		return 1;
	if (used == 64)
		return 64;
	estimate = rint(-64.0 * log((64.0 - (double)used) / 64.0));
	return estimate < 64.0 ? (unsigned)estimate : 64;
}

static void
finish_term(const struct score_rules *rules, struct score_term *t)
{
	double points;

	t->domains = score_domains(t->domain_bits);
	t->days = count_bits(t->day_bits);
	t->diversity = 1.0 + log2((double)t->domains) / 4.0 + log2((double)t->days) / 4.0;
	points = t->sum * t->diversity;
	if (points > rules->reporter_cap)
		points = rules->reporter_cap;
	t->points = in_steps(points * (double)t->trust / 100.0);
}

static int
heavier_first(const void *a, const void *b)
{
	const struct score_term *x = a, *y = b;

	if (x->points != y->points)
		return x->points > y->points ? -1 : 1;
	return strcmp(x->reporter, y->reporter);
}

/* Has one before it the same key? */
static bool
is_of_earlier_group(const struct score *s, size_t term)
{
	for (size_t i = 0; i < term; i++)
		if (strcmp(s->terms[i].key, s->terms[term].key) == 0)
			return true;
	return false;
}

static double
group_points(const struct score *s, size_t first)
{
	double sum = 0;

	for (size_t i = first; i < s->reporters; i++)
		if (strcmp(s->terms[i].key, s->terms[first].key) == 0)
			sum += s->terms[i].points;
	return sum < s->rules->reporter_cap ? sum : s->rules->reporter_cap;
}

void
score_finish(struct score *s)
{
	s->points = 0;
	s->independent = 0;
	for (size_t i = 0; i < s->reporters; i++)
		finish_term(s->rules, &s->terms[i]);
	qsort(s->terms, s->reporters, sizeof(s->terms[0]), heavier_first);
	for (size_t i = 0; i < s->reporters; i++)
		if (!is_of_earlier_group(s, i)) {
			s->points += group_points(s, i);
			s->independent++;
		}
}

void
score_compute(struct score *s, const struct score_rules *rules, const struct score_fact *facts,
	size_t count, int64_t now_s)
{
	score_init(s, rules, now_s);
	for (size_t i = 0; i < count; i++)
		score_add(s, &facts[i]);
	score_finish(s);
}

static bool
has_fallen(const struct score_rules *rules, const struct score_fact *facts, size_t count,
	int64_t now_s, double points, size_t independent)
{
	struct score s;

	score_compute(&s, rules, facts, count, now_s);
	return s.points < points || s.independent < independent;
}

/* Each fact's points, the days and the domains only ever become fewer: once it has fallen it does
 * not rise again, and the moment can be searched for by halves. */
int64_t
score_falls_s(const struct score_rules *rules, const struct score_fact *facts, size_t count,
	int64_t now_s, double points, size_t independent)
{
	int64_t low_s = now_s - 1, high_s = now_s; /* not fallen, fallen */

	for (size_t i = 0; i < count; i++)
		if (facts[i].time_s > high_s)
			high_s = facts[i].time_s;
	high_s += rules->max_age_s + 1;
	while (high_s - low_s > 1) {
		int64_t middle_s = low_s + (high_s - low_s) / 2;

		if (has_fallen(rules, facts, count, middle_s, points, independent))
			high_s = middle_s;
		else
			low_s = middle_s;
	}
	return high_s;
}
