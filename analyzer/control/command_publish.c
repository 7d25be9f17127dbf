/* Publishing because somebody asks: orbl publish. */
#include <stdio.h>
#include <string.h>

#include "command_json.h"
#include "command_part.h"

json_t *
command_json_hold(const struct publish_hold *h)
{
	if (h->blast == BLAST_SMALL)
		return json_null();
	return json_pack("{s:s, s:s, s:b, s:o}", "kind", blast_name(h->blast), "why", h->why,
		"removals_published", (int)h->is_partial, "since", command_json_time(h->since_s));
}

static struct command_answer
answer_published(const struct command_context *c, uint32_t serial)
{
	const struct publish_hold *hold = pipeline_publish_hold(c->pipeline);

	return (struct command_answer){
		.object = json_pack("{s:b, s:s, s:I, s:o}", "ok", 1, "zone", c->conf->zone.name,
			"serial", (json_int_t)serial, "held", command_json_hold(hold))};
}

struct command_answer
command_publish(const struct command_context *c, const struct command_request *r)
{
	struct publish_order order = {.author = r->author,
		.force = json_is_true(json_object_get(r->json, "force"))};
	char reason[COMMAND_REASON], detail[COMMAND_REASON + BLAST_WHY + 16];
	struct error e = {.code = OK};
	uint32_t serial = 0;
	enum err err = OK;

	if (order.force)
		err = command_reason(r, reason, &e);
	if (err != OK)
		return command_failure(&e);
	if (order.force) {
		snprintf(detail, sizeof(detail), "%s; held was: %s", reason,
			pipeline_publish_hold(c->pipeline)->blast == BLAST_SMALL ?
				"nothing" :
				pipeline_publish_hold(c->pipeline)->why);
		order.reason = detail;
	}
	err = pipeline_publish(c->pipeline, &order, &serial, &e);
	if (err != OK && pipeline_publish_hold(c->pipeline)->blast == BLAST_SMALL)
		return command_failure(&e);
	if (err != OK && err != ERR_REFUSED)
		return command_failure(&e);
	return answer_published(c, serial);
}
