#include "command.h"

#include <orbl/listing.h>
#include <orbl/store_alarm.h>
#include <orbl/store_listing.h>
#include <orbl/store_probe.h>

#include "command_json.h"
#include "command_part.h"
#include "outcome.h"
#include "retire.h"

enum { ALARMS_MAX = 20 };

static json_t *
known_json(const char *s)
{
	return command_json_text(s != NULL && s[0] != '\0' ? s : NULL);
}

static json_t *
listing_json(const struct store_listing *l)
{
	char prefix[PREFIX_TEXT], code[ADDR_TEXT];
	const struct category_row *row = category_row(l->category);
	struct addr a = addr_from_ipv4(row->code);

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o}",
		"prefix", prefix_format(&l->prefix, prefix), "category", row->name, "code",
		addr_format(&a, code), "zone", row->subzone, "since", command_json_time(l->since_s),
		"effective", command_json_time(l->effective_s), "expires",
		command_json_time(l->expires_s), "reason", command_json_text(l->reason), "probe",
		(json_int_t)l->probe, "author", known_json(l->author), "asn",
		l->asn != 0 ? json_integer(l->asn) : json_null(), "as_org", known_json(l->as_org),
		"country", known_json(l->country));
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
	struct prefix prefix = list_prefix_of(c->conf, host);
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

static enum err
on_alarm(const struct store_alarm *a, void *context)
{
	json_array_append_new(context,
		json_pack("{s:s, s:o, s:o, s:o, s:o}", "kind", a->kind, "subject",
			command_json_text(a->subject), "since", command_json_time(a->since_s),
			"last", command_json_time(a->last_s), "text", command_json_text(a->text)));
	return OK;
}

/* What somebody should look at. */
static struct command_answer
add_alarms(const struct command_context *c, struct command_answer answer)
{
	struct error e = {.code = OK};
	json_t *alarms = json_array();

	if (store_alarms(c->store, ALARMS_MAX, on_alarm, alarms, &e) != OK) {
		json_decref(alarms);
		json_decref(answer.object);
		return command_failure(&e);
	}
	json_object_set_new(answer.object, "held",
		command_json_hold(pipeline_publish_hold(c->pipeline)));
	json_object_set_new(answer.object, "alarms", alarms);
	return answer;
}

/* "in service", unless the list is on its way out. */
static struct command_answer
add_stage(const struct command_context *c, struct command_answer answer)
{
	struct error e = {.code = OK};
	struct retirement state;

	if (!json_is_true(json_object_get(answer.object, "ok")))
		return answer;
	if (retire_load(c->store, &state, &e) != OK) {
		json_decref(answer.object);
		return command_failure(&e);
	}
	json_object_set_new(answer.object, "stage", json_string(retire_stage_name(state.stage)));
	json_object_set_new(answer.object, "retires", command_json_time(state.at_s));
	return answer;
}

struct command_answer
command_status(const struct command_context *c, const struct command_request *r)
{
	struct probe_queue_state state = pipeline_probes(c->pipeline);
	struct error e = {.code = OK};
	struct command_answer answer;
	struct store_queue queue;
	struct store_totals t;

	if (store_totals(c->store, &t, &e) != OK ||
		store_queue_count(c->store, r->now_s, &queue, &e) != OK)
		return command_failure(&e);
	answer = (struct command_answer){
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
	return add_stage(c, add_alarms(c, answer));
}
