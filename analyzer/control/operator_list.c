/* What an operator puts on the list and takes off it. */
#include "operator_order.h"
#include "policy_value.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <orbl/store_listing.h>
#include <orbl/store_probe.h>

#include "command_json.h"
#include "command_part.h"
#include "decision.h"
#include "host.h"
#include "prefix_set.h"

enum {
	AFFECTED_MAX = 1000,       /* listings named in an answer */
	PROBES_LOOKED_AT = 1000000 /* all of the host: the one that counts may be old */
};

#define BIT(category) (UINT32_C(1) << (category))
#define RELAYS        (BIT(CATEGORY_RELAY) | BIT(CATEGORY_RELAY_INPUT))

bool
operator_order_is_of_one_host(const struct operator_order *o)
{
	return o->prefix.len == (o->prefix.addr.family == 4 ? 32 : 128);
}

/* Of one host, what is listed for it. */
static struct prefix
listed_prefix(const struct operator_order *o)
{
	return operator_order_is_of_one_host(o) ? list_prefix(&o->lister.rules, &o->prefix.addr) :
						  o->prefix;
}

/* --- which listings are meant --------------------------------------------------------- */

static void
add_affected(struct operator_order *o, const struct store_listing *l)
{
	char prefix[PREFIX_TEXT];

	o->affected_count++;
	if (json_array_size(o->affected) < AFFECTED_MAX)
		json_array_append_new(o->affected,
			json_pack("{s:s, s:s, s:o}", "prefix", prefix_format(&l->prefix, prefix),
				"category", category_row(l->category)->name, "reason",
				command_json_text(l->reason)));
}

struct scan {
	struct operator_order *order;
	struct prefix prefix;
	bool wider; /* those, too, in which the prefix lies */
	struct prefix *outer;
	size_t outer_count;
};

enum { OUTER_MAX = 64 }; /* at most one a length, of some categories each */

static enum err
on_listing(const struct store_listing *l, void *context)
{
	struct scan *scan = context;
	struct operator_order *o = scan->order;
	bool within = prefix_holds(&scan->prefix, &l->prefix);
	bool outer = !within && scan->wider && prefix_holds(&l->prefix, &scan->prefix);

	if ((!within && !outer) || l->expires_s <= o->request->now_s ||
		(o->has_category && l->category != o->category))
		return OK;
	add_affected(o, l);
	if (outer && scan->outer_count < OUTER_MAX)
		scan->outer[scan->outer_count++] = l->prefix;
	o->ends_wider = o->ends_wider || outer;
	return OK;
}

enum err
operator_order_end_listings(struct operator_order *o, const char *action, bool wider,
	struct error *e)
{
	struct prefix outer[OUTER_MAX];
	struct scan scan = {.order = o, .prefix = listed_prefix(o), .wider = wider, .outer = outer};
	const struct list_ending ending = {
		.categories = o->has_category ? BIT(o->category) : CATEGORY_ALL_MASK,
		.action = action,
		.reason = o->reason,
		.author = o->request->author,
		.event = HOST_OPERATOR_DELISTS,
	};
	enum err err = store_listings_within(o->context->store, &scan.prefix, on_listing, &scan, e);

	if (err == OK && wider)
		err = store_listings_over(o->context->store, &scan.prefix, on_listing, &scan, e);
	o->ends = true;
	if (err == OK && !o->dry_run)
		err = list_end_within(&o->lister, &scan.prefix, &ending, NULL, e);
	for (size_t i = 0; err == OK && !o->dry_run && i < scan.outer_count; i++)
		err = list_end_prefix(&o->lister, &outer[i], &ending, NULL, e);
	return err;
}

/* --- list -------------------------------------------------------------------------------- */

struct proof {
	const struct operator_order *order;
	uint64_t ended_by; /* the newest that ends such a listing; 0: none */
	char verdict[32], ended_as[32];
	struct addr host;
};

static const char *
final_verdict(const struct store_probe *p)
{
	const char *verdict = p->pair_verdict != NULL ? p->pair_verdict : p->verdict;

	return verdict != NULL ? verdict : "";
}

static enum err
on_proof(const struct store_probe *p, void *context)
{
	struct proof *proof = context;

	proof->host = p->host;
	snprintf(proof->verdict, sizeof(proof->verdict), "%s", final_verdict(p));
	return OK;
}

static bool
ends_relays(const char *verdict)
{
	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		if (strcmp(verdict, verdict_name((enum verdict)v)) == 0)
			return (decision_verdict((enum verdict)v).removes & RELAYS) == RELAYS;
	return false;
}

static enum err
on_probe(const struct store_probe *p, void *context)
{
	struct proof *proof = context;

	const char *verdict = final_verdict(p);

	if (p->id > proof->order->proof && p->id > proof->ended_by && ends_relays(verdict)) {
		proof->ended_by = p->id;
		snprintf(proof->ended_as, sizeof(proof->ended_as), "%s", verdict);
	}
	return OK;
}

/* A list of open relays lists nothing else as one: there is a test that found it open, and none
 * since by which such a listing ends: that found it closed, or bouncing. */
static enum err
check_proof(const struct operator_order *o, struct error *e)
{
	const char *needed = o->category == CATEGORY_RELAY ? "open" : "open-multihop";
	struct proof proof = {.order = o};
	char address[ADDR_TEXT];
	enum err err;

	if (o->proof == 0)
		return error_set(e, ERR_REFUSED,
			"%s is for what a test has proved: name the probe with --proof",
			category_row(o->category)->name);
	err = store_probe_get(o->context->store, o->proof, on_proof, &proof, e);
	if (err == ERR_NOT_FOUND)
		return error_set(e, ERR_REFUSED, "there is no probe %" PRIu64, o->proof);
	if (err == OK)
		err = store_probes_of(o->context->store, &proof.host, PROBES_LOOKED_AT, on_probe,
			&proof, e);
	if (err != OK)
		return err;
	addr_format(&proof.host, address);
	if (!operator_order_is_of_one_host(o) || !addr_equal(&proof.host, &o->prefix.addr))
		return error_set(e, ERR_REFUSED, "probe %" PRIu64 " was of %s", o->proof, address);
	if (strcmp(proof.verdict, needed) != 0)
		return error_set(e, ERR_REFUSED,
			"probe %" PRIu64 " found %s %s: a listing as %s needs %s", o->proof,
			address, proof.verdict[0] != '\0' ? proof.verdict : "nothing",
			category_row(o->category)->name, needed);
	if (proof.ended_by != 0)
		return error_set(e, ERR_REFUSED, "probe %" PRIu64 " found %s %s since",
			proof.ended_by, address, proof.ended_as);
	return OK;
}

static enum err
check_list(const struct operator_order *o, struct error *e)
{
	int64_t longest_s = o->context->conf->listing.max_lifetime_s;
	char longest[PAGE_VALUE];

	if (!o->has_category)
		return error_set(e, ERR_SYNTAX, "name the category with --category");
	if (o->until_s > o->request->now_s + longest_s)
		return error_set(e, ERR_RANGE,
			"no listing lasts longer than listing.max_lifetime, %s",
			policy_value_short(longest_s, longest));
	if ((BIT(o->category) & RELAYS) != 0)
		return check_proof(o, e);
	if (o->proof != 0)
		return error_set(e, ERR_REFUSED, "a listing as %s rests on no proof",
			category_row(o->category)->name);
	return OK;
}

/* The same answers as list_make gives, without doing it. */
static enum err
try_list(const struct operator_order *o, const struct list_request *r, struct list_made *made,
	struct error *e)
{
	bool locked = false;
	enum err err = OK;

	*made = (struct list_made){.expires_s = r->expires_s};
	made->guard = guard_check(o->lister.guard, &r->prefix, made->why);
	if (made->guard == GUARD_MAY_LIST && operator_order_is_of_one_host(o))
		err = host_is_locked(o->context->store, &o->prefix.addr, &locked, e);
	if (locked)
		snprintf(made->why, sizeof(made->why), "it is locked by an operator");
	made->listed = made->guard == GUARD_MAY_LIST && !locked;
	return err;
}

enum err
operator_order_tell_host(struct operator_order *o, enum host_event_kind kind, struct error *e)
{
	const struct host_news news = {
		.host = o->prefix.addr,
		.kind = kind,
		.now_s = o->request->now_s,
		.relapse_window_s = o->lister.rules.relapse_window_s,
		.network = listed_prefix(o).addr,
	};

	return host_event(o->context->store, &news, NULL, e);
}

enum err
operator_order_list(struct operator_order *o, struct error *e)
{
	const struct list_request r = {
		.prefix = listed_prefix(o),
		.category = o->category,
		.tested = operator_order_is_of_one_host(o) ? o->prefix.addr : (struct addr){0},
		.probe = o->proof,
		.expires_s = o->until_s,
		.reason = o->reason,
		.author = o->request->author,
	};
	struct store_listing l = {.prefix = r.prefix, .category = r.category, .reason = o->reason};
	struct list_made made;
	enum err err = check_list(o, e);

	if (err != OK)
		return err;
	err = try_list(o, &r, &made, e);
	if (err == OK && made.listed && !o->dry_run && o->proof != 0)
		err = operator_order_tell_host(o, HOST_OPERATOR_LISTS, e);
	if (err == OK && made.listed && !o->dry_run)
		err = list_make(&o->lister, &r, &made, e);
	if (err != OK)
		return err;
	if (!made.listed)
		return error_set(e, ERR_REFUSED, "not listed: %s", made.why);
	add_affected(o, &l);
	o->until_s = made.expires_s;
	snprintf(o->done, sizeof(o->done), "listed as %s", category_row(o->category)->name);
	return OK;
}

static enum err
on_wider(const struct store_listing *l, void *context)
{
	struct prefix *wider = context;

	if (l->prefix.len < wider->len)
		*wider = l->prefix;
	return OK;
}

/* It may be listed with others, whom nobody has named. */
static enum err
say_not_listed(const struct operator_order *o, struct error *e)
{
	char prefix[PREFIX_TEXT], outer[PREFIX_TEXT];
	struct prefix wider = o->prefix;
	enum err err = command_covering(o->context, &o->prefix.addr, o->request->now_s, on_wider,
		&wider, e);

	if (err != OK)
		return err;
	prefix_format(&o->prefix, prefix);
	if (wider.len == o->prefix.len || o->has_category)
		return error_set(e, ERR_NOT_FOUND, "%s is not listed", prefix);
	return error_set(e, ERR_NOT_FOUND,
		"%s is not listed by itself, but with all of %s: orbl operator delist %s, or "
		"exempt %s",
		prefix, prefix_format(&wider, outer), outer, prefix);
}

enum err
operator_order_delist(struct operator_order *o, struct error *e)
{
	enum err err = operator_order_end_listings(o, "delist", false, e);

	if (err == OK && o->affected_count == 0)
		return say_not_listed(o, e);
	snprintf(o->done, sizeof(o->done), "delisted; listings ended: %zu", o->affected_count);
	return err;
}
