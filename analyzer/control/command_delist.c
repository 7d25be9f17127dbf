#include "command.h"

#include <inttypes.h>
#include <stdio.h>

#include <orbl/store_delisting.h>
#include <orbl/store_listing.h>
#include <orbl/store_probe.h>

#include "command_json.h"
#include "command_part.h"
#include "delist_part.h"
#include "desk.h"
#include "host.h"
#include "policy_value.h"

enum { OTHER = 640 };

struct proof { /* what the listings of a host rest on */
	const struct command_context *context;
	const struct addr *host;
	bool listed, own;   /* own: a probe of this very host */
	struct addr tested; /* family 0: no probe */
	char other[OTHER];  /* one that rests on no probe, a clause; "": there is none */
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

/* By order, or for log evidence: no test is its cause, and none its end. */
static void
say_other(struct proof *proof, const struct store_listing *l)
{
	bool ordered = l->author != NULL && l->author[0] != '\0';
	char prefix[PREFIX_TEXT], contact[PAGE_VALUE];
	json_t *expires = command_json_time(l->expires_s);

	policy_value(proof->context->conf, "contact", contact);
	snprintf(proof->other, sizeof(proof->other),
		"%s is listed as %s %s%s until %s, which no test changes: %s; write to %.200s",
		prefix_format(&l->prefix, prefix), category_row(l->category)->name,
		ordered ? "by order of " : "for log evidence", ordered ? l->author : "",
		json_string_value(expires),
		ordered ? "only the operator can end it before" :
			  "it ends by itself, and the operator can end it before",
		contact);
	json_decref(expires);
}

static enum err
on_proof(const struct store_listing *l, void *context)
{
	struct proof *proof = context;

	proof->listed = true;
	if (l->probe != 0)
		return store_probe_get(proof->context->store, l->probe, on_tested, proof, proof->e);
	if (proof->other[0] == '\0')
		say_other(proof, l);
	return OK;
}

/* An output, or a host in the /64 of a listed one, is not what was tested: to test it would
 * not tell whether the listing is still true. */
static enum err
is_own_listing(const struct command_context *c, const struct addr *host, int64_t now_s,
	struct error *e)
{
	struct proof proof = {.context = c, .host = host, .e = e};
	char address[ADDR_TEXT], tested[ADDR_TEXT];
	enum err err = command_covering(c, host, now_s, on_proof, &proof, e);

	if (err != OK || proof.own)
		return err;
	addr_format(host, address);
	if (!proof.listed)
		return error_set(e, ERR_NOT_FOUND, "%s is not listed", address);
	if (proof.tested.family == 0)
		return error_set(e, ERR_REFUSED, "%s: %s", address, proof.other);
	addr_format(&proof.tested, tested);
	return error_set(e, ERR_REFUSED, "%s is listed for what was found at %s: ask for %s",
		address, tested, tested);
}

/* --- taking a request ----------------------------------------------------- */

static enum err
may_request(const struct command_context *c, const struct addr *host, int64_t now_s,
	struct error *e)
{
	const struct delist_rules rules = delist_part_rules(c->conf);
	struct delist_host facts;
	char address[ADDR_TEXT], why[DELIST_WHY];
	enum err err = is_own_listing(c, host, now_s, e);

	if (err == OK)
		err = delist_part_host(c, host, &facts, e);
	if (err != OK)
		return err;
	facts.listed = true;
	if (delist_ask(&rules, &facts, now_s, why) != DELIST_TAKE)
		return error_set(e, ERR_REFUSED, "%s: %s", addr_format(host, address), why);
	return pipeline_may_probe(c->pipeline, host, e);
}

static enum err
store_request(const struct command_context *c, const struct command_request *r,
	const struct addr *host, int64_t *id, struct error *e)
{
	const struct host_news news = {.host = *host, .kind = HOST_REQUEST, .now_s = r->now_s};
	char address[ADDR_TEXT], detail[64];
	uint64_t probe;
	enum err err = store_delisting_add(c->store, host, r->author, r->now_s, id, &probe, e);

	/* Of one that is no relay the state says nothing of a listing. */
	if (err == OK)
		err = host_event_if_may(c->store, &news, NULL, NULL, e);
	if (err != OK)
		return err;
	snprintf(detail, sizeof(detail), "request %" PRId64 ", probe %" PRIu64, *id, probe);
	return store_audit_add(c->store,
		&(struct store_audit){.time_s = r->now_s,
			.author = r->author,
			.action = "request",
			.subject = addr_format(host, address),
			.detail = detail},
		e);
}

static enum err
take_request(const struct command_context *c, const struct command_request *r,
	const struct addr *host, int64_t *id, struct error *e)
{
	enum err err = store_begin(c->store, e);

	if (err == OK)
		err = store_request(c, r, host, id, e);
	if (err == OK)
		return store_commit(c->store, e);
	store_rollback(c->store);
	return err;
}

/* Who asks while the host is being tested for somebody else gets that ticket: it costs no further
 * test, and is not counted. */
static enum err
find_or_take(const struct command_context *c, const struct command_request *r,
	const struct addr *host, int64_t *id, struct error *e)
{
	enum err err = store_delisting_open(c->store, host, id, e);

	if (err != OK || *id != 0)
		return err;
	err = may_request(c, host, r->now_s, e);
	if (err == OK)
		err = take_request(c, r, host, id, e);
	return err;
}

/* With the time of the next request, when that is what it waits for. */
static struct command_answer
refuse_request(const struct command_context *c, const struct addr *host, int64_t now_s,
	const struct error *why)
{
	const struct delist_rules rules = delist_part_rules(c->conf);
	struct command_answer answer = command_failure(why);
	struct error e = {.code = OK};
	struct delist_host facts;
	int64_t next_s;

	if (why->code != ERR_REFUSED || delist_part_host(c, host, &facts, &e) != OK || facts.locked)
		return answer;
	next_s = delist_next_s(&rules, &facts, now_s);
	if (next_s > now_s)
		json_object_set_new(answer.object, "next_request", command_json_time(next_s));
	return answer;
}

struct command_answer
command_delist(const struct command_context *c, const struct command_request *r)
{
	struct command_answer answer;
	struct error e = {.code = OK};
	struct addr host;
	json_t *ticket;
	int64_t id;

	if (command_address(r, &host, &answer) != OK)
		return answer;
	if (delist_part_take_token(c, r, &host, &e) != OK ||
		find_or_take(c, r, &host, &id, &e) != OK ||
		delist_part_ticket(c, id, r->now_s, &ticket, &e) != OK)
		return refuse_request(c, &host, r->now_s, &e);
	pipeline_wake(c->pipeline);
	answer = (struct command_answer){.object = ticket};
	if (json_is_true(json_object_get(r->json, "wait"))) /* progress, not yet the answer */
		answer.follow = (uint64_t)json_integer_value(json_object_get(ticket, "probe"));
	else
		json_object_set_new(ticket, "ok", json_true());
	return answer;
}

/* --- and what became of it ------------------------------------------------ */

struct command_answer
command_ticket(const struct command_context *c, const struct command_request *r)
{
	const json_t *request = json_object_get(r->json, "request");
	struct error e = {.code = OK};
	json_t *ticket;

	if (!json_is_integer(request))
		return command_refuse(ERR_SYNTAX, "\"request\" must be the number of a request");
	if (delist_part_ticket(c, json_integer_value(request), r->now_s, &ticket, &e) != OK)
		return command_failure(&e);
	json_object_set_new(ticket, "ok", json_true());
	return (struct command_answer){.object = ticket};
}

static enum err
on_followed(const struct store_delisting *d, void *context)
{
	*(int64_t *)context = d->id;
	return OK;
}

json_t *
command_followed(const struct command_context *c, uint64_t probe, int64_t now_s)
{
	struct error e = {.code = OK};
	json_t *ticket = NULL;
	int64_t id = 0;

	if (probe == PURGER_NUMBER)
		return command_purge_followed(c);
	if (probe >= DESK_FIRST)
		return delist_part_proved(c, probe);
	if (store_delisting_by_probe(c->store, probe, on_followed, &id, &e) != OK ||
		delist_part_ticket(c, id, now_s, &ticket, &e) != OK)
		return command_error(e.code, e.text);
	json_object_set_new(ticket, "ok", json_true());
	return ticket;
}
