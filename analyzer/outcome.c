#include "outcome.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/log.h>
#include <orbl/store_listing.h>
#include <orbl/store_probe.h>

#include "decision.h"

enum { OUTPUTS_MAX = 16, NEWEST_PROBES = 8 };

struct prefix
outcome_prefix(const struct addr *host)
{
	struct prefix p = {.addr = *host, .len = host->family == 4 ? 32 : 64};

	if (host->family == 6) /* who has one address of a /64 has them all */
		memset(p.addr.b + 8, 0, 8);
	return p;
}

static enum err
list(struct outcome *o, const struct addr *host, enum category category, uint64_t probe,
	const char *reason, struct error *e)
{
	const struct store_listing listing = {
		.prefix = outcome_prefix(host),
		.category = category,
		.since_s = o->now_s,
		.expires_s = o->now_s + o->lifetime_s,
		.probe = probe,
		.reason = reason,
	};
	char prefix[PREFIX_TEXT], detail[512];
	enum err err = store_listing_put(o->store, &listing, e);

	if (err != OK)
		return err;
	prefix_format(&listing.prefix, prefix);
	snprintf(detail, sizeof(detail), "%s, probe %" PRIu64 ": %s", category_row(category)->name,
		probe, reason);
	log_notice("%s: listed: %s", prefix, detail);
	o->changed = true;
	return store_audit_add(o->store, o->now_s, "list", prefix, detail, e);
}

static enum err
unlist(struct outcome *o, const struct addr *host, uint32_t categories, uint64_t probe,
	const char *reason, struct error *e)
{
	struct prefix prefix = outcome_prefix(host);
	char text[PREFIX_TEXT], detail[512];
	size_t removed = 0;
	enum err err = store_listing_remove(o->store, host, categories, &removed, e);

	if (err != OK || removed == 0)
		return err;
	prefix_format(&prefix, text);
	snprintf(detail, sizeof(detail), "probe %" PRIu64 ": %s", probe, reason);
	log_notice("%s: delisted: %s", text, detail);
	o->changed = true;
	return store_audit_add(o->store, o->now_s, "delist", text, detail, e);
}

/* Outputs are listed in a category of their own: they relay for the input, without being
 * open themselves. One in a network that the Internet does not have is a forwarder of ours,
 * unless the host under test is in such a network too. */
static enum err
list_output(struct outcome *o, const struct addr *output, const struct addr *host, uint64_t probe,
	struct error *e)
{
	char reason[128], address[ADDR_TEXT];

	if (addr_equal(output, host) || (addr_is_reserved(output) && !addr_is_reserved(host)))
		return OK;
	snprintf(reason, sizeof(reason), "delivered the test message given to %s",
		addr_format(host, address));
	return list(o, output, CATEGORY_RELAY_OUTPUT, probe, reason, e);
}

static enum err
list_outputs(struct outcome *o, const struct probe_result *result, uint64_t probe,
	const struct addr *host, struct error *e)
{
	struct addr outputs[OUTPUTS_MAX];
	size_t count = probe_result_outputs(result, outputs, OUTPUTS_MAX);
	enum err err = OK;

	for (size_t i = 0; err == OK && i < count && i < OUTPUTS_MAX; i++)
		err = list_output(o, &outputs[i], host, probe, e);
	return err;
}

static enum err
apply(struct outcome *o, uint64_t probe, const struct addr *host, enum verdict verdict,
	const char *reason, struct error *e)
{
	struct decision decision = decision_verdict(verdict);
	enum err err = unlist(o, host, decision.removes, probe, reason, e);

	if (err == OK && decision.kind == DECISION_LIST)
		err = list(o, host, decision.category, probe, reason, e);
	return err;
}

/* What the requester is told: only a definite refusal of every case ends a listing. */
static enum err
finish_delisting(struct outcome *o, uint64_t probe, enum verdict verdict, const char *reason,
	struct error *e)
{
	char text[512];

	snprintf(text, sizeof(text), "%s: %s", verdict_name(verdict), reason);
	return store_delisting_finish(o->store, probe,
		verdict == VERDICT_CLOSED ? "delisted" : "refused", text, o->now_s, e);
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

enum err
outcome_finish(struct outcome *o, uint64_t probe, const struct addr *host,
	const struct probe_result *result, struct error *e)
{
	enum verdict verdict = probe_result_verdict(result);
	const char *reason = probe_result_reason(result);
	json_t *json = probe_result_json(result);
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
	enum err err = store_begin(o->store, e);

	json_decref(json);
	if (err == OK)
		err = store_probe_finish(o->store, probe, verdict_name(verdict), reason, text,
			o->now_s, e);
	if (err == OK)
		err = apply(o, probe, host, verdict, reason, e);
	if (err == OK && verdict == VERDICT_OPEN_MULTIHOP)
		err = list_outputs(o, result, probe, host, e);
	if (err == OK)
		err = finish_delisting(o, probe, verdict, reason, e);
	free(text);
	return end_transaction(o, err, e);
}

/* --- late arrivals -------------------------------------------------------- */

struct late {
	struct outcome *o;
	const struct prober_event *event;
	struct error *e;
};

static enum verdict
late_verdict(const struct prober_event *event, const struct addr *host)
{
	if (event->to_sender)
		return VERDICT_BOUNCES;
	return addr_equal(&event->peer.addr, host) ? VERDICT_OPEN : VERDICT_OPEN_MULTIHOP;
}

/* Only a host that had accepted a message can make one arrive late; a token that nobody
 * accepted and that comes all the same was taken from somewhere else. */
static bool
may_come_late(const char *verdict, enum verdict late)
{
	if (verdict == NULL)
		return false;
	if (strcmp(verdict, verdict_name(VERDICT_ACCEPTS)) == 0)
		return true;
	return late != VERDICT_BOUNCES && strcmp(verdict, verdict_name(VERDICT_BOUNCES)) == 0;
}

static enum err
on_newest(const struct store_probe *probe, void *context)
{
	uint64_t *newest = context;

	if (probe->verdict != NULL && probe->id > *newest)
		*newest = probe->id;
	return OK;
}

/* What was found out since then is not undone: the host may have been closed while the message
 * waited in its queue. */
static enum err
on_late(const struct store_probe *probe, void *context)
{
	struct late *late = context;
	struct outcome *o = late->o;
	enum verdict verdict = late_verdict(late->event, &probe->host);
	char reason[200], peer[ADDR_TEXT];
	uint64_t newest = 0;
	enum err err = store_probes_of(o->store, &probe->host, NEWEST_PROBES, on_newest, &newest,
		late->e);

	if (err != OK || newest > probe->id || !may_come_late(probe->verdict, verdict))
		return err;
	snprintf(reason, sizeof(reason), "the test message came back late, from %s",
		addr_format(&late->event->peer.addr, peer));
	err = store_probe_finish(o->store, probe->id, verdict_name(verdict), reason, probe->result,
		o->now_s, late->e);
	if (err == OK)
		err = apply(o, probe->id, &probe->host, verdict, reason, late->e);
	if (err == OK && verdict == VERDICT_OPEN_MULTIHOP)
		err = list_output(o, &late->event->peer.addr, &probe->host, probe->id, late->e);
	return err;
}

enum err
outcome_arrived_late(struct outcome *o, const struct prober_event *event, struct error *e)
{
	struct late late = {.o = o, .event = event, .e = e};
	enum err err = store_begin(o->store, e);

	if (err == OK)
		err = store_probe_get(o->store, event->id, on_late, &late, e);
	return end_transaction(o, err, e);
}
