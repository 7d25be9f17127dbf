#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <orbl/store_listing.h>
#include <orbl/store_probe.h>

#include "command_json.h"
#include "command_part.h"
#include "outcome.h"

enum { DAY_S = 86400 };

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
	if (err == OK && count >= (uint64_t)c->conf->delist.requests_per_day)
		return error_set(e, ERR_REFUSED,
			"%s had %" PRIu64 " delisting requests within 24 "
			"hours, no more are taken; ask again tomorrow, or let the listing expire",
			addr_format(host, address), count);
	return err == OK ? pipeline_may_probe(c->pipeline, host, e) : err;
}

struct command_answer
command_delist(const struct command_context *c, const struct command_request *r)
{
	struct command_answer answer;
	struct probe_queue_state state;
	struct error e = {.code = OK};
	char address[ADDR_TEXT];
	struct addr host;
	uint64_t probe;
	int64_t id;

	if (command_address(r, &host, &answer) != OK)
		return answer;
	if (may_request(c, &host, r->now_s, &e) != OK ||
		store_delisting_add(c->store, &host, r->now_s, &id, &probe, &e) != OK)
		return command_failure(&e);
	pipeline_wake(c->pipeline);
	state = pipeline_probes(c->pipeline);
	answer = (struct command_answer){
		.object = json_pack("{s:b, s:s, s:I, s:I, s:s}", "ok", 1, "address",
			addr_format(&host, address), "request", (json_int_t)id, "probe",
			(json_int_t)probe, "state", "queued")};
	if (state.stopped)
		json_object_set_new(answer.object, "waits_for",
			json_string(probe_queue_brake_name(PROBE_QUEUE_OPT_OUT)));
	if (json_is_true(json_object_get(r->json, "wait"))) {
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
