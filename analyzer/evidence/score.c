#include "score.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "denial.h"

void
score_init(struct score *s, const struct score_rules *rules, int64_t now_s)
{
	*s = (struct score){.rules = rules, .now_s = now_s};
}

static struct score_term *
term_of(struct score *s, const char *reporter)
{
	char name[SCORE_NAME];

	snprintf(name, sizeof(name), "%s", reporter);
	for (size_t i = 0; i < s->reporters; i++)
		if (strcmp(s->terms[i].reporter, name) == 0)
			return &s->terms[i];
	if (s->reporters == SCORE_REPORTERS_MAX)
		return NULL;
	memcpy(s->terms[s->reporters].reporter, name, sizeof(name));
	return &s->terms[s->reporters++];
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

/* In steps of 2^-20: sums of such numbers are exact, so that the order of the facts cannot
 * change the last bit. */
static double
fact_points(const struct score *s, const struct score_fact *f, int64_t age_s)
{
	double points = s->rules->denial_points * (1.0 + log2((double)f->count)) *
		kind_weight(f->kind) * rule_weight(f->rule) * ((double)f->trust / 100.0) *
		exp2(-(double)age_s / (double)s->rules->half_life_s);

	return ldexp(rint(ldexp(points, 20)), -20);
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
	term = term_of(s, f->reporter);
	if (term == NULL)
		return;
	term->points += fact_points(s, f, age_s);
	term->denials += f->count;
}

static int
heavier_first(const void *a, const void *b)
{
	const struct score_term *x = a, *y = b;

	if (x->points != y->points)
		return x->points > y->points ? -1 : 1;
	return strcmp(x->reporter, y->reporter);
}

void
score_finish(struct score *s)
{
	s->points = 0;
	for (size_t i = 0; i < s->reporters; i++)
		if (s->terms[i].points > s->rules->reporter_cap)
			s->terms[i].points = s->rules->reporter_cap;
	qsort(s->terms, s->reporters, sizeof(s->terms[0]), heavier_first);
	for (size_t i = 0; i < s->reporters; i++)
		s->points += s->terms[i].points;
}
