#include "command.h"

#include <orbl/store_alarm.h>
#include <orbl/store_probe.h>

#include "command_json.h"
#include "command_part.h"
#include "retire.h"

enum { ALARMS_MAX = 20 };

struct command_answer
command_check(const struct command_context *c, const struct command_request *r)
{
	json_t *listings = NULL, *why = NULL;
	struct command_answer answer = {.object = NULL};
	struct error e = {.code = OK};
	char prefix[PREFIX_TEXT];
	struct prefix p;
	bool listed, one;
	enum err err;

	if (command_prefix(r, &p, &answer) != OK)
		return answer;
	one = command_is_one_host(&p);
	err = one ? command_listings_of(c, &p.addr, r->now_s, &listings, &e) :
		    command_listings_at(c, &p, r->now_s, &listings, &e);
	if (err != OK) {
		json_decref(listings);
		return command_failure(&e);
	}
	listed = json_array_size(listings) != 0;
	why = one ? command_why_still(c, &p.addr, listings, r->now_s) : json_null();
	answer.object = json_pack("{s:b, s:s, s:b, s:o, s:o}", "ok", 1, "address",
		prefix_format(&p, prefix), "listed", (int)listed, "why_still", why, "listings",
		listings);
	return answer;
}

struct command_answer
command_list(const struct command_context *c, const struct command_request *r)
{
	struct error e = {.code = OK};
	json_t *listings = NULL, *next = NULL;

	if (command_listings_page(c, command_text(r, "after"), r->now_s, &listings, &next, &e) !=
		OK) {
		json_decref(listings);
		json_decref(next);
		return command_failure(&e);
	}
	return (struct command_answer){.object = json_pack("{s:b, s:o, s:o}", "ok", 1, "listings",
					       listings, "next", next)};
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
