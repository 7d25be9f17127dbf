#include "command.h"

#include <orbl/listing.h>
#include <orbl/store_listing.h>
#include <orbl/store_probe.h>

#include "command_json.h"
#include "command_part.h"
#include "outcome.h"

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

enum err
command_listings_of(const struct command_context *c, const struct addr *host, int64_t now_s,
	json_t **out, struct error *e)
{
	struct prefix prefix = outcome_prefix(host);
	struct gathering g = {json_array(), now_s};

	*out = g.array;
	return store_listings(c->store, &prefix, on_listing, &g, e);
}

struct command_answer
command_check(const struct command_context *c, const struct command_request *r)
{
	struct command_answer answer;
	struct error e = {.code = OK};
	char address[ADDR_TEXT];
	struct addr host;
	json_t *listings;

	if (command_address(r, &host, &answer) != OK)
		return answer;
	if (command_listings_of(c, &host, r->now_s, &listings, &e) != OK) {
		json_decref(listings);
		return command_failure(&e);
	}
	answer = (struct command_answer){
		.object = json_pack("{s:b, s:s, s:b, s:o}", "ok", 1, "address",
			addr_format(&host, address), "listed",
			(int)(json_array_size(listings) != 0), "listings", listings)};
	return answer;
}

struct command_answer
command_list(const struct command_context *c, const struct command_request *r)
{
	struct gathering g = {json_array(), r->now_s};
	struct error e = {.code = OK};

	if (store_listings(c->store, NULL, on_listing, &g, &e) != OK) {
		json_decref(g.array);
		return command_failure(&e);
	}
	return (struct command_answer){
		.object = json_pack("{s:b, s:o}", "ok", 1, "listings", g.array)};
}

struct command_answer
command_status(const struct command_context *c, const struct command_request *r)
{
	struct probe_queue_state state = pipeline_probes(c->pipeline);
	struct error e = {.code = OK};
	struct store_queue queue;
	struct store_totals t;

	if (store_totals(c->store, &t, &e) != OK ||
		store_queue_count(c->store, r->now_s, &queue, &e) != OK)
		return command_failure(&e);
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
			(json_int_t)t.probes_done, "uptime_s",
			(json_int_t)(r->now_s - c->started_s), "syslog",
			syslog_receiver_status(c->syslog))};
}
