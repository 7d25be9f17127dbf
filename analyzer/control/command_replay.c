#include "command.h"

#include "command_json.h"
#include "command_part.h"
#include "replay.h"

enum {
	OF_HOST_MAX = 500, /* decisions of one host, the newest */
	BATCH = 50,        /* of all: then others are served */
	DIFFERENCES_MAX = 1000,
};

static void
on_difference(const struct replay_difference *d, void *context)
{
	json_t *array = context;
	char address[ADDR_TEXT];

	if (json_array_size(array) == DIFFERENCES_MAX)
		return;
	json_array_append_new(array,
		json_pack("{s:s, s:s, s:s, s:I, s:o, s:o}", "address",
			addr_format(&d->host, address), "what", d->what, "kind", d->kind, "id",
			(json_int_t)d->id, "time", command_json_time(d->time_s), "text",
			command_json_text(d->text)));
}

static json_t *
answer_json(const struct replay *r, json_t *differences, bool more)
{
	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "ok", 1, "decisions",
		(json_int_t)r->decisions, "probes", (json_int_t)r->probes, "facts",
		(json_int_t)r->facts, "facts_gone", (json_int_t)r->facts_gone, "results_gone",
		(json_int_t)r->results_gone, "differences_found", (json_int_t)r->differences,
		"next", more ? json_integer((json_int_t)r->last) : json_null(), "differences",
		differences);
}

/* Of a host, or a part of all decisions: "next" is where the next part begins. */
struct command_answer
command_replay(const struct command_context *c, const struct command_request *r)
{
	json_int_t after = json_integer_value(json_object_get(r->json, "after"));
	bool of_host = json_object_get(r->json, "address") != NULL, more = false;
	struct replay replay = {.store = c->store, .fn = on_difference};
	struct command_answer answer;
	struct error e = {.code = OK};
	struct addr host;
	enum err err;

	if (of_host && command_address(r, &host, &answer) != OK)
		return answer;
	replay.context = json_array();
	err = of_host ? replay_host(&replay, &host, OF_HOST_MAX, &e) :
			replay_after(&replay, after > 0 ? (uint64_t)after : 0, BATCH, &more, &e);
	if (err == OK)
		return (struct command_answer){
			.object = answer_json(&replay, replay.context, more)};
	json_decref(replay.context);
	return command_failure(&e);
}
