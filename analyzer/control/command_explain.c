#include "command.h"

#include <orbl/store_evidence.h>
#include <orbl/store_probe.h>

#include "command_json.h"
#include "command_part.h"
#include "decision.h"
#include "denial.h"

enum { FACTS_SHOWN = 50, PROBES_SHOWN = 10, DELISTINGS_SHOWN = 10 };

static enum err
on_fact(const struct store_fact *f, void *context)
{
	json_t *array = context;

	json_array_append_new(array,
		json_pack("{s:o, s:o, s:s, s:I, s:I, s:o, s:I, s:o, s:o}", "reporter",
			command_json_text(f->reporter), "hour", command_json_time(f->hour_s),
			"kind", denial_kind_name((enum denial_kind)f->kind), "denials",
			(json_int_t)f->count, "submission", (json_int_t)f->submission, "file",
			command_json_text(f->file), "line", (json_int_t)f->line, "text",
			command_json_text(f->raw), "rule", command_json_text(f->rule)));
	return OK;
}

static enum err
on_probe(const struct store_probe *p, void *context)
{
	json_t *array = context;

	json_array_append_new(array, command_json_probe(p));
	return OK;
}

static enum err
on_delisting(const struct store_delisting *d, void *context)
{
	json_t *array = context;

	json_array_append_new(array,
		json_pack("{s:I, s:o, s:o, s:I, s:o, s:o}", "request", (json_int_t)d->id,
			"requested", command_json_time(d->requested_s), "finished",
			command_json_time(d->finished_s), "probe", (json_int_t)d->probe, "state",
			command_json_text(d->state), "reason", command_json_text(d->reason)));
	return OK;
}

static json_t *
score_json(const struct command_context *c, const struct score *score)
{
	const struct decision_rules rules = {(double)c->conf->score.threshold,
		(size_t)c->conf->score.min_reporters};
	struct decision decision = decision_nominate(&rules, score);
	json_t *terms = json_array();

	for (size_t i = 0; i < score->reporters; i++)
		json_array_append_new(terms,
			json_pack("{s:o, s:f, s:I}", "reporter",
				command_json_text(score->terms[i].reporter), "points",
				score->terms[i].points, "denials",
				(json_int_t)score->terms[i].denials));
	return json_pack("{s:f, s:I, s:I, s:I, s:s, s:o}", "points", score->points, "threshold",
		(json_int_t)c->conf->score.threshold, "reporters", (json_int_t)score->reporters,
		"min_reporters", (json_int_t)c->conf->score.min_reporters, "decision",
		decision.reason, "terms", terms);
}

struct command_answer
command_explain(const struct command_context *c, const struct command_request *r)
{
	json_t *listings = NULL, *evidence = json_array(), *probes = json_array(),
	       *delistings = json_array();
	int64_t since_s = r->now_s - c->conf->score.max_age_s;
	struct command_answer answer;
	struct error e = {.code = OK};
	char address[ADDR_TEXT];
	struct score score;
	struct addr host;
	enum err err = command_address(r, &host, &answer);

	if (err == OK) {
		err = command_listings_of(c, &host, r->now_s, &listings, &e);
		if (err == OK)
			err = pipeline_score(c->pipeline, &host, r->now_s, &score, &e);
		if (err == OK)
			err = store_facts(c->store, &host, since_s, FACTS_SHOWN, on_fact, evidence,
				&e);
		if (err == OK)
			err = store_probes_of(c->store, &host, PROBES_SHOWN, on_probe, probes, &e);
		if (err == OK)
			err = store_delistings_of(c->store, &host, DELISTINGS_SHOWN, on_delisting,
				delistings, &e);
		if (err != OK)
			answer = command_failure(&e);
	}
	if (err == OK)
		return (struct command_answer){
			.object = json_pack("{s:b, s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "ok", 1,
				"address", addr_format(&host, address), "listed",
				(int)(json_array_size(listings) != 0), "listings", listings,
				"score", score_json(c, &score), "evidence", evidence, "probes",
				probes, "delistings", delistings)};
	json_decref(listings);
	json_decref(evidence);
	json_decref(probes);
	json_decref(delistings);
	return answer;
}
