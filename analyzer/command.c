#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <orbl/listing.h>
#include <orbl/store_evidence.h>
#include <orbl/store_listing.h>
#include <orbl/store_probe.h>

#include "command_json.h"
#include "decision.h"
#include "denial.h"
#include "outcome.h"

enum { FACTS_SHOWN = 50, PROBES_SHOWN = 10, DELISTINGS_SHOWN = 10, DAY_S = 86400 };
enum { LOCAL_DOMAINS_MAX = 256, SOURCE_MAX = 1024 };

json_t *
command_error(enum err code, const char *message)
{
	return json_pack("{s:b, s:s, s:s}", "ok", 0, "error", err_name(code), "message", message);
}

static struct command_answer
refuse(enum err code, const char *message)
{
	return (struct command_answer){.object = command_error(code, message)};
}

static struct command_answer
failure(const struct error *e)
{
	return refuse(e->code, e->text);
}

static const char *
request_text(const json_t *request, const char *key)
{
	return json_string_value(json_object_get(request, key));
}

static enum err
request_address(const json_t *request, struct addr *out, struct command_answer *answer)
{
	const char *text = request_text(request, "address");
	char message[256], shown[64];

	if (text != NULL && addr_parse(text_of(text), out) == OK)
		return OK;
	text_printable(text_of(text), shown, sizeof(shown));
	snprintf(message, sizeof(message), "\"%s\" is not an IPv4 or IPv6 address", shown);
	*answer = refuse(ERR_SYNTAX, message);
	return ERR_SYNTAX;
}

/* --- listings ------------------------------------------------------------- */

static json_t *
listing_json(const struct store_listing *l)
{
	char prefix[PREFIX_TEXT], code[ADDR_TEXT];
	const struct category_row *row = category_row(l->category);
	struct addr a = addr_from_ipv4(row->code);

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:I}", "prefix",
		prefix_format(&l->prefix, prefix), "category", row->name, "code",
		addr_format(&a, code), "zone", row->subzone, "since", command_json_time(l->since_s),
		"expires", command_json_time(l->expires_s), "reason", command_json_text(l->reason),
		"probe", (json_int_t)l->probe);
}

struct gathering {
	json_t *array;
	int64_t now_s;
};

static enum err
on_listing(const struct store_listing *l, void *context)
{
	struct gathering *g = context;

	if (l->expires_s > g->now_s)
		json_array_append_new(g->array, listing_json(l));
	return OK;
}

static enum err
listings_of(const struct command_context *c, const struct addr *host, int64_t now_s, json_t **out,
	struct error *e)
{
	struct prefix prefix = outcome_prefix(host);
	struct gathering g = {json_array(), now_s};

	*out = g.array;
	return store_listings(c->store, &prefix, on_listing, &g, e);
}

static struct command_answer
run_check(const struct command_context *c, const json_t *request, int64_t now_s)
{
	struct command_answer answer;
	struct error e = {.code = OK};
	char address[ADDR_TEXT];
	struct addr host;
	json_t *listings;

	if (request_address(request, &host, &answer) != OK)
		return answer;
	if (listings_of(c, &host, now_s, &listings, &e) != OK) {
		json_decref(listings);
		return failure(&e);
	}
	answer = (struct command_answer){
		.object = json_pack("{s:b, s:s, s:b, s:o}", "ok", 1, "address",
			addr_format(&host, address), "listed",
			(int)(json_array_size(listings) != 0), "listings", listings)};
	return answer;
}

static struct command_answer
run_list(const struct command_context *c, const json_t *request, int64_t now_s)
{
	struct gathering g = {json_array(), now_s};
	struct error e = {.code = OK};

	(void)request;
	if (store_listings(c->store, NULL, on_listing, &g, &e) != OK) {
		json_decref(g.array);
		return failure(&e);
	}
	return (struct command_answer){
		.object = json_pack("{s:b, s:o}", "ok", 1, "listings", g.array)};
}

/* --- explain -------------------------------------------------------------- */

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

static struct command_answer
run_explain(const struct command_context *c, const json_t *request, int64_t now_s)
{
	json_t *listings = NULL, *evidence = json_array(), *probes = json_array(),
	       *delistings = json_array();
	int64_t since_s = now_s - c->conf->score.max_age_s;
	struct command_answer answer;
	struct error e = {.code = OK};
	char address[ADDR_TEXT];
	struct score score;
	struct addr host;
	enum err err = request_address(request, &host, &answer);

	if (err == OK) {
		err = listings_of(c, &host, now_s, &listings, &e);
		if (err == OK)
			err = pipeline_score(c->pipeline, &host, now_s, &score, &e);
		if (err == OK)
			err = store_facts(c->store, &host, since_s, FACTS_SHOWN, on_fact, evidence,
				&e);
		if (err == OK)
			err = store_probes_of(c->store, &host, PROBES_SHOWN, on_probe, probes, &e);
		if (err == OK)
			err = store_delistings_of(c->store, &host, DELISTINGS_SHOWN, on_delisting,
				delistings, &e);
		if (err != OK)
			answer = failure(&e);
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

/* --- status, submit, delist ----------------------------------------------- */

static struct command_answer
run_status(const struct command_context *c, const json_t *request, int64_t now_s)
{
	struct probe_queue_state state = pipeline_probes(c->pipeline);
	struct error e = {.code = OK};
	struct store_queue queue;
	struct store_totals t;

	(void)request;
	if (store_totals(c->store, &t, &e) != OK ||
		store_queue_count(c->store, now_s, &queue, &e) != OK)
		return failure(&e);
	return (struct command_answer){
		.object = json_pack("{s:b, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, "
				    "s:o, s:I, s:I, s:o}",
			"ok", 1, "zone", c->conf->zone.name, "snapshot", c->conf->zone.snapshot,
			"serial", (json_int_t)t.serial, "listings", (json_int_t)t.listings,
			"reporters", (json_int_t)t.reporters, "submissions",
			(json_int_t)t.submissions, "hosts", (json_int_t)t.hosts, "probes_waiting",
			(json_int_t)command_json_count_due(&queue), "probes_held",
			(json_int_t)command_json_count_held(&queue, &state), "probes_running",
			(json_int_t)state.running, "probe_queue",
			command_json_queue(&queue, &state), "probes_done",
			(json_int_t)t.probes_done, "uptime_s", (json_int_t)(now_s - c->started_s),
			"syslog", syslog_receiver_status(c->syslog))};
}

/* A name that may stand in logs, JSON and the store as it is. */
static bool
is_plain_name(const char *s)
{
	size_t len = s != NULL ? strlen(s) : 0;
	char copy[CONF_REPORTER_NAME_MAX + 1];

	return len != 0 && len < sizeof(copy) &&
		text_printable(text_of(s), copy, sizeof(copy)) == len && strcmp(s, copy) == 0;
}

static bool
is_domain_text(const char *s)
{
	char copy[256];
	size_t len = s != NULL ? strlen(s) : 0;

	return len != 0 && len < sizeof(copy) &&
		text_printable(text_of(s), copy, sizeof(copy)) == len && strcmp(s, copy) == 0;
}

/* Of a request: lent by it. */
static enum err
request_domains(const json_t *request, struct text out[LOCAL_DOMAINS_MAX], size_t *count,
	struct error *e)
{
	const json_t *array = json_object_get(request, "local_domains"), *item;
	size_t i;

	*count = 0;
	if (array == NULL || json_is_null(array))
		return OK;
	if (!json_is_array(array) || json_array_size(array) > LOCAL_DOMAINS_MAX)
		return error_set(e, ERR_SYNTAX, "local_domains must be an array of at most %d",
			LOCAL_DOMAINS_MAX);
	json_array_foreach (array, i, item) {
		if (!is_domain_text(json_string_value(item)))
			return error_set(e, ERR_SYNTAX,
				"each of local_domains must have 1 to 255 printable ASCII "
				"characters");
		out[(*count)++] = text_of(json_string_value(item));
	}
	return OK;
}

/* Under which name its position is kept; NULL: this submission ends. */
static enum err
request_source(const json_t *request, const char **out, struct error *e)
{
	*out = NULL;
	if (!json_is_true(json_object_get(request, "follow")))
		return OK;
	*out = request_text(request, "source");
	if (*out == NULL || **out == '\0' || strlen(*out) > SOURCE_MAX)
		return error_set(e, ERR_SYNTAX,
			"who follows must name a source of 1 to %d bytes, under which the position "
			"is kept",
			SOURCE_MAX);
	return OK;
}

static struct command_answer
begin_submission(const struct submission_conf *conf)
{
	struct command_answer answer = {.object = NULL};
	struct error e = {.code = OK};
	json_t *position = NULL;

	if (submission_begin(conf, &answer.submission, &e) != OK)
		return failure(&e);
	if (conf->source == NULL)
		return answer;
	if (submission_position(answer.submission, &position, &e) != OK) {
		submission_free(answer.submission);
		return failure(&e);
	}
	answer.object = json_pack("{s:b, s:o}", "ok", 1, "position", position);
	return answer;
}

static struct command_answer
run_submit(const struct command_context *c, const json_t *request, int64_t now_s)
{
	struct text domains[LOCAL_DOMAINS_MAX];
	struct submission_conf conf = {.store = c->store,
		.reporters = c->reporters,
		.reporter = request_text(request, "reporter"),
		.format = request_text(request, "format"),
		.local_domains = domains,
		.now_s = now_s};
	struct error e = {.code = OK};
	char file[256];

	if (!is_plain_name(conf.reporter))
		return refuse(ERR_SYNTAX,
			"the reporter's name must have 1 to 64 printable ASCII "
			"characters");
	text_printable(text_of(request_text(request, "file")), file, sizeof(file));
	conf.file = file;
	if (request_source(request, &conf.source, &e) != OK ||
		request_domains(request, domains, &conf.local_domain_count, &e) != OK)
		return failure(&e);
	conf.goes_on = conf.source != NULL;
	return begin_submission(&conf);
}

struct proof { /* what the listings of a host rest on */
	const struct command_context *context;
	const struct addr *host;
	int64_t now_s;
	bool listed, own; /* own: a probe of this very host */
	struct addr tested;
	struct error *e;
};

static enum err
on_tested(const struct store_probe *p, void *context)
{
	struct proof *proof = context;

	proof->tested = p->host;
	proof->own = proof->own || addr_equal(&p->host, proof->host);
	return OK;
}

static enum err
on_proof(const struct store_listing *l, void *context)
{
	struct proof *proof = context;

	if (l->expires_s <= proof->now_s)
		return OK;
	proof->listed = true;
	return store_probe_get(proof->context->store, l->probe, on_tested, proof, proof->e);
}

/* An output, or a host in the /64 of a listed one, is not what was tested: to test it would
 * not tell whether the listing is still true. */
static enum err
is_own_listing(const struct command_context *c, const struct addr *host, int64_t now_s,
	struct error *e)
{
	struct proof proof = {.context = c, .host = host, .now_s = now_s, .e = e};
	struct prefix prefix = outcome_prefix(host);
	char address[ADDR_TEXT], tested[ADDR_TEXT];
	enum err err = store_listings(c->store, &prefix, on_proof, &proof, e);

	if (err != OK || proof.own)
		return err;
	addr_format(host, address);
	if (!proof.listed)
		return error_set(e, ERR_NOT_FOUND, "%s is not listed", address);
	addr_format(&proof.tested, tested);
	return error_set(e, ERR_REFUSED, "%s is listed for what was found at %s: ask for %s",
		address, tested, tested);
}

static enum err
may_request(const struct command_context *c, const struct addr *host, int64_t now_s,
	struct error *e)
{
	uint64_t count;
	char address[ADDR_TEXT];
	enum err err = is_own_listing(c, host, now_s, e);

	if (err == OK)
		err = store_delistings_since(c->store, host, now_s - DAY_S, &count, e);
	if (err == OK && count >= (uint64_t)c->conf->delist_requests_per_day)
		return error_set(e, ERR_REFUSED,
			"%s had %" PRIu64 " delisting requests within 24 "
			"hours, no more are taken; ask again tomorrow, or let the listing expire",
			addr_format(host, address), count);
	return err == OK ? pipeline_may_probe(c->pipeline, host, e) : err;
}

static struct command_answer
run_delist(const struct command_context *c, const json_t *request, int64_t now_s)
{
	struct command_answer answer;
	struct probe_queue_state state;
	struct error e = {.code = OK};
	char address[ADDR_TEXT];
	struct addr host;
	uint64_t probe;
	int64_t id;

	if (request_address(request, &host, &answer) != OK)
		return answer;
	if (may_request(c, &host, now_s, &e) != OK ||
		store_delisting_add(c->store, &host, now_s, &id, &probe, &e) != OK)
		return failure(&e);
	pipeline_wake(c->pipeline);
	state = pipeline_probes(c->pipeline);
	answer = (struct command_answer){
		.object = json_pack("{s:b, s:s, s:I, s:I, s:s}", "ok", 1, "address",
			addr_format(&host, address), "request", (json_int_t)id, "probe",
			(json_int_t)probe, "state", "queued")};
	if (state.stopped)
		json_object_set_new(answer.object, "waits_for",
			json_string(probe_queue_brake_name(PROBE_QUEUE_OPT_OUT)));
	if (json_is_true(json_object_get(request, "wait"))) {
		json_object_del(answer.object, "ok"); /* progress, not yet the answer */
		answer.follow = probe;
	}
	return answer;
}

struct followed {
	json_t *answer;
	const char *pair; /* the verdict of both, when there are two */
	char name[32];
};

static enum err
on_second(const struct store_probe *p, void *context)
{
	struct followed *f = context;

	if (p->pair_verdict == NULL)
		return OK;
	snprintf(f->name, sizeof(f->name), "%s", p->pair_verdict);
	f->pair = f->name;
	return OK;
}

static enum err
on_followed(const struct store_probe *p, void *context)
{
	struct followed *f = context;
	const char *verdict = f->pair != NULL ? f->pair : p->verdict;
	char address[ADDR_TEXT];
	bool closed = verdict != NULL && strcmp(verdict, verdict_name(VERDICT_CLOSED)) == 0;

	f->answer = json_pack("{s:b, s:s, s:s, s:o, s:o, s:I}", "ok", 1, "address",
		addr_format(&p->host, address), "state", closed ? "delisted" : "refused", "verdict",
		command_json_text(verdict), "reason", command_json_text(p->reason), "probe",
		(json_int_t)p->id);
	return OK;
}

json_t *
command_followed(const struct command_context *c, uint64_t probe)
{
	struct followed f = {.answer = NULL};
	struct error e = {.code = OK};

	/* Of the two it may be the first or the second. */
	if (store_probe_get(c->store, probe, on_second, &f, &e) != OK ||
		store_probe_second(c->store, probe, on_second, &f, &e) != OK ||
		store_probe_get(c->store, probe, on_followed, &f, &e) != OK)
		return command_error(e.code, e.text);
	return f.answer;
}

struct command_answer
command_run(const struct command_context *c, const json_t *request, int64_t now_s)
{
	static const struct {
		const char *name;
		struct command_answer (
			*run)(const struct command_context *, const json_t *, int64_t);
	} table[] = {
		{"submit", run_submit},
		{"check", run_check},
		{"explain", run_explain},
		{"list", run_list},
		{"status", run_status},
		{"delist", run_delist},
	};
	const char *name = request_text(request, "cmd");

	for (size_t i = 0; name != NULL && i < ORBL_COUNT(table); i++)
		if (strcmp(table[i].name, name) == 0)
			return table[i].run(c, request, now_s);
	return refuse(ERR_UNSUPPORTED,
		"unknown command; this analyzer knows submit, check, "
		"explain, list, status and delist");
}
