#include "outcome_listing.h"

#include <stdio.h>
#include <string.h>

#include <orbl/log.h>
#include <orbl/store_listing.h>

#include "host.h"

enum { OUTPUTS_MAX = 2, OUTPUTS_SEEN = 16 };

#define BIT(category) (UINT32_C(1) << (category))
#define RELAYS        (BIT(CATEGORY_RELAY) | BIT(CATEGORY_RELAY_INPUT))

static struct lister
lister_of(const struct outcome *o)
{
	return (struct lister){.store = o->store,
		.guard = o->guard,
		.geo = o->geo,
		.rules = o->rules,
		.now_s = o->now_s};
}

/* --- outputs ------------------------------------------------------------------ */

/* Outputs are listed in a category of their own: they relay for the input, without being
 * open themselves. One in a network that the Internet does not have is a forwarder of ours,
 * unless the host under test is in such a network too. */
enum err
outcome_list_output(struct outcome *o, const struct addr *output, const struct addr *host,
	uint64_t probe, struct error *e)
{
	struct lister lister = lister_of(o);
	char reason[128], address[ADDR_TEXT];
	const struct list_request request = {
		.prefix = list_prefix(&o->rules, output),
		.category = CATEGORY_RELAY_OUTPUT,
		.tested = *host,
		.probe = probe,
		.not_after_s = o->not_after_s,
		.reason = reason,
	};
	const struct prefix input = list_prefix(&o->rules, host);
	size_t others;
	enum err err;

	if (addr_equal(output, host) || (addr_is_reserved(output) && !addr_is_reserved(host)))
		return OK;
	err = store_outputs_of(o->store, host, &input, &request.prefix, o->now_s, &others, e);
	if (err != OK || others >= OUTPUTS_MAX)
		return err;
	snprintf(reason, sizeof(reason), "delivered the test message given to %s",
		addr_format(host, address));
	err = list_make(&lister, &request, NULL, e);
	o->changed = o->changed || lister.changed;
	return err;
}

enum err
outcome_list_outputs(struct outcome *o, const struct probe_result *result, uint64_t probe,
	const struct addr *host, struct error *e)
{
	struct addr outputs[OUTPUTS_SEEN];
	size_t count = probe_result_outputs(result, outputs, OUTPUTS_SEEN);
	enum err err = OK;

	for (size_t i = 0; err == OK && i < count && i < OUTPUTS_SEEN; i++)
		err = outcome_list_output(o, &outputs[i], host, probe, e);
	return err;
}

/* --- the host ------------------------------------------------------------------- */

static bool
is_guarded(const struct outcome *o, const struct addr *host)
{
	struct prefix prefix = list_prefix(&o->rules, host);
	char why[GUARD_WHY];

	return o->guard != NULL && guard_check(o->guard, &prefix, why) != GUARD_MAY_LIST;
}

static enum host_event_kind
event_of(const struct outcome *o, const struct outcome_change *c)
{
	const struct verdict_result *r = c->result;

	if (!c->probed)
		return HOST_NOT_PROBED;
	if (r->kind == DECISION_DELIST)
		return HOST_FOUND_CLOSED;
	if (r->kind == DECISION_LIST && (BIT(r->category) & RELAYS) != 0)
		return is_guarded(o, &c->host) ? HOST_FOUND_OTHERWISE : HOST_FOUND_OPEN;
	return (r->ends & RELAYS) == RELAYS ? HOST_FOUND_BOUNCING : HOST_FOUND_OTHERWISE;
}

static enum err
on_proof(const struct store_listing *l, void *context)
{
	uint32_t *categories = context;

	*categories |= BIT(l->category);
	return OK;
}

/* A relay may be closed for the tests alone, or answer them in some other way that takes it off:
 * it is not to know that the next test will be long from now. */
static enum err
needs_confirmation(struct outcome *o, const struct outcome_change *c, enum host_event_kind kind,
	bool *needs, struct error *e)
{
	uint32_t proofs = 0;
	enum err err = store_proofs_of(o->store, &c->host, on_proof, &proofs, e);

	*needs = (proofs & c->result->ends & RELAYS) != 0 &&
		(proofs & ~c->result->ends & RELAYS) == 0 && kind != HOST_FOUND_OPEN;
	return err;
}

static enum err
queue_confirmation(struct outcome *o, const struct addr *host, struct error *e)
{
	const struct store_probe p = {
		.host = *host,
		.cause = CAUSE_CONFIRM,
		.queued_s = o->now_s,
		.not_before_s = o->now_s + o->rules.confirm_after_s,
	};
	uint64_t id;

	return o->rules.confirm_after_s != 0 ? store_probe_add(o->store, &p, &id, e) : OK;
}

/* --- the listings ---------------------------------------------------------------- */

static enum err
change_listings(struct outcome *o, const struct outcome_change *c, struct error *e)
{
	struct lister lister = lister_of(o);
	const struct list_ending ending = {
		.categories = c->result->ends,
		.action = "delist",
		.reason = c->reason,
		.event = HOST_EVENT_COUNT,
	};
	const struct list_request request = {
		.prefix = list_prefix(&o->rules, &c->host),
		.category = c->result->category,
		.tested = c->host,
		.probe = c->probe,
		.not_after_s = o->not_after_s,
		.reason = c->reason,
	};
	enum err err = OK;

	if (ending.categories != 0)
		err = list_end_of_host(&lister, &c->host, &ending, NULL, e);
	if (err == OK && c->result->kind == DECISION_LIST)
		err = list_make(&lister, &request, NULL, e);
	o->changed = o->changed || lister.changed;
	return err;
}

enum err
outcome_change_apply(struct outcome *o, struct outcome_change *c, struct error *e)
{
	const struct host_news news = {
		.host = c->host,
		.kind = event_of(o, c),
		.now_s = o->now_s,
		.relapse_window_s = o->rules.relapse_window_s,
		.network = list_prefix(&o->rules, &c->host).addr,
	};
	struct host_changed changed;
	bool needs = false;
	enum err err = host_event_if_may(o->store, &news, &changed, &c->locked, e);

	if (err != OK || c->locked)
		return err;
	err = needs_confirmation(o, c, news.kind, &needs, e);
	if (err == OK)
		err = change_listings(o, c, e);
	/* The probe that confirms needs none itself, unless somebody asked for it meanwhile. */
	if (err == OK && needs && (c->cause != CAUSE_CONFIRM || changed.before == HOST_DELISTING))
		err = queue_confirmation(o, &c->host, e);
	return err;
}
