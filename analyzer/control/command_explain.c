#include "command.h"

#include <orbl/store_delisting.h>
#include <orbl/store_host.h>
#include <orbl/store_order.h>
#include <orbl/store_probe.h>
#include <orbl/store_trail.h>

#include "command_json.h"
#include "command_part.h"
#include "explain_part.h"
#include "host.h"
#include "list.h"

enum { PROBES_SHOWN = 10, DELISTINGS_SHOWN = 10, TRAIL_SHOWN = 50 };

static enum err
explain_listings(const struct explain *x, json_t **out)
{
	return command_listings_of(x->context, &x->host, x->now_s, out, x->e);
}

static enum err
explain_host(const struct explain *x, json_t **out)
{
	struct prefix network = list_prefix_of(x->context->conf, &x->host);
	struct store_host h;
	enum err err = host_look(x->context->store, &x->host, &network.addr, &h, x->e);

	*out = NULL;
	if (err != OK)
		return err;
	*out = json_pack("{s:s, s:o, s:I, s:o, s:o}", "state",
		host_state_name((enum host_state)h.state), "since", command_json_time(h.since_s),
		"relapses", (json_int_t)h.relapses, "listed", command_json_time(h.listed_s),
		"removed", command_json_time(h.removed_s));
	return OK;
}

static enum err
on_probe(const struct store_probe *p, void *context)
{
	json_array_append_new(context, command_json_probe(p));
	return OK;
}

static enum err
explain_probes(const struct explain *x, json_t **out)
{
	*out = json_array();
	return store_probes_of(x->context->store, &x->host, PROBES_SHOWN, on_probe, *out, x->e);
}

static enum err
on_delisting(const struct store_delisting *d, void *context)
{
	json_array_append_new(context,
		json_pack("{s:I, s:o, s:o, s:I, s:o, s:o}", "request", (json_int_t)d->id,
			"requested", command_json_time(d->requested_s), "finished",
			command_json_time(d->finished_s), "probe", (json_int_t)d->probe, "state",
			command_json_text(d->state), "reason", command_json_text(d->reason)));
	return OK;
}

static enum err
explain_delistings(const struct explain *x, json_t **out)
{
	*out = json_array();
	return store_delistings_of(x->context->store, &x->host, DELISTINGS_SHOWN, on_delisting,
		*out, x->e);
}

struct orders {
	const struct explain *x;
	json_t *array;
};

static enum err
on_order(const struct store_order *o, void *context)
{
	struct orders *orders = context;
	char prefix[PREFIX_TEXT];

	if (prefix_has_addr(&o->prefix, &orders->x->host))
		json_array_append_new(orders->array,
			json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "order",
				command_json_text(o->action), "prefix",
				prefix_format(&o->prefix, prefix), "since",
				command_json_time(o->since_s), "until",
				command_json_time(o->until_s), "author",
				command_json_text(o->author), "reason",
				command_json_text(o->reason)));
	return OK;
}

static enum err
explain_orders(const struct explain *x, json_t **out)
{
	struct orders orders = {x, json_array()};

	*out = orders.array;
	return store_orders(x->context->store, x->now_s, on_order, &orders, x->e);
}

static enum err
on_record(const struct store_trail *t, void *context)
{
	json_array_append_new(context,
		json_pack("{s:I, s:o, s:o, s:o, s:o, s:o}", "seq", (json_int_t)t->seq, "time",
			command_json_time(t->time_s), "author", command_json_text(t->author),
			"action", command_json_text(t->action), "subject",
			command_json_text(t->subject), "detail", command_json_text(t->detail)));
	return OK;
}

static enum err
explain_audit(const struct explain *x, json_t **out)
{
	*out = json_array();
	return store_trail_of(x->context->store, &x->host, &x->prefix, TRAIL_SHOWN, on_record, *out,
		x->e);
}

static const struct {
	const char *name;
	explain_part_fn *explain;
} parts[] = {
	{"listings", explain_listings},
	{"host", explain_host},
	{"evidence", explain_evidence},
	{"score", explain_score},
	{"decisions", explain_decisions},
	{"probes", explain_probes},
	{"delistings", explain_delistings},
	{"orders", explain_orders},
	{"audit", explain_audit},
};

static enum err
add_parts(const struct explain *x, json_t *to)
{
	json_t *part = NULL;
	enum err err = OK;

	for (size_t i = 0; err == OK && i < ORBL_COUNT(parts); i++) {
		err = parts[i].explain(x, &part);
		json_object_set_new(to, parts[i].name, part);
	}
	if (err != OK)
		return err;
	json_object_set_new(to, "why_still",
		command_why_still(x->context, &x->host, json_object_get(to, "listings"), x->now_s));
	err = explain_next(x, json_object_get(to, "listings"), json_object_get(to, "why_still"),
		&part);
	json_object_set_new(to, "next", part);
	return err;
}

struct command_answer
command_explain(const struct command_context *c, const struct command_request *r)
{
	const struct list_rules rules = list_rules_of(c->conf);
	struct error e = {.code = OK};
	struct explain x = {.context = c, .now_s = r->now_s, .e = &e};
	struct command_answer answer;
	char address[ADDR_TEXT];
	json_t *object;

	if (command_address(r, &x.host, &answer) != OK)
		return answer;
	x.prefix = list_prefix(&rules, &x.host);
	object = json_pack("{s:b, s:s}", "ok", 1, "address", addr_format(&x.host, address));
	if (add_parts(&x, object) != OK) {
		json_decref(object);
		return command_failure(&e);
	}
	json_object_set_new(object, "listed",
		json_boolean(json_array_size(json_object_get(object, "listings")) != 0));
	return (struct command_answer){.object = object};
}
