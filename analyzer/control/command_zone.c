/* The end of the list: orbl zone. */
#include "command.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <orbl/log.h>
#include <orbl/store_listing.h>
#include <orbl/store_publish.h>

#include "command_json.h"
#include "command_part.h"
#include "retire.h"

enum { REASON_SIZE = 300 };

static enum err
take_date(const struct command_request *r, int64_t *out, struct error *e)
{
	const char *text = command_text(r, "at"), *end;
	struct tm tm = {0};
	char shown[32];

	*out = 0;
	if (text == NULL)
		return OK;
	end = strptime(text, "%Y-%m-%d", &tm);
	if (end != NULL && *end == '\0') {
		*out = (int64_t)timegm(&tm);
		return OK;
	}
	text_printable(text_of(text), shown, sizeof(shown));
	return error_set(e, ERR_SYNTAX, "\"%s\" is no day such as 2026-03-01", shown);
}

static enum err
take_order(const struct command_request *r, const char *action, struct retire_order *out,
	struct error *e)
{
	static const struct {
		const char *name;
		enum retire_stage stage;
	} stages[] = {{"announce", RETIRE_ANNOUNCED}, {"empty", RETIRE_EMPTY},
		{"gone", RETIRE_GONE}};
	const char *name = command_text(r, "stage");

	*out = (struct retire_order){.stage = RETIRE_NOT,
		.now_s = r->now_s,
		.force = json_is_true(json_object_get(r->json, "force"))};
	if (strcmp(action, "resume") == 0)
		return OK;
	for (size_t i = 0; name != NULL && i < ORBL_COUNT(stages); i++)
		if (strcmp(stages[i].name, name) == 0)
			out->stage = stages[i].stage;
	if (out->stage == RETIRE_NOT)
		return error_set(e, ERR_SYNTAX, "the stages are announce, empty and gone");
	return take_date(r, &out->at_s, e);
}

static struct command_answer
answer_state(const struct command_context *c, const struct retirement *state)
{
	char notice[RETIRE_NOTICE], records[RETIRE_RECORDS];
	bool has_records = retire_records(text_of(c->conf->zone.name), records, NULL) == OK;

	return (struct command_answer){
		.object = json_pack("{s:b, s:s, s:s, s:o, s:o, s:o, s:s, s:I, s:o, s:o}", "ok", 1,
			"zone", c->conf->zone.name, "stage", retire_stage_name(state->stage),
			"announced", command_json_time(state->announced_s), "since",
			command_json_time(state->since_s), "at", command_json_time(state->at_s),
			"notice", retire_notice(state, notice), "ttl",
			(json_int_t)retire_ttl(state, (uint32_t)c->conf->zone.ttl_s), "records",
			has_records ? json_string(records) : json_null(), "held",
			command_json_hold(pipeline_publish_hold(c->pipeline)))};
}

static enum err
save(const struct command_context *c, const struct command_request *r, const char *action,
	const char *reason, const struct retirement *next, struct error *e)
{
	char notice[RETIRE_NOTICE], detail[REASON_SIZE + 64];
	enum err err = store_begin(c->store, e);

	if (err != OK)
		return err;
	snprintf(detail, sizeof(detail), "%s %s%s: %s", retire_stage_name(next->stage),
		retire_notice(next, notice),
		json_is_true(json_object_get(r->json, "force")) ? " forced" : "", reason);
	err = retire_save(c->store, next, e);
	/* The whole list is back by order (blast_radius.h). */
	if (err == OK && next->stage == RETIRE_NOT)
		err = store_publish_permit(c->store, STORE_PERMIT_ALL, e);
	if (err == OK)
		err = store_audit_add(c->store,
			&(struct store_audit){.time_s = r->now_s,
				.author = r->author,
				.action = action,
				.subject = c->conf->zone.name,
				.detail = detail},
			e);
	if (err == OK)
		err = store_commit(c->store, e);
	else
		store_rollback(c->store);
	if (err == OK)
		log_warning("zone %s: %s by %s: %s", c->conf->zone.name, action, r->author, detail);
	return err;
}

/* The records must be such as can be printed when it comes to them, so this is asked at once. */
static enum err
change(const struct command_context *c, const struct command_request *r, const char *action,
	struct retirement *state, struct error *e)
{
	struct text reason = text_trim(text_of(command_text(r, "reason")));
	char records[RETIRE_RECORDS], shown[REASON_SIZE];
	struct retirement next;
	struct retire_order order;
	enum err err = take_order(r, action, &order, e);

	if (err == OK && reason.len == 0)
		return error_set(e, ERR_SYNTAX, "give a reason: it is kept");
	text_printable(reason, shown, sizeof(shown));
	if (err == OK && order.stage != RETIRE_NOT)
		err = retire_records(text_of(c->conf->zone.name), records, e);
	if (err == OK)
		err = retire_next(state, &order, &next, e);
	if (err == OK)
		err = save(c, r, action, shown, &next, e);
	if (err == OK)
		*state = next;
	return err;
}

struct command_answer
command_zone(const struct command_context *c, const struct command_request *r)
{
	const char *action = command_text(r, "action");
	struct error e = {.code = OK};
	struct retirement state;
	enum err err = retire_load(c->store, &state, &e);

	if (action == NULL ||
		(strcmp(action, "show") != 0 && strcmp(action, "retire") != 0 &&
			strcmp(action, "resume") != 0))
		return command_refuse(ERR_SYNTAX, "orbl zone retires, resumes and shows");
	if (err == OK && strcmp(action, "show") != 0) {
		err = change(c, r, action, &state, &e);
		if (err == OK)
			pipeline_list_changed(c->pipeline);
	}
	return err == OK ? answer_state(c, &state) : command_failure(&e);
}
