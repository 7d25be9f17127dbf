#include "score_record.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <orbl/store_decision.h>

#include "score_record_part.h"

void
score_record_init(struct score_inputs *in, const struct conf *c, int64_t now_s)
{
	*in = (struct score_inputs){
		.now_s = now_s,
		.score = {.half_life_s = c->score.half_life_s,
			.max_age_s = c->score.max_age_s,
			.denial_points = (double)c->score.denial_points,
			.reporter_cap = (double)c->score.reporter_cap},
		.decision = {.threshold = (double)c->score.threshold,
			.min_reporters = (size_t)c->score.min_reporters},
		.suspect = suspect_rules_of(c),
	};
}

void
score_record_reset(struct score_inputs *in)
{
	facts_reset(&in->facts);
}

void
score_record_decide(const struct score_inputs *in, struct score_result *out)
{
	score_compute(&out->score, &in->score, in->facts.items, in->facts.count, in->now_s);
	out->nominate = decision_nominate(&in->decision, &out->score);
	out->suspect = suspect_decide(&in->suspect, &out->score, &in->facts, in->listed_until_s);
}

/* --- writing ---------------------------------------------------------------- */

/* A name that is no UTF-8 is kept as one that looks like it. */
static json_t *
text_json(const char *text)
{
	char printable[SCORE_NAME];
	json_t *json = text != NULL ? json_string(text) : json_null();

	if (json != NULL)
		return json;
	text_printable(text_of(text), printable, sizeof(printable));
	return json_string(printable);
}

/* Texts are the same when they are at the same place: facts.c. */
static bool
have_one_reporter(const struct score_fact *a, const struct score_fact *b)
{
	return a->reporter == b->reporter && a->key == b->key && a->trust == b->trust;
}

/* Where the reporter of a fact is in the array; it is added when it is not. */
static size_t
reporter_index(const struct facts *f, size_t fact, size_t *last_of, json_t *reporters)
{
	size_t count = json_array_size(reporters);

	for (size_t i = 0; i < count; i++)
		if (have_one_reporter(&f->items[last_of[i]], &f->items[fact]))
			return i;
	last_of[count] = fact;
	json_array_append_new(reporters,
		json_pack("[o, o, I]", text_json(f->items[fact].reporter),
			text_json(f->items[fact].key), (json_int_t)f->items[fact].trust));
	return count;
}

static json_t *
fact_json(const struct score_fact *f, size_t reporter)
{
	static const uint8_t none[SCORE_HASH];
	char domains[2 * sizeof(f->domains) + 1], hash[2 * SCORE_HASH + 1];
	uint8_t bytes[sizeof(f->domains)];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(f->domains >> (8 * (sizeof(bytes) - 1 - i)));
	score_record_hex(bytes, sizeof(bytes), domains);
	score_record_hex(f->hash, SCORE_HASH, hash);
	return json_pack("[I, I, I, I, s, o, I, o]", (json_int_t)reporter, (json_int_t)f->kind,
		(json_int_t)f->time_s, (json_int_t)f->count, domains, text_json(f->rule),
		(json_int_t)f->submission,
		memcmp(f->hash, none, SCORE_HASH) != 0 ? json_string(hash) : json_null());
}

static json_t *
rules_json(const struct score_inputs *in)
{
	return json_pack("{s:I, s:I, s:f, s:f, s:f, s:I, s:f, s:f, s:I, s:I}", "half_life",
		(json_int_t)in->score.half_life_s, "max_age", (json_int_t)in->score.max_age_s,
		"denial_points", in->score.denial_points, "reporter_cap", in->score.reporter_cap,
		"threshold", in->decision.threshold, "min_reporters",
		(json_int_t)in->decision.min_reporters, "suspect_at", in->suspect.at,
		"suspect_until", in->suspect.until, "suspect_reporters",
		(json_int_t)in->suspect.reporters, "lifetime", (json_int_t)in->suspect.lifetime_s);
}

static char *
take_text(json_t *json)
{
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;

	json_decref(json);
	return text;
}

char *
score_record_inputs(const struct score_inputs *in)
{
	const struct facts *f = &in->facts;
	json_t *reporters = json_array(), *facts = json_array();
	size_t *last_of = calloc(f->count + 1, sizeof(*last_of));

	for (size_t i = 0; last_of != NULL && i < f->count; i++)
		json_array_append_new(facts,
			fact_json(&f->items[i], reporter_index(f, i, last_of, reporters)));
	if (last_of == NULL || json_array_size(facts) != f->count) {
		json_decref(reporters);
		json_decref(facts);
		free(last_of);
		return NULL;
	}
	free(last_of);
	return take_text(json_pack("{s:I, s:o, s:I, s:o, s:o}", "now", (json_int_t)in->now_s,
		"rules", rules_json(in), "listed_until", (json_int_t)in->listed_until_s,
		"reporters", reporters, "facts", facts));
}

static json_t *
terms_json(const struct score *s)
{
	json_t *terms = json_array();

	for (size_t i = 0; i < s->reporters; i++) {
		const struct score_term *t = &s->terms[i];

		json_array_append_new(terms,
			json_pack("{s:o, s:o, s:I, s:I, s:I, s:I, s:f, s:f, s:I, s:f}", "reporter",
				text_json(t->reporter), "key", text_json(t->key), "facts",
				(json_int_t)t->facts, "denials", (json_int_t)t->denials, "domains",
				(json_int_t)t->domains, "days", (json_int_t)t->days, "sum", t->sum,
				"diversity", t->diversity, "trust", (json_int_t)t->trust, "points",
				t->points));
	}
	return terms;
}

char *
score_record_result(const char *kind, const struct score_result *r)
{
	bool is_suspect = strcmp(kind, STORE_DECISION_SUSPECT) == 0;
	const struct score *s = &r->score;
	int64_t expires_s = is_suspect ? r->suspect.expires_s : 0;

	return take_text(json_pack("{s:s, s:o, s:o, s:f, s:I, s:I, s:o}", "decision",
		is_suspect ? suspect_kind_name(r->suspect.kind) :
			     decision_kind_name(r->nominate.kind),
		"reason", text_json(is_suspect ? r->suspect.reason : r->nominate.reason), "expires",
		expires_s != 0 ? json_integer((json_int_t)expires_s) : json_null(), "points",
		s->points, "reporters", (json_int_t)s->reporters, "independent",
		(json_int_t)s->independent, "terms", terms_json(s)));
}

enum err
score_record_add(struct store *s, const struct addr *host, const char *kind, uint64_t probe,
	const struct score_inputs *in, const struct score_result *done, struct error *e)
{
	char *inputs = score_record_inputs(in), *result = score_record_result(kind, done);
	const struct store_decision d = {
		.time_s = in->now_s,
		.host = *host,
		.kind = kind,
		.probe = probe,
		.inputs = inputs,
		.result = result,
	};
	enum err err = inputs != NULL && result != NULL ? store_decision_add(s, &d, NULL, e) :
							  error_set(e, ERR_MEMORY, "out of memory");

	free(inputs);
	free(result);
	return err;
}
