/* From log lines to what was decided on them. */
#include "explain_part.h"

#include <stdlib.h>
#include <string.h>

#include <orbl/store_decision.h>
#include <orbl/store_evidence.h>

#include "command_json.h"
#include "decision.h"
#include "denial.h"
#include "score.h"
#include "trust.h"

enum { FACTS_SHOWN = 50, DECISIONS_SHOWN = 20 };

/* --- log lines ---------------------------------------------------------------- */

static json_t *
hash_json(const uint8_t *hash)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * STORE_LINE_HASH + 1];

	if (hash == NULL)
		return json_null();
	for (size_t i = 0; i < STORE_LINE_HASH; i++) {
		text[2 * i] = digits[hash[i] >> 4];
		text[2 * i + 1] = digits[hash[i] & 15];
	}
	text[2 * STORE_LINE_HASH] = '\0';
	return json_string(text);
}

/* The number of domains is an estimate; a denial is of one. */
static json_int_t
domains_of(unsigned estimate, uint64_t denials)
{
	return (json_int_t)(estimate < denials ? estimate : denials);
}

static enum err
on_fact(const struct store_fact *f, void *context)
{
	json_t *array = context;

	json_array_append_new(array,
		json_pack("{s:o, s:o, s:s, s:I, s:I, s:I, s:o, s:I, s:o, s:o, s:o}", "reporter",
			command_json_text(f->reporter), "hour", command_json_time(f->hour_s),
			"kind", denial_kind_name((enum denial_kind)f->kind), "denials",
			(json_int_t)f->count, "domains",
			domains_of(score_domains(f->domains), f->count), "submission",
			(json_int_t)f->submission, "file", command_json_text(f->file), "line",
			(json_int_t)f->line, "hash", hash_json(f->hash), "text",
			command_json_text(f->raw), "rule", command_json_text(f->rule)));
	return OK;
}

enum err
explain_evidence(const struct explain *x, json_t **out)
{
	int64_t since_s = x->now_s - x->context->conf->score.max_age_s;

	*out = json_array();
	return store_facts(x->context->store, &x->host, since_s, FACTS_SHOWN, on_fact, *out, x->e);
}

/* --- the score, now --------------------------------------------------------------- */

/* Is its trust what anybody's is who begins? */
static bool
is_new(const struct explain *x, const char *reporter)
{
	struct error e = {.code = OK};
	struct trust trust;

	return trust_look(x->context->store, x->context->conf, reporter, x->now_s, &trust, &e) ==
		OK &&
		trust.confirmed == 0 && trust.percent < trust.ceiling;
}

static json_t *
term_json(const struct explain *x, const struct score_term *t)
{
	return json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:f, s:f, s:I, s:b, s:f}", "reporter",
		command_json_text(t->reporter), "key", command_json_text(t->key), "facts",
		(json_int_t)t->facts, "denials", (json_int_t)t->denials, "domains",
		domains_of(t->domains, t->denials), "days", (json_int_t)t->days, "sum", t->sum,
		"diversity", t->diversity, "trust", (json_int_t)t->trust, "is_new",
		(int)is_new(x, t->reporter), "points", t->points);
}

static json_t *
score_json(const struct explain *x, const struct score *score)
{
	const struct conf *c = x->context->conf;
	const struct decision_rules rules = {(double)c->score.threshold,
		(size_t)c->score.min_reporters};
	struct decision decision = decision_nominate(&rules, score);
	json_t *terms = json_array();

	for (size_t i = 0; i < score->reporters; i++)
		json_array_append_new(terms, term_json(x, &score->terms[i]));
	return json_pack("{s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:o}", "points",
		score->points, "threshold", (json_int_t)c->score.threshold, "reporters",
		(json_int_t)score->reporters, "independent", (json_int_t)score->independent,
		"min_reporters", (json_int_t)c->score.min_reporters, "reporter_cap",
		(json_int_t)c->score.reporter_cap, "suspect_at", (json_int_t)c->score.suspect_at,
		"suspect_reporters", (json_int_t)c->score.suspect_reporters, "decision",
		decision.reason, "terms", terms);
}

enum err
explain_score(const struct explain *x, json_t **out)
{
	struct score *score = malloc(sizeof(*score));
	enum err err = score != NULL ?
		pipeline_score(x->context->pipeline, &x->host, x->now_s, score, x->e) :
		error_set(x->e, ERR_MEMORY, "out of memory");

	*out = err == OK ? score_json(x, score) : NULL;
	free(score);
	return err;
}

/* --- decisions ------------------------------------------------------------------------ */

/* A list that may be long is shown by its length; orbl replay reads all of it. */
static json_t *
inputs_json(const char *text)
{
	json_t *inputs = json_loads(text, 0, NULL), *facts = json_object_get(inputs, "facts");

	if (json_is_array(facts))
		json_object_set_new(inputs, "facts",
			json_integer((json_int_t)json_array_size(facts)));
	return inputs != NULL ? inputs : json_null();
}

static enum err
on_decision(const struct store_decision *d, void *context)
{
	json_t *array = context, *result = json_loads(d->result, 0, NULL);

	json_array_append_new(array,
		json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "decision", (json_int_t)d->id, "time",
			command_json_time(d->time_s), "kind", command_json_text(d->kind), "probe",
			d->probe != 0 ? json_integer((json_int_t)d->probe) : json_null(), "inputs",
			inputs_json(d->inputs), "result", result != NULL ? result : json_null()));
	return OK;
}

enum err
explain_decisions(const struct explain *x, json_t **out)
{
	*out = json_array();
	return store_decisions_of(x->context->store, &x->host, DECISIONS_SHOWN, on_decision, *out,
		x->e);
}
