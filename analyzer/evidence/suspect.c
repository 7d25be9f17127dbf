#include "suspect.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct suspect_rules
suspect_rules_of(const struct conf *c)
{
	return (struct suspect_rules){
		.at = (double)c->score.suspect_at,
		.until = (double)c->score.suspect_until,
		.reporters = (size_t)c->score.suspect_reporters,
		.lifetime_s = c->listing.lifetime_s,
	};
}

const char *
suspect_kind_name(enum suspect_kind k)
{
	static const char *const names[] = {"none", "list", "renew", "keep", "end"};

	return (size_t)k < ORBL_COUNT(names) ? names[k] : "unknown";
}

/* Points at which a listing is kept: it must not end where it begins. */
static double
lower_bound(const struct suspect_rules *rules)
{
	return rules->until < rules->at ? rules->until : rules->at;
}

static bool
is_kept(const struct suspect_rules *rules, const struct score *score)
{
	return rules->at > 0 && score->points >= lower_bound(rules) &&
		score->independent >= rules->reporters;
}

/* Names as far as they have room. */
static void
add_names(const struct score *score, char *out, size_t size)
{
	size_t len = strlen(out);

	for (size_t i = 0; i < score->reporters; i++) {
		const char *name = score->terms[i].reporter;

		if (len + strlen(name) + sizeof(", and 64 more") > size) {
			snprintf(out + len, size - len, " and %zu more", score->reporters - i);
			return;
		}
		len += (size_t)snprintf(out + len, size - len, "%s%s", i == 0 ? ": " : ", ", name);
	}
}

static void
say_score(const struct score *score, char *out, size_t size)
{
	snprintf(out, size, "score %.1f from %zu independent reporter%s", score->points,
		score->independent, score->independent == 1 ? "" : "s");
	add_names(score, out, size);
}

static void
say_end(const struct suspect_rules *rules, const struct score *score, char *out, size_t size)
{
	if (rules->at <= 0)
		snprintf(out, size, "nobody is listed as a suspect any more");
	else if (score->points < lower_bound(rules))
		snprintf(out, size, "score %.1f is below %.0f", score->points, lower_bound(rules));
	else
		snprintf(out, size,
			"score %.1f, but from %zu independent reporters; %zu are needed",
			score->points, score->independent, rules->reporters);
}

static int64_t
end_of(const struct suspect_rules *rules, const struct score *score, const struct facts *facts)
{
	int64_t latest_s = score->now_s + rules->lifetime_s;
	int64_t falls_s = score_falls_s(score->rules, facts->items, facts->count, score->now_s,
		lower_bound(rules), rules->reporters);

	return falls_s < latest_s ? falls_s : latest_s;
}

/* Earlier by any time; later when it is worth it, or the listing is about to end. */
static bool
is_worth_renewal(const struct score *score, int64_t listed_until_s, int64_t expires_s)
{
	if (expires_s <= listed_until_s)
		return expires_s != listed_until_s;
	return expires_s - listed_until_s >= SUSPECT_STEP_S ||
		listed_until_s - score->now_s <= SUSPECT_LOOK_S;
}

struct suspect_decision
suspect_decide(const struct suspect_rules *rules, const struct score *score,
	const struct facts *facts, int64_t listed_until_s)
{
	struct suspect_decision d = {.kind = SUSPECT_NONE};
	bool is_listed = listed_until_s != 0;

	if (!is_kept(rules, score)) {
		d.kind = is_listed ? SUSPECT_END : SUSPECT_NONE;
		say_end(rules, score, d.reason, sizeof(d.reason));
		return d;
	}
	say_score(score, d.reason, sizeof(d.reason));
	if (!is_listed && score->points < rules->at)
		return d;
	d.expires_s = end_of(rules, score, facts);
	d.kind = !is_listed                                          ? SUSPECT_LIST :
		is_worth_renewal(score, listed_until_s, d.expires_s) ? SUSPECT_RENEW :
								       SUSPECT_KEEP;
	return d;
}
