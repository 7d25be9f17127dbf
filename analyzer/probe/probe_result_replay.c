#include "probe_result_replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probe_result_inside.h"

static const char *
text_in(const json_t *object, const char *name)
{
	const char *s = json_string_value(json_object_get(object, name));

	return s != NULL ? s : "";
}

static enum err
fault(struct error *e, const char *member)
{
	return error_set(e, ERR_SYNTAX, "it is no result of a probe: \"%s\" is wrong or missing",
		member);
}

/* Not there, or null: none. */
static enum err
take_address(const json_t *from, struct addr *out)
{
	if (from == NULL || json_is_null(from))
		return OK;
	return addr_parse(text_of(json_string_value(from)), out);
}

/* To the millisecond, as it was written; null: 0. */
static enum err
take_time(const json_t *from, int64_t *out)
{
	const char *text = json_string_value(from), *end;
	struct tm tm = {0};
	uint64_t ms;

	*out = 0;
	if (text == NULL)
		return from == NULL || json_is_null(from) ? OK : ERR_SYNTAX;
	end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (end == NULL || strlen(end) != strlen(".000Z") || end[0] != '.' || end[4] != 'Z' ||
		text_to_u64((struct text){end + 1, 3}, 999, &ms) != OK)
		return ERR_SYNTAX;
	*out = (int64_t)timegm(&tm) * 1000000 + (int64_t)ms * 1000;
	return *out >= 0 ? OK : ERR_SYNTAX;
}

static enum err
take_copy(const json_t *object, const char *name, char **out)
{
	*out = strdup(text_in(object, name));
	return *out != NULL ? OK : ERR_MEMORY;
}

/* --- cases --------------------------------------------------------------------- */

static enum err
take_answer(const char *name, enum prober_answer *out)
{
	for (unsigned a = PROBER_ANSWER_NONE; a <= PROBER_ANSWER_BROKEN; a++)
		if (strcmp(name, probe_result_answer_name((enum prober_answer)a)) == 0) {
			*out = (enum prober_answer)a;
			return OK;
		}
	return ERR_SYNTAX;
}

static enum err
take_header(const json_t *lines, struct probe_result_case *c)
{
	const json_t *line;
	size_t i;

	if (json_array_size(lines) == 0)
		return OK;
	c->header = calloc(1, sizeof(*c->header));
	if (c->header == NULL)
		return ERR_MEMORY;
	json_array_foreach (lines, i, line) {
		if (!json_is_string(line) || i == COLLECTOR_HEADER_LINES)
			return ERR_SYNTAX;
		c->header->lines[i] = strdup(json_string_value(line));
		if (c->header->lines[i] == NULL)
			return ERR_MEMORY;
		c->header->count++;
	}
	return OK;
}

static enum err
take_texts(const json_t *from, struct probe_result_case *c)
{
	enum err err = take_copy(from, "mail_from", &c->mail_from);

	if (err == OK)
		err = take_copy(from, "rcpt_to", &c->rcpt_to);
	if (err == OK)
		err = take_copy(from, "rcpt_reply", &c->rcpt_reply);
	return err == OK ? take_copy(from, "data_reply", &c->data_reply) : err;
}

static enum err
take_case(const json_t *from, struct probe_result *r)
{
	const struct probe_case *row = probe_case_by_name(text_of(text_in(from, "case")));
	struct probe_result_case *c = row != NULL ? &r->cases[row->number] : NULL;
	enum err err;

	if (c == NULL || c->asked)
		return ERR_SYNTAX;
	c->asked = true;
	c->arrived = json_is_true(json_object_get(from, "arrived"));
	c->again = json_is_true(json_object_get(from, "again"));
	err = take_answer(text_in(from, "answer"), &c->answer);
	if (err == OK)
		err = take_texts(from, c);
	if (err == OK)
		err = take_time(json_object_get(from, "answered_at"), &c->answered_us);
	if (err == OK)
		err = take_time(json_object_get(from, "arrived_at"), &c->arrived_us);
	if (err == OK)
		err = take_address(json_object_get(from, "output"), &c->output);
	return err == OK ? take_header(json_object_get(from, "headers"), c) : err;
}

/* --- bounces, outputs, lines ------------------------------------------------------ */

static enum err
take_bounce(const json_t *from, struct probe_result *r)
{
	const struct probe_case *row = probe_case_by_name(text_of(text_in(from, "case")));
	struct probe_result_bounce *b = &r->bounces[r->bounce_count];
	struct dsn_summary *dsn = &b->dsn;

	if (row == NULL || r->bounce_count == PROBE_RESULT_BOUNCES_MAX)
		return ERR_SYNTAX;
	*b = (struct probe_result_bounce){.case_index = row->number};
	r->bounce_count++;
	snprintf(dsn->action, sizeof(dsn->action), "%s", text_in(from, "action"));
	snprintf(dsn->status, sizeof(dsn->status), "%s", text_in(from, "status"));
	snprintf(dsn->recipient, sizeof(dsn->recipient), "%s", text_in(from, "recipient"));
	snprintf(dsn->by, sizeof(dsn->by), "%s", text_in(from, "reporting_mta"));
	if (take_time(json_object_get(from, "at"), &b->time_us) != OK)
		return ERR_SYNTAX;
	return take_address(json_object_get(from, "from"), &b->from);
}

static enum err
take_output(const json_t *from, struct probe_result *r)
{
	struct addr a = {.family = 0};

	if (r->output_count == PROBE_RESULT_OUTPUTS_MAX || take_address(from, &a) != OK ||
		a.family == 0)
		return ERR_SYNTAX;
	r->outputs[r->output_count++] = a;
	return OK;
}

static enum err
take_line(const json_t *from, struct probe_result *r)
{
	if (r->line_count == PROBE_RESULT_LINES_MAX || !json_is_string(from))
		return ERR_SYNTAX;
	r->lines[r->line_count] = strdup(json_string_value(from));
	if (r->lines[r->line_count] == NULL)
		return ERR_MEMORY;
	r->line_count++;
	return OK;
}

static const struct {
	const char *member;
	enum err (*take)(const json_t *from, struct probe_result *r);
} lists[] = {
	{"cases", take_case},
	{"bounces", take_bounce},
	{"outputs", take_output},
	{"transcript", take_line},
};

static enum err
take_lists(const json_t *json, struct probe_result *r, struct error *e)
{
	const json_t *array, *item;
	size_t i;

	for (size_t k = 0; k < ORBL_COUNT(lists); k++) {
		array = json_object_get(json, lists[k].member);
		if (!json_is_array(array))
			return fault(e, lists[k].member);
		json_array_foreach (array, i, item)
			if (lists[k].take(item, r) != OK)
				return fault(e, lists[k].member);
	}
	return OK;
}

/* --- the whole ---------------------------------------------------------------------- */

static enum err
take_reach(const json_t *json, struct probe_result *r, struct error *e)
{
	const char *name = text_in(json, "reach");

	snprintf(r->ended, sizeof(r->ended), "%s", text_in(json, "ended"));
	r->done = true;
	for (unsigned reach = REACH_NONE; reach <= REACH_OURS; reach++)
		if (strcmp(name, probe_result_reach_name((enum prober_reach)reach)) == 0) {
			r->reach = (enum prober_reach)reach;
			return OK;
		}
	if (!json_is_null(json_object_get(json, "reach")) && name[0] != '\0')
		return fault(e, "reach");
	/* What came back, or was accepted, says enough. */
	r->done = json_object_get(json, "reach") == NULL;
	if (r->done && probe_result_verdict(r) > VERDICT_ACCEPTS)
		return error_set(e, ERR_NOT_FOUND,
			"the result is of an older version: it does not say how the probe ended");
	return OK;
}

static enum err
take_all(const json_t *json, struct probe_result *r, struct error *e)
{
	const char *tls = text_in(json, "tls");
	enum err err;

	r->from_second_source = strcmp(text_in(json, "source"), "second") == 0;
	if (take_address(json_object_get(json, "source_address"), &r->source) != OK)
		return fault(e, "source_address");
	if (strlen(tls) >= sizeof(r->tls))
		return fault(e, "tls");
	memcpy(r->tls, tls, strlen(tls) + 1);
	err = take_lists(json, r, e);
	return err == OK ? take_reach(json, r, e) : err;
}

enum err
probe_result_replay(const json_t *json, uint64_t id, struct probe_result **out, struct error *e)
{
	struct endpoint target;
	struct probe_result *r;
	enum err err;

	*out = NULL;
	if (endpoint_parse(text_of(text_in(json, "target")), &target) != OK)
		return fault(e, "target");
	r = probe_result_new(id, &target);
	if (r == NULL)
		return error_set(e, ERR_MEMORY, "out of memory");
	err = take_all(json, r, e);
	if (err != OK) {
		probe_result_free(r);
		return err;
	}
	*out = r;
	return OK;
}
