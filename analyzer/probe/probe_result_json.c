#include "probe_result_inside.h"

static json_t *
address_json(const struct addr *a)
{
	char text[ADDR_TEXT];

	return a->family != 0 ? json_string(addr_format(a, text)) : json_null();
}

static json_t *
text_json(const char *s)
{
	return json_string(s != NULL ? s : "");
}

static json_t *
time_json(int64_t time_us)
{
	char stamp[PROBE_RESULT_STAMP];

	return time_us != 0 ? json_string(probe_result_stamp(time_us, stamp)) : json_null();
}

static json_t *
lines_json(char *const *lines, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_string(lines[i]));
	return array;
}

const char *
probe_result_answer_name(enum prober_answer answer)
{
	static const char *const names[] = {
		[PROBER_ANSWER_NONE] = "none",
		[PROBER_ANSWER_ACCEPTED] = "accepted",
		[PROBER_ANSWER_REFUSED] = "refused",
		[PROBER_ANSWER_TEMPORARY] = "temporary",
		[PROBER_ANSWER_BROKEN] = "broken",
	};

	return names[answer];
}

const char *
probe_result_reach_name(enum prober_reach reach)
{
	static const char *const names[] = {
		[REACH_NONE] = "none",
		[REACH_REFUSED] = "refused",
		[REACH_TEMPORARY] = "temporary",
		[REACH_DONE] = "done",
		[REACH_OURS] = "ours",
	};

	return names[reach];
}

static void
add_arrival_json(json_t *to, const struct probe_result_case *c)
{
	json_object_set_new(to, "arrived", json_boolean(c->arrived));
	json_object_set_new(to, "output", address_json(&c->output));
	if (!c->arrived)
		return;
	json_object_set_new(to, "arrived_at", time_json(c->arrived_us));
	json_object_set_new(to, "again", json_boolean(c->again));
	json_object_set_new(to, "headers",
		c->header != NULL ? lines_json(c->header->lines, c->header->count) : json_array());
}

static json_t *
case_json(const struct probe_case *row, const struct probe_result_case *c)
{
	json_t *j = json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:o}", "case", row->id, "mail_from",
		text_json(c->mail_from), "rcpt_to", text_json(c->rcpt_to), "rcpt_reply",
		text_json(c->rcpt_reply), "data_reply", text_json(c->data_reply), "answer",
		probe_result_answer_name(c->answer), "answered_at", time_json(c->answered_us));

	add_arrival_json(j, c);
	return j;
}

static json_t *
known_json(const char *s)
{
	return s[0] != '\0' ? json_string(s) : json_null();
}

static json_t *
bounce_json(const struct probe_result *r, const struct probe_result_bounce *b)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "case",
		probe_result_bounced(r, b)->id, "from", address_json(&b->from), "at",
		time_json(b->time_us), "action", known_json(b->dsn.action), "status",
		known_json(b->dsn.status), "recipient", known_json(b->dsn.recipient),
		"reporting_mta", known_json(b->dsn.by));
}

static json_t *
bounces_json(const struct probe_result *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < r->bounce_count; i++)
		if (probe_result_bounced(r, &r->bounces[i]) != NULL)
			json_array_append_new(array, bounce_json(r, &r->bounces[i]));
	return array;
}

static json_t *
cases_json(const struct probe_result *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < probe_case_count(); i++) {
		const struct probe_case *row = probe_case_row(i);

		if (r->cases[row->number].asked)
			json_array_append_new(array, case_json(row, &r->cases[row->number]));
	}
	return array;
}

static json_t *
outputs_json(const struct probe_result *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < r->output_count; i++)
		json_array_append_new(array, address_json(&r->outputs[i]));
	return array;
}

json_t *
probe_result_json(const struct probe_result *r)
{
	char target[ENDPOINT_TEXT];

	json_t *reach = r->done ? json_string(probe_result_reach_name(r->reach)) : json_null();

	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"target", endpoint_format(&r->target, target), "verdict",
		verdict_name(probe_result_verdict(r)), "reason", probe_result_reason(r), "source",
		r->from_second_source ? "second" : "first", "source_address",
		address_json(&r->source), "input", address_json(&r->target.addr), "outputs",
		outputs_json(r), "tls", known_json(r->tls), "bounces", bounces_json(r), "cases",
		cases_json(r), "reach", reach, "ended", known_json(r->ended), "transcript",
		lines_json(r->lines, r->line_count));
}
