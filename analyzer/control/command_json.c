#include "command_json.h"

#include <time.h>

json_t *
command_json_time(int64_t t)
{
	time_t seconds = (time_t)t;
	char text[32];
	struct tm tm;

	if (t == 0 || gmtime_r(&seconds, &tm) == NULL)
		return json_null();
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return json_string(text);
}

json_t *
command_json_text(const char *s)
{
	json_t *json = s != NULL ? json_string(s) : json_null();

	return json != NULL ? json : json_string("?");
}

json_t *
command_json_probe(const struct store_probe *p)
{
	json_t *result = p->result != NULL ? json_loads(p->result, 0, NULL) : NULL;
	json_t *first = p->parent != 0 ? json_integer((json_int_t)p->parent) : json_null();

	return json_pack("{s:I, s:s, s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"probe", (json_int_t)p->id, "cause", store_cause_name(p->cause), "source",
		p->second_source ? "second" : "first", "first", first, "queued",
		command_json_time(p->queued_s), "tries", (json_int_t)p->tries, "not_before",
		command_json_time(p->not_before_s), "started", command_json_time(p->started_s),
		"finished", command_json_time(p->finished_s), "verdict",
		command_json_text(p->verdict), "pair_verdict", command_json_text(p->pair_verdict),
		"reason", command_json_text(p->reason), "result",
		result != NULL ? result : json_null());
}

json_t *
command_json_queue(const struct store_queue *queue, const struct probe_queue_state *state)
{
	json_t *due = json_object();

	for (unsigned c = CAUSE_COUNT; c-- != 0;)
		json_object_set_new(due, store_cause_name((enum store_cause)c),
			json_integer((json_int_t)queue->due[c]));
	return json_pack("{s:o, s:I, s:s, s:b, s:o}", "due", due, "later", (json_int_t)queue->later,
		"waits_for", probe_queue_brake_name(state->brake), "stopped", (int)state->stopped,
		"opt_out_trouble",
		state->opt_out_trouble[0] != '\0' ? command_json_text(state->opt_out_trouble) :
						    json_null());
}

uint64_t
command_json_count_due(const struct store_queue *queue)
{
	uint64_t n = 0;

	for (size_t i = 0; i < CAUSE_COUNT; i++)
		n += queue->due[i];
	return n;
}

uint64_t
command_json_count_held(const struct store_queue *queue, const struct probe_queue_state *state)
{
	if (state->brake == PROBE_QUEUE_MINUTE)
		return command_json_count_due(queue);
	return state->passed_over;
}
