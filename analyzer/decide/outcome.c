#include "outcome.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/store_listing.h>
#include <orbl/store_nomination.h>

#include "host.h"
#include "outcome_listing.h"
#include "outcome_proof.h"
#include "verdict_record.h"

enum { NEWEST_PROBES = 8, RETRIES_SEEN = 64, VERDICT_NAME = 32, REASON = 512 };

/* --- what is final ---------------------------------------------------------- */

struct pair {                   /* of a probe that is the second one, or has one */
	uint64_t first, second; /* second 0: there is none */
	enum verdict verdicts[2];
	bool has_verdicts[2];
	bool waits; /* for the second one */
};

static bool
verdict_by_name(const char *name, enum verdict *out)
{
	for (unsigned v = 0; name != NULL && v < VERDICT_COUNT; v++)
		if (strcmp(name, verdict_name((enum verdict)v)) == 0) {
			*out = (enum verdict)v;
			return true;
		}
	return false;
}

static enum err
on_first(const struct store_probe *p, void *context)
{
	struct pair *pair = context;

	pair->has_verdicts[0] = verdict_by_name(p->verdict, &pair->verdicts[0]);
	return OK;
}

static enum err
on_second(const struct store_probe *p, void *context)
{
	struct pair *pair = context;

	pair->second = p->id;
	pair->waits = p->finished_s == 0;
	pair->has_verdicts[1] = verdict_by_name(p->verdict, &pair->verdicts[1]);
	return OK;
}

static enum err
find_pair(struct outcome *o, const struct store_probe *probe, struct pair *pair, struct error *e)
{
	enum err err;

	*pair = (struct pair){.first = probe->second_source ? probe->parent : probe->id};
	err = store_probe_get(o->store, pair->first, on_first, pair, e);
	if (err == OK)
		err = store_probe_second(o->store, pair->first, on_second, pair, e);
	return err;
}

/* What the requester is told: only a definite refusal of every case ends a listing. */
static enum err
finish_delisting(struct outcome *o, const struct pair *pair, bool locked, const char *reason,
	struct error *e)
{
	const char *state = o->verdict == VERDICT_CLOSED && !locked ? "delisted" : "refused";
	enum err err;

	err = store_delisting_finish(o->store, pair->first, state, reason, o->now_s, e);
	if (err == OK && pair->second != 0)
		err = store_delisting_finish(o->store, pair->second, state, reason, o->now_s, e);
	return err;
}

/* An undecided host is probed again, each time later than before. */
static enum err
queue_retry(struct outcome *o, const struct store_probe *probe, int64_t wait_s, struct error *e)
{
	const struct store_probe retry = {
		.host = probe->host,
		.cause = CAUSE_BACKOFF,
		.queued_s = o->now_s,
		.not_before_s = o->now_s + wait_s,
		.tries = probe->tries + 1,
	};
	const struct host_news news = {.host = probe->host, .kind = HOST_QUEUED, .now_s = o->now_s};
	uint64_t id;
	enum err err = store_probe_add(o->store, &retry, &id, e);

	if (err == OK) /* what comes of it is of the same reporters' evidence */
		err = store_nomination_copy(o->store,
			probe->second_source ? probe->parent : probe->id, id, e);
	return err == OK ? host_event_if_may(o->store, &news, NULL, NULL, e) : err;
}

static void
final_reason(const struct outcome *o, const struct pair *pair, const char *reason, bool locked,
	char *out, size_t size)
{
	if (locked)
		snprintf(out, size, "the host is locked by an operator, nothing changes; %s: %s",
			verdict_name(o->verdict), reason);
	else if (pair->second == 0)
		snprintf(out, size, "%s: %s", verdict_name(o->verdict), reason);
	else
		snprintf(out, size, "%s (%s from one source, %s from the other): %s",
			verdict_name(o->verdict),
			pair->has_verdicts[0] ? verdict_name(pair->verdicts[0]) : "not probed",
			pair->has_verdicts[1] ? verdict_name(pair->verdicts[1]) : "not probed",
			reason);
}

/* Verdicts by which a proof ends that the server may have kept us from asking for again. */
static bool
ends_proofs(enum verdict verdict)
{
	return verdict == VERDICT_CLOSED || verdict == VERDICT_BOUNCES;
}

static enum err
on_result(const struct store_probe *p, void *context)
{
	char **copy = context;

	*copy = p->result != NULL ? strdup(p->result) : NULL;
	return p->result == NULL || *copy != NULL ? OK : ERR_MEMORY;
}

/* It says that it is closed, which is not what it was asked. */
static enum err
set_undecided(struct outcome *o, uint64_t probe, const char *reason, struct error *e)
{
	char *result = NULL;
	enum err err = store_probe_get(o->store, probe, on_result, &result, e);

	if (err == OK)
		err = store_probe_finish(o->store, probe, verdict_name(VERDICT_UNDECIDED), reason,
			result, o->now_s, e);
	free(result);
	return err;
}

/* What does not end as its proof was not made again. why is "" or the new reason of a verdict that
 * is no longer closed. */
static enum err
keep_proofs(struct outcome *o, const struct store_probe *probe, const char *reason,
	struct verdict_inputs *in, char why[REASON], struct error *e)
{
	enum verdict verdict = verdict_record_decide(in).verdict;
	size_t count = in->has_verdicts[1] ? 2 : 1;
	struct outcome_proof proof;
	enum err err;

	why[0] = '\0';
	if (!ends_proofs(verdict))
		return OK;
	err = outcome_proof_ask(o, &probe->host, in->probes, count, &proof, e);
	if (err != OK || proof.keeps == 0)
		return err;
	in->keeps = proof.keeps;
	if (verdict != VERDICT_CLOSED)
		return OK;
	snprintf(why, REASON, "%s; of the others: %s", proof.why, reason);
	return set_undecided(o, in->probes[count - 1], why, e);
}

/* One that was cancelled is not made again by itself. */
static struct verdict_inputs
inputs_of(const struct outcome *o, const struct store_probe *probe, const struct pair *pair,
	bool cancelled)
{
	struct verdict_inputs in = {
		.probes = {pair->first, pair->second},
		.has_verdicts = {pair->has_verdicts[0], pair->has_verdicts[1]},
		.verdicts = {pair->verdicts[0], pair->verdicts[1]},
		.second_source = o->second_family != 0,
		.tries = probe->tries,
	};

	if (!cancelled)
		in.retry = o->retry;
	return in;
}

/* Decide, and do it. What an operator has locked stays as it is, whatever was decided. */
static enum err
decide(struct outcome *o, const struct store_probe *probe, const struct verdict_inputs *in,
	const char *reason, bool *locked, struct error *e)
{
	const struct verdict_result result = verdict_record_decide(in);
	struct outcome_change change = {
		.probe = probe->id,
		.cause = probe->cause,
		.host = probe->host,
		.probed = in->has_verdicts[0] || in->has_verdicts[1],
		.result = &result,
		.reason = reason,
	};
	enum err err = outcome_change_apply(o, &change, e);

	o->verdict = result.verdict;
	*locked = change.locked;
	if (err != OK || change.locked)
		return err;
	err = verdict_record_add(o->store, o->now_s, &probe->host, probe->id, in, &result, e);
	return err == OK && result.retry_s != 0 ? queue_retry(o, probe, result.retry_s, e) : err;
}

struct origin {
	uint64_t retry; /* the probe that is a retry */
	bool found;
	enum store_cause cause; /* of the first one, of which it is */
};

static enum err
on_origin(const struct store_probe *p, void *context)
{
	struct origin *origin = context;

	if (origin->found || p->id >= origin->retry || p->cause == CAUSE_BACKOFF)
		return OK;
	origin->found = true;
	origin->cause = p->cause;
	return OK;
}

static enum err
on_proof(const struct store_listing *l, void *context)
{
	int64_t *last_s = context;

	if (l->expires_s > *last_s)
		*last_s = l->expires_s;
	return OK;
}

/* Who asks for a delisting has nothing made longer by that. But what is to be tested before it
 * ends, probe.retest_before, is not spared that by a request that came first. */
static enum err
keep_expiry(struct outcome *o, const struct store_probe *probe, struct error *e)
{
	struct origin origin = {.retry = probe->id, .cause = probe->cause};
	enum err err = OK;

	o->not_after_s = 0;
	if (probe->cause == CAUSE_BACKOFF)
		err = store_probes_of(o->store, &probe->host, RETRIES_SEEN, on_origin, &origin, e);
	if (err != OK || origin.cause != CAUSE_DELISTING)
		return err;
	err = store_proofs_of(o->store, &probe->host, on_proof, &o->not_after_s, e);
	if (o->not_after_s <= o->now_s + o->rules.retest_s)
		o->not_after_s = 0;
	return err;
}

/* The verdict that counts, of the probe or of its pair: o->verdict from here on. */
static enum err
conclude(struct outcome *o, const struct store_probe *probe, const struct pair *pair,
	bool cancelled, const char *reason, struct error *e)
{
	struct verdict_inputs in = inputs_of(o, probe, pair, cancelled);
	char text[2 * REASON], why[REASON];
	bool locked = false;
	enum err err = keep_expiry(o, probe, e);

	if (err == OK)
		err = keep_proofs(o, probe, reason, &in, why, e);
	if (err != OK)
		return err;
	if (why[0] != '\0')
		reason = why;
	err = decide(o, probe, &in, reason, &locked, e);
	if (err == OK && pair->second != 0)
		err = store_probe_set_pair(o->store, pair->second, verdict_name(o->verdict), e);
	final_reason(o, pair, reason, locked, text, sizeof(text));
	return err == OK ? finish_delisting(o, pair, locked, text, e) : err;
}

/* COMMIT, or undo everything when err says so. */
static enum err
end_transaction(struct outcome *o, enum err err, struct error *e)
{
	if (err == OK)
		err = store_commit(o->store, e);
	else
		store_rollback(o->store);
	if (err != OK)
		o->changed = false;
	return err;
}

/* --- a probe is over -------------------------------------------------------- */

static bool
is_first_of_two(const struct outcome *o, const struct store_probe *probe, enum verdict verdict)
{
	return o->second_family == probe->host.family && !probe->second_source &&
		verdict != VERDICT_OPEN && verdict != VERDICT_OPEN_MULTIHOP;
}

static enum err
queue_second(struct outcome *o, const struct store_probe *probe, struct error *e)
{
	const struct store_probe second = {
		.host = probe->host,
		.cause = probe->cause,
		.queued_s = o->now_s,
		.tries = probe->tries,
		.parent = probe->id,
	};

	return store_probe_add(o->store, &second, &o->second, e);
}

static enum err
finish_probe(struct outcome *o, const struct store_probe *probe, const struct probe_result *result,
	struct error *e)
{
	enum verdict verdict = probe_result_verdict(result);
	const char *reason = probe_result_reason(result);
	struct pair pair;
	enum err err;

	if (is_first_of_two(o, probe, verdict))
		return queue_second(o, probe, e);
	err = find_pair(o, probe, &pair, e);
	if (err == OK)
		err = conclude(o, probe, &pair, false, reason, e);
	if (err == OK && verdict == VERDICT_OPEN_MULTIHOP)
		err = outcome_list_outputs(o, result, probe->id, &probe->host, e);
	return err;
}

enum err
outcome_finish(struct outcome *o, const struct store_probe *probe,
	const struct probe_result *result, struct error *e)
{
	json_t *json = probe_result_json(result);
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
	enum err err = store_begin(o->store, e);

	json_decref(json);
	o->verdict = probe_result_verdict(result);
	if (err == OK)
		err = store_probe_finish(o->store, probe->id, verdict_name(o->verdict),
			probe_result_reason(result), text, o->now_s, e);
	if (err == OK)
		err = finish_probe(o, probe, result, e);
	free(text);
	return end_transaction(o, err, e);
}

enum err
outcome_cancel(struct outcome *o, const struct store_probe *probe, const char *why, struct error *e)
{
	struct pair pair;
	enum err err = store_begin(o->store, e);

	if (err == OK)
		err = store_probe_finish(o->store, probe->id, NULL, why, NULL, o->now_s, e);
	if (err == OK)
		err = find_pair(o, probe, &pair, e);
	if (err == OK)
		err = conclude(o, probe, &pair, true, why, e);
	return end_transaction(o, err, e);
}

/* --- late arrivals -------------------------------------------------------- */

struct late { /* a probe that is over, and what came then */
	const struct prober_event *event;
	struct store_probe probe; /* its texts are the copies below */
	char verdict[VERDICT_NAME];
	char *result; /* or NULL */
};

static enum err
on_late(const struct store_probe *probe, void *context)
{
	struct late *late = context;

	late->probe = *probe;
	snprintf(late->verdict, sizeof(late->verdict), "%s",
		probe->verdict != NULL ? probe->verdict : "");
	if (probe->result == NULL)
		return OK;
	late->result = strdup(probe->result);
	return late->result != NULL ? OK : ERR_MEMORY;
}

static enum verdict
late_verdict(const struct late *late)
{
	if (late->event->to_sender)
		return VERDICT_BOUNCES;
	return addr_equal(&late->event->peer.addr, &late->probe.host) ? VERDICT_OPEN :
									VERDICT_OPEN_MULTIHOP;
}

/* Only a host that had accepted this message can make it arrive late; a token that nobody
 * accepted and that comes all the same was taken from somewhere else. */
static bool
may_come_late(const struct late *late, enum verdict verdict)
{
	if (!outcome_proof_was_sent(late->result, late->event))
		return false;
	if (strcmp(late->verdict, verdict_name(VERDICT_ACCEPTS)) == 0)
		return true;
	return verdict != VERDICT_BOUNCES &&
		strcmp(late->verdict, verdict_name(VERDICT_BOUNCES)) == 0;
}

/* Is there a probe of the host that is newer than the pair? */
struct newer {
	const struct pair *pair;
	bool bounces, found;
};

/* It tells in a moment what the host is. Were a relay taken off the list by a notification that the
 * host holds back until then, this probe would be the one that confirms it, much too early. */
static bool
is_at_hand(const struct store_probe *p)
{
	return p->finished_s == 0 && (p->started_s != 0 || p->cause == CAUSE_DELISTING);
}

static enum err
on_newest(const struct store_probe *probe, void *context)
{
	struct newer *n = context;
	uint64_t last = n->pair->second != 0 ? n->pair->second : n->pair->first;

	n->found = n->found ||
		(probe->id > last && (probe->verdict != NULL || (n->bounces && is_at_hand(probe))));
	return OK;
}

static enum err
apply_late(struct outcome *o, const struct late *late, enum verdict verdict, struct error *e)
{
	const struct store_probe *probe = &late->probe;
	char reason[200], peer[ADDR_TEXT];
	char *result = outcome_proof_add(late->result, late->event);
	struct pair pair;
	enum err err;

	if (result == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	snprintf(reason, sizeof(reason), "the test message came back late, from %s",
		addr_format(&late->event->peer.addr, peer));
	err = store_probe_finish(o->store, probe->id, verdict_name(verdict), reason, result,
		o->now_s, e);
	free(result);
	if (err == OK)
		err = find_pair(o, probe, &pair, e);
	/* Open it is, whatever the second one will find. */
	if (err == OK && (!pair.waits || verdict != VERDICT_BOUNCES))
		err = conclude(o, probe, &pair, false, reason, e);
	if (err == OK && verdict == VERDICT_OPEN_MULTIHOP)
		err = outcome_list_output(o, &late->event->peer.addr, &probe->host, probe->id, e);
	return err;
}

/* What was found out since then is not undone: the host may have been closed while the message
 * waited in its queue. */
static enum err
take_late(struct outcome *o, struct late *late, struct error *e)
{
	struct pair pair;
	struct newer newer = {.pair = &pair};
	enum verdict verdict;
	enum err err = store_probe_get(o->store, late->event->id, on_late, late, e);

	if (err != OK)
		return err;
	verdict = late_verdict(late);
	if (!may_come_late(late, verdict))
		return OK;
	newer.bounces = verdict == VERDICT_BOUNCES;
	err = find_pair(o, &late->probe, &pair, e);
	if (err == OK)
		err = store_probes_of(o->store, &late->probe.host, NEWEST_PROBES, on_newest, &newer,
			e);
	return err != OK || newer.found ? err : apply_late(o, late, verdict, e);
}

enum err
outcome_arrived_late(struct outcome *o, const struct prober_event *event, struct error *e)
{
	struct late late = {.event = event};
	enum err err = store_begin(o->store, e);

	if (err == OK)
		err = take_late(o, &late, e);
	free(late.result);
	return end_transaction(o, err, e);
}
