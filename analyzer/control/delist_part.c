#include "delist_part.h"

#include <stdio.h>
#include <string.h>

#include <orbl/store_delisting.h>
#include <orbl/store_host.h>
#include <orbl/store_probe.h>

#include "advice.h"
#include "command_json.h"
#include "command_part.h"
#include "failing_case.h"
#include "host.h"
#include "list.h"
#include "redact.h"

enum { SHOWN = 1024, PROBES_LOOKED_AT = 8 };

struct delist_rules
delist_part_rules(const struct conf *c)
{
	return (struct delist_rules){c->delist.requests_per_day, c->delist.lockout_s,
		c->delist.max_lockout_s};
}

enum err
delist_part_host(const struct command_context *c, const struct addr *host, struct delist_host *out,
	struct error *e)
{
	struct store_host known;
	struct store_control control;
	struct prefix network = list_prefix_of(c->conf, host);
	enum err err = host_look(c->store, host, &network.addr, &known, e);

	*out = (struct delist_host){.listed = false};
	if (err == OK)
		err = store_control_get(c->store, host, &control, e);
	if (err == OK)
		err = store_delisting_nth(c->store, host, c->conf->delist.requests_per_day,
			&out->counted_request_s, e);
	if (err != OK)
		return err;
	out->locked = known.state == HOST_LOCKED;
	out->relapses = known.relapses;
	out->listed_s = known.listed_s;
	out->removed_s = known.removed_s;
	out->proved_s = control.proved_s;
	return OK;
}

/* --- the probe -------------------------------------------------------------------- */

struct look { /* at the probe of a request: the second of a pair, when there is one */
	struct store_probe probe;
	char verdict[32], reason[SHOWN];
	size_t count;
	json_t *results[2]; /* or NULL */
};

static enum err
on_probe(const struct store_probe *p, void *context)
{
	struct look *look = context;
	const char *verdict = p->pair_verdict != NULL ? p->pair_verdict : p->verdict;

	look->probe = *p;
	snprintf(look->verdict, sizeof(look->verdict), "%s", verdict != NULL ? verdict : "");
	redact_tokens(text_of(p->reason), look->reason, sizeof(look->reason));
	if (look->count < ORBL_COUNT(look->results))
		look->results[look->count++] = p->result != NULL ? json_loads(p->result, 0, NULL) :
								   NULL;
	return OK;
}

static enum verdict
verdict_by_name(const char *name)
{
	unsigned v = 0;

	while (v < VERDICT_COUNT && strcmp(name, verdict_name((enum verdict)v)) != 0)
		v++;
	return (enum verdict)v;
}

struct progress {
	json_int_t cases;
	char last[SHOWN]; /* line of the dialogue */
};

static enum err
on_event(uint64_t number, const char *event, void *context)
{
	struct progress *p = context;
	json_t *record = json_loads(event, 0, NULL);
	const char *kind = json_string_value(json_object_get(record, "kind"));

	(void)number;
	p->cases += kind != NULL && strcmp(kind, "case") == 0;
	if (kind != NULL && strcmp(kind, "dialogue") == 0)
		redact_tokens(text_of(json_string_value(json_object_get(record, "text"))), p->last,
			sizeof(p->last));
	json_decref(record);
	return OK;
}

/* What has become of it so far. */
static enum err
add_progress(const struct command_context *c, const struct look *look, json_t *ticket,
	struct error *e)
{
	const struct store_probe *p = &look->probe;
	struct probe_queue_state queue = pipeline_probes(c->pipeline);
	struct progress progress = {.cases = 0};
	enum err err;

	if (p->started_s == 0) {
		json_object_set_new(ticket, "waits_for",
			json_string(probe_queue_brake_name(
				queue.stopped ? PROBE_QUEUE_OPT_OUT : queue.brake)));
		json_object_set_new(ticket, "due", command_json_time(p->not_before_s));
		return OK;
	}
	err = store_probe_events(c->store, p->id, on_event, &progress, e);
	json_object_set_new(ticket, "started", command_json_time(p->started_s));
	json_object_set_new(ticket, "cases_answered", json_integer(progress.cases));
	json_object_set_new(ticket, "last", command_json_text(progress.last));
	return err;
}

static void
add_case(const struct look *look, enum verdict verdict, json_t *ticket)
{
	struct failing_case f;
	size_t i = 0;

	while (i < look->count && !failing_case_find(look->results[i], verdict, &f))
		i++;
	if (i == look->count)
		return;
	json_object_set_new(ticket, "case",
		json_pack("{s:s, s:s, s:s, s:s}", "case", f.id, "mail_from", f.mail_from, "rcpt_to",
			f.rcpt_to, "reply", f.reply));
}

/* As the probe came from, else as it is set. */
static void
add_advice(const struct command_context *c, const struct look *look, enum verdict verdict,
	json_t *ticket)
{
	const char *seen = json_string_value(json_object_get(look->results[0], "source_address"));
	const struct conf *conf = c->conf;
	struct advice_from us = {
		.source = conf->probe.source,
		.second_source = conf->probe.second_source,
		.helo = conf->probe.helo,
		.port = (unsigned)conf->probe.port,
	};
	char advice[ADVICE_TEXT];

	if (us.source[0] == '\0' && seen != NULL)
		us.source = seen;
	json_object_set_new(ticket, "advice", json_string(advice_give(verdict, &us, advice)));
}

static void
add_end(const struct command_context *c, const struct look *look, json_t *ticket)
{
	enum verdict verdict = verdict_by_name(look->verdict);

	json_object_set_new(ticket, "started", command_json_time(look->probe.started_s));
	json_object_set_new(ticket, "verdict",
		look->verdict[0] != '\0' ? json_string(look->verdict) : json_null());
	json_object_set_new(ticket, "reason", json_string(look->reason));
	add_case(look, verdict, ticket);
	add_advice(c, look, verdict, ticket);
}

/* --- the ticket ------------------------------------------------------------------- */

struct request {
	json_t *ticket;
	uint64_t probe;
	int64_t finished_s;
	bool is_delisted;
	struct addr host;
};

static enum err
on_request(const struct store_delisting *d, void *context)
{
	struct request *r = context;

	r->probe = d->probe;
	r->finished_s = d->finished_s;
	r->is_delisted = d->state != NULL && strcmp(d->state, "delisted") == 0;
	if (addr_parse(text_of(d->host), &r->host) != OK)
		return ERR_CORRUPT;
	r->ticket = json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:I}", "request", (json_int_t)d->id,
		"address", command_json_text(d->host), "state", command_json_text(d->state),
		"author", command_json_text(d->author), "requested",
		command_json_time(d->requested_s), "finished", command_json_time(d->finished_s),
		"probe", (json_int_t)d->probe);
	return OK;
}

static enum err
add_probe(const struct command_context *c, const struct request *r, struct error *e)
{
	struct look look = {.count = 0};
	enum err err = store_probe_get(c->store, r->probe, on_probe, &look, e);

	if (err == OK)
		err = store_probe_second(c->store, r->probe, on_probe, &look, e);
	if (err == OK && r->finished_s != 0)
		add_end(c, &look, r->ticket);
	else if (err == OK)
		err = add_progress(c, &look, r->ticket, e);
	if (err == OK && look.probe.started_s != 0 && r->finished_s == 0)
		json_object_set_new(r->ticket, "state", json_string("testing"));
	for (size_t i = 0; i < look.count; i++)
		json_decref(look.results[i]);
	return err;
}

static enum err
on_confirmation(const struct store_probe *p, void *context)
{
	int64_t *due_s = context;

	if (p->cause == CAUSE_CONFIRM && p->finished_s == 0)
		*due_s = p->not_before_s;
	return OK;
}

/* Of a host that was let off: when nobody sees the listing any more, which is not known while it
 * is in DNS; and when it is tested once more. */
static enum err
add_removal(const struct command_context *c, const struct request *r, const json_t *listings,
	int64_t now_s, struct error *e)
{
	json_t *why_still = command_why_still(c, &r->host, listings, now_s);
	int64_t retest_s = 0;
	enum err err = store_probes_of(c->store, &r->host, PROBES_LOOKED_AT, on_confirmation,
		&retest_s, e);

	if (json_is_null(why_still))
		json_object_set_new(r->ticket, "visible_by",
			command_json_time(r->finished_s + c->conf->zone.ttl_s));
	json_object_set_new(r->ticket, "why_still", why_still);
	json_object_set_new(r->ticket, "retest", command_json_time(retest_s));
	return err;
}

/* What a proof of control is good for. */
static void
add_proof_advice(json_t *ticket)
{
	const char *given = json_string_value(json_object_get(ticket, "advice"));
	char advice[ADVICE_TEXT + 160];

	if (given == NULL)
		return;
	snprintf(advice, sizeof(advice),
		"%s Whoever proves that the host is his need not wait for the next request: orbl "
		"delist --prove %s",
		given, json_string_value(json_object_get(ticket, "address")));
	json_object_set_new(ticket, "advice", json_string(advice));
}

/* What it is listed for now, and when the next request is taken. */
static enum err
add_host(const struct command_context *c, const struct request *r, int64_t now_s, struct error *e)
{
	const struct delist_rules rules = delist_part_rules(c->conf);
	struct delist_host host;
	json_t *listings = NULL;
	int64_t next_s;
	enum err err = delist_part_host(c, &r->host, &host, e);

	if (err == OK)
		err = command_listings_of(c, &r->host, now_s, &listings, e);
	if (err == OK && r->is_delisted)
		err = add_removal(c, r, listings, now_s, e);
	if (err != OK) {
		json_decref(listings);
		return err;
	}
	next_s = delist_next_s(&rules, &host, now_s);
	json_object_set_new(r->ticket, "next_request",
		command_json_time(next_s > now_s ? next_s : 0));
	json_object_set_new(r->ticket, "listings", listings);
	if (!r->is_delisted && delist_is_locked_out(&rules, &host, now_s))
		add_proof_advice(r->ticket);
	return OK;
}

static enum err
finish_ticket(const struct command_context *c, const struct request *r, int64_t now_s, json_t **out,
	struct error *e)
{
	enum err err = add_probe(c, r, e);

	if (err == OK)
		err = add_host(c, r, now_s, e);
	if (err == OK)
		*out = json_incref(r->ticket);
	return err;
}

enum err
delist_part_ticket(const struct command_context *c, int64_t request, int64_t now_s, json_t **out,
	struct error *e)
{
	struct request r = {.ticket = NULL};
	enum err err = store_delisting_get(c->store, request, on_request, &r, e);

	*out = NULL;
	if (err == OK)
		err = finish_ticket(c, &r, now_s, out, e);
	json_decref(r.ticket);
	return err;
}
