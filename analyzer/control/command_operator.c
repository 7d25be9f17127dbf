/* What the operator orders: one row an action. Each is one transaction, with his name and reason.
 */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <orbl/log.h>
#include <orbl/store_listing.h>
#include <orbl/store_order.h>
#include <orbl/store_publish.h>

#include "command_json.h"
#include "command_part.h"
#include "operator_order.h"

/* Wider orders are mistakes more often than not. */
enum { WIDE_IPV4 = 24, WIDE_IPV6 = 48 };

/* --- what a request says --------------------------------------------------------- */

static enum err
take_reason(struct operator_order *o, struct error *e)
{
	const char *text = command_text(o->request, "reason");
	struct text t = text_trim(text_of(text));

	text_printable(t, o->reason, sizeof(o->reason));
	if (t.len == 0)
		return error_set(e, ERR_SYNTAX, "give a reason: it is kept, and shown to who asks");
	if (t.len >= sizeof(o->reason))
		return error_set(e, ERR_RANGE, "the reason is longer than %zu characters",
			sizeof(o->reason) - 1);
	return OK;
}

static enum err
take_prefix(struct operator_order *o, struct error *e)
{
	const char *text = command_text(o->request, "prefix");
	char shown[64];

	if (text != NULL && prefix_parse(text_of(text), &o->prefix) == OK)
		return OK;
	text_printable(text_of(text), shown, sizeof(shown));
	return error_set(e, ERR_SYNTAX,
		"\"%s\" is neither an address nor a prefix (or has bits outside its mask)", shown);
}

static enum err
take_category(struct operator_order *o, struct error *e)
{
	const char *text = command_text(o->request, "category");
	char shown[32];

	o->has_category = text != NULL;
	if (text == NULL || category_by_name(text_of(text), &o->category) == OK)
		return OK;
	text_printable(text_of(text), shown, sizeof(shown));
	return error_set(e, ERR_SYNTAX, "\"%s\" is no category", shown);
}

static enum err
take_numbers(struct operator_order *o, struct error *e)
{
	const json_t *for_s = json_object_get(o->request->json, "for_s");
	const json_t *proof = json_object_get(o->request->json, "proof");
	int64_t seconds = json_integer_value(for_s);

	if (for_s != NULL && (!json_is_integer(for_s) || seconds <= 0 || seconds > INT32_MAX))
		return error_set(e, ERR_RANGE, "so long an order cannot last");
	if (proof != NULL && (!json_is_integer(proof) || json_integer_value(proof) <= 0))
		return error_set(e, ERR_RANGE, "the proof is the number of a probe");
	o->until_s = seconds != 0 ? o->request->now_s + seconds : 0;
	o->proof = (uint64_t)json_integer_value(proof);
	o->force = json_is_true(json_object_get(o->request->json, "force"));
	o->dry_run = json_is_true(json_object_get(o->request->json, "dry_run"));
	return OK;
}

static enum err
check_width(const struct operator_order *o, struct error *e)
{
	unsigned narrowest = o->prefix.addr.family == 4 ? WIDE_IPV4 : WIDE_IPV6;
	char text[PREFIX_TEXT];

	if (o->prefix.len >= narrowest)
		return OK;
	prefix_format(&o->prefix, text);
	if (!o->force)
		return error_set(e, ERR_REFUSED,
			"%s is wider than a /%u: add --force if that is meant", text, narrowest);
	log_warning("%s: an order of %s for a network wider than a /%u is forced", text,
		o->request->author, narrowest);
	return OK;
}

/* --- carrying it out ------------------------------------------------------------------------ */

struct action {
	const char *name;
	operator_order_fn *run;
	bool takes_category, takes_time;
};

static const struct action actions[] = {
	{"list", operator_order_list, true, true},
	{"delist", operator_order_delist, true, false},
	{"exempt", operator_order_exempt, false, true},
	{"unexempt", operator_order_unexempt, false, false},
	{"opt-out", operator_order_opt_out, false, true},
	{"opt-in", operator_order_opt_in, false, false},
	{"lock", operator_order_lock, false, false},
	{"unlock", operator_order_unlock, false, false},
};

static enum err
take_request(struct operator_order *o, const struct action *action, struct error *e)
{
	enum err err = take_prefix(o, e);

	if (err == OK)
		err = take_reason(o, e);
	if (err == OK)
		err = take_category(o, e);
	if (err == OK)
		err = take_numbers(o, e);
	if (err == OK)
		err = check_width(o, e);
	if (err == OK && o->has_category && !action->takes_category)
		return error_set(e, ERR_SYNTAX, "%s is of all categories", action->name);
	if (err == OK && o->until_s != 0 && !action->takes_time)
		return error_set(e, ERR_SYNTAX, "%s has no duration", action->name);
	if (err == OK && o->proof != 0 && action->run != operator_order_list)
		return error_set(e, ERR_SYNTAX, "%s rests on no proof", action->name);
	return err;
}

/* What list_make and list_end_* write is of each listing; this is of what was asked for.
 * audit_replay.c reads it. */
static enum err
audit_order(const struct operator_order *o, const struct action *action, struct error *e)
{
	char prefix[PREFIX_TEXT], detail[OPERATOR_REASON + 64];

	snprintf(detail, sizeof(detail), "%s, until %" PRId64 "%s%s%s: %s", action->name,
		o->until_s, o->has_category ? ", " : "",
		o->has_category ? category_row(o->category)->name : "", o->force ? ", forced" : "",
		o->reason);
	prefix_format(&o->prefix, prefix);
	log_notice("%s: ordered by %s: %s", prefix, o->request->author, detail);
	return store_audit_add(o->context->store,
		&(struct store_audit){.time_s = o->request->now_s,
			.author = o->request->author,
			.action = "order",
			.subject = prefix,
			.detail = detail},
		e);
}

/* What ends by order is no mistake to be held back (blast_radius.h), unless more ends than was
 * named, or something else waits that would go out with it. */
static enum err
permit(const struct operator_order *o, struct error *e)
{
	const struct publish_hold *hold = pipeline_publish_hold(o->context->pipeline);

	if (!o->ends || o->ends_wider || o->affected_count == 0 || hold->blast != BLAST_SMALL)
		return OK;
	return store_publish_permit(o->context->store, STORE_PERMIT_REMOVALS, e);
}

static enum err
carry_out(struct operator_order *o, const struct action *action, struct error *e)
{
	struct store *s = o->context->store;
	enum err err = store_begin(s, e);

	if (err == OK)
		err = action->run(o, e);
	if (err == OK && !o->dry_run)
		err = permit(o, e);
	if (err == OK && !o->dry_run)
		err = audit_order(o, action, e);
	if (err == OK && !o->dry_run)
		return store_commit(s, e);
	store_rollback(s);
	return err;
}

/* What has ended and is in DNS all the same: why, a clause; or null. */
static json_t *
why_still(const struct operator_order *o)
{
	const struct publish_hold *hold = pipeline_publish_hold(o->context->pipeline);
	const json_t *l;
	size_t i;

	if (o->dry_run || !o->ends)
		return json_null();
	json_array_foreach (o->affected, i, l) {
		const char *text = json_string_value(json_object_get(l, "prefix"));
		const char *name = json_string_value(json_object_get(l, "category"));
		enum category category;
		struct prefix p;

		if (prefix_parse(text_of(text), &p) == OK &&
			category_by_name(text_of(name), &category) == OK &&
			(pipeline_in_dns(o->context->pipeline, &p.addr, o->request->now_s) &
				1U << category) != 0)
			return json_string(hold->blast != BLAST_SMALL ?
					hold->why :
					"it could not be published yet, see the log");
	}
	return json_null();
}

static struct command_answer
answer_order(struct operator_order *o, const struct action *action)
{
	char prefix[PREFIX_TEXT];

	return (struct command_answer){
		.object = json_pack("{s:b, s:s, s:s, s:b, s:s, s:o, s:I, s:O, s:o, s:o}", "ok", 1,
			"action", action->name, "prefix", prefix_format(&o->prefix, prefix),
			"dry_run", (int)o->dry_run, "done", o->done, "until",
			command_json_time(o->until_s), "count", (json_int_t)o->affected_count,
			"listings", o->affected, "why_still", why_still(o), "held",
			command_json_hold(pipeline_publish_hold(o->context->pipeline)))};
}

/* --- show ------------------------------------------------------------------------------------ */

static enum err
on_order(const struct store_order *o, void *context)
{
	char prefix[PREFIX_TEXT];

	json_array_append_new(context,
		json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "prefix",
			prefix_format(&o->prefix, prefix), "action", o->action, "since",
			command_json_time(o->since_s), "until", command_json_time(o->until_s),
			"author", command_json_text(o->author), "reason",
			command_json_text(o->reason)));
	return OK;
}

struct ordered {
	json_t *array;
	int64_t now_s;
};

static enum err
on_ordered_listing(const struct store_listing *l, void *context)
{
	struct ordered *ordered = context;
	char prefix[PREFIX_TEXT];

	if (l->author == NULL || l->author[0] == '\0' || l->expires_s <= ordered->now_s)
		return OK;
	json_array_append_new(ordered->array,
		json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "prefix",
			prefix_format(&l->prefix, prefix), "category",
			category_row(l->category)->name, "since", command_json_time(l->since_s),
			"until", command_json_time(l->expires_s), "author",
			command_json_text(l->author), "reason", command_json_text(l->reason)));
	return OK;
}

static struct command_answer
show(const struct command_context *c, const struct command_request *r)
{
	json_t *orders = json_array();
	struct ordered ordered = {json_array(), r->now_s};
	struct error e = {.code = OK};

	if (store_orders(c->store, r->now_s, on_order, orders, &e) == OK &&
		store_listings(c->store, NULL, on_ordered_listing, &ordered, &e) == OK)
		return (struct command_answer){
			.object = json_pack("{s:b, s:o, s:o}", "ok", 1, "orders", orders,
				"listings", ordered.array)};
	json_decref(orders);
	json_decref(ordered.array);
	return command_failure(&e);
}

struct command_answer
command_operator(const struct command_context *c, const struct command_request *r)
{
	const char *name = command_text(r, "action");
	struct operator_order o = {.context = c, .request = r};
	struct error e = {.code = OK};
	const struct action *action = NULL;
	struct command_answer answer;

	if (name != NULL && strcmp(name, "show") == 0)
		return show(c, r);
	for (size_t i = 0; name != NULL && i < ORBL_COUNT(actions); i++)
		if (strcmp(actions[i].name, name) == 0)
			action = &actions[i];
	if (action == NULL)
		return command_refuse(ERR_SYNTAX,
			"there is no such order; see orbl operator --help");
	o.lister = pipeline_lister(c->pipeline, r->now_s);
	o.affected = json_array();
	if (take_request(&o, action, &e) != OK || carry_out(&o, action, &e) != OK) {
		answer = command_failure(&e);
	} else {
		if (!o.dry_run)
			pipeline_list_changed(c->pipeline);
		answer = answer_order(&o, action);
	}
	json_decref(o.affected);
	return answer;
}
