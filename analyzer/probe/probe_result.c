#include "probe_result.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probe_case.h"

enum { OUTPUTS_MAX = 64, LINES_MAX = 500, STAMP = 32, REASON_MAX = 2 * PROBER_TEXT };

struct case_result {
	bool asked, arrived;
	enum prober_answer answer;
	char *mail_from, *rcpt_to, *rcpt_reply, *data_reply; /* NULL: none */
	struct addr output;                                  /* the first that delivered it */
};

struct probe_result {
	uint64_t id;
	struct endpoint target;
	bool done, bounced;
	enum prober_reach reach;
	char ended[PROBER_TEXT];
	struct addr bouncer;
	struct case_result cases[PROBE_CASE_NUMBERS]; /* by number */
	size_t output_count;
	struct addr outputs[OUTPUTS_MAX];
	size_t line_count;
	char *lines[LINES_MAX];
	char *reason; /* REASON_MAX bytes, made anew by each question */
};

const char *
verdict_name(enum verdict v)
{
	static const char *const names[VERDICT_COUNT] = {
		[VERDICT_OPEN] = "open",
		[VERDICT_OPEN_MULTIHOP] = "open-multihop",
		[VERDICT_BOUNCES] = "bounces",
		[VERDICT_ACCEPTS] = "accepts",
		[VERDICT_CLOSED] = "closed",
		[VERDICT_UNTESTABLE] = "untestable",
		[VERDICT_UNREACHABLE] = "unreachable",
		[VERDICT_UNDECIDED] = "undecided",
	};

	return names[v];
}

struct probe_result *
probe_result_new(uint64_t id, const struct endpoint *target)
{
	struct probe_result *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->reason = calloc(1, REASON_MAX);
	if (r->reason == NULL) {
		free(r);
		return NULL;
	}
	r->id = id;
	r->target = *target;
	return r;
}

static void
free_case(struct case_result *c)
{
	free(c->mail_from);
	free(c->rcpt_to);
	free(c->rcpt_reply);
	free(c->data_reply);
	c->mail_from = c->rcpt_to = c->rcpt_reply = c->data_reply = NULL;
}

void
probe_result_free(struct probe_result *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < PROBE_CASE_NUMBERS; i++)
		free_case(&r->cases[i]);
	for (size_t i = 0; i < r->line_count; i++)
		free(r->lines[i]);
	free(r->reason);
	free(r);
}

/* --- events ------------------------------------------------------------- */

static void
format_stamp(int64_t time_us, char out[STAMP])
{
	time_t seconds = (time_t)(time_us / 1000000);
	struct tm tm = {0};
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(out, STAMP, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, STAMP - n, ".%03dZ", (int)(time_us / 1000 % 1000));
}

static void
add_line(struct probe_result *r, int64_t time_us, char direction, const char *text)
{
	char stamp[STAMP], line[STAMP + PROBER_TEXT + 4];

	if (r->line_count == LINES_MAX)
		return;
	format_stamp(time_us, stamp);
	snprintf(line, sizeof(line), "%s %c %s", stamp, direction, text);
	r->lines[r->line_count] = strdup(line);
	if (r->lines[r->line_count] != NULL)
		r->line_count++;
}

static void
apply_dialogue(struct probe_result *r, const struct prober_event *ev)
{
	add_line(r, ev->time_us, ev->direction, ev->text);
}

/* A case that is asked again tells its newest answer. */
static void
apply_case(struct probe_result *r, const struct prober_event *ev)
{
	struct case_result *c = &r->cases[ev->case_index];

	free_case(c);
	c->asked = true;
	c->answer = ev->answer;
	c->mail_from = strdup(ev->mail_from);
	c->rcpt_to = strdup(ev->rcpt_to);
	c->rcpt_reply = strdup(ev->rcpt_reply);
	c->data_reply = strdup(ev->data_reply);
}

static void
add_output(struct probe_result *r, const struct addr *a)
{
	for (size_t i = 0; i < r->output_count; i++)
		if (addr_equal(&r->outputs[i], a))
			return;
	if (r->output_count < OUTPUTS_MAX)
		r->outputs[r->output_count++] = *a;
}

static void
apply_arrival(struct probe_result *r, const struct prober_event *ev)
{
	const struct probe_case *row = probe_case_by_number(ev->case_index);
	struct case_result *c = &r->cases[ev->case_index];
	char line[PROBER_TEXT];

	if (row == NULL)
		return;
	snprintf(line, sizeof(line), "%s %s: MAIL FROM:%s RCPT TO:%.320s, %.300s", row->id,
		ev->to_sender ? "bounced" : "came back", ev->mail_from, ev->rcpt_to, ev->text);
	add_line(r, ev->time_us, '*', line);
	if (ev->to_sender) {
		if (!r->bounced)
			r->bouncer = ev->peer.addr;
		r->bounced = true;
		return;
	}
	if (!c->arrived)
		c->output = ev->peer.addr;
	c->asked = c->arrived = true;
	add_output(r, &ev->peer.addr);
}

static void
apply_done(struct probe_result *r, const struct prober_event *ev)
{
	r->done = true;
	r->reach = ev->reach;
	snprintf(r->ended, sizeof(r->ended), "%s", ev->text);
}

bool
probe_result_apply(struct probe_result *r, const struct prober_event *ev)
{
	static void (*const apply[])(struct probe_result *, const struct prober_event *) = {
		[PROBER_DIALOGUE] = apply_dialogue,
		[PROBER_CASE] = apply_case,
		[PROBER_ARRIVAL] = apply_arrival,
		[PROBER_DONE] = apply_done,
	};
	bool late = r->done && ev->kind == PROBER_ARRIVAL;

	if (ev->id != r->id || (size_t)ev->kind >= ORBL_COUNT(apply) || apply[ev->kind] == NULL ||
		ev->case_index >= PROBE_CASE_NUMBERS)
		return false;
	apply[ev->kind](r, ev);
	return late;
}

/* --- verdict ------------------------------------------------------------ */

bool
probe_result_is_done(const struct probe_result *r)
{
	return r->done;
}

/* The first case, in sending order, with this answer; NULL: none. */
static const struct probe_case *
find_answer(const struct probe_result *r, enum prober_answer answer)
{
	for (size_t i = 0; i < probe_case_count(); i++) {
		const struct case_result *c = &r->cases[probe_case_row(i)->number];

		if (c->asked && c->answer == answer)
			return probe_case_row(i);
	}
	return NULL;
}

static const struct probe_case *
find_arrived(const struct probe_result *r)
{
	for (size_t i = 0; i < probe_case_count(); i++)
		if (r->cases[probe_case_row(i)->number].arrived)
			return probe_case_row(i);
	return NULL;
}

/* What came back counts before what was said: a 250 proves nothing. */
enum verdict
probe_result_verdict(const struct probe_result *r)
{
	static const enum verdict by_reach[] = {
		[REACH_NONE] = VERDICT_UNREACHABLE,
		[REACH_REFUSED] = VERDICT_UNTESTABLE,
		[REACH_TEMPORARY] = VERDICT_UNDECIDED,
		[REACH_DONE] = VERDICT_CLOSED,
	};

	for (size_t i = 0; i < r->output_count; i++)
		if (addr_equal(&r->outputs[i], &r->target.addr))
			return VERDICT_OPEN;
	if (r->output_count != 0)
		return VERDICT_OPEN_MULTIHOP;
	if (r->bounced)
		return VERDICT_BOUNCES;
	if (find_answer(r, PROBER_ANSWER_ACCEPTED) != NULL)
		return VERDICT_ACCEPTS;
	return r->done ? by_reach[r->reach] : VERDICT_UNDECIDED;
}

static const char *
deciding_reply(const struct case_result *c)
{
	if (c->data_reply != NULL && c->data_reply[0] != '\0')
		return c->data_reply;
	return c->rcpt_reply != NULL ? c->rcpt_reply : "";
}

static size_t
count_asked(const struct probe_result *r)
{
	size_t n = 0;

	for (size_t i = 0; i < PROBE_CASE_NUMBERS; i++)
		n += r->cases[i].asked;
	return n;
}

static void
explain_arrival(const struct probe_result *r, const char *how)
{
	const struct probe_case *row = find_arrived(r);
	char address[ADDR_TEXT];

	if (row == NULL)
		return;
	snprintf(r->reason, REASON_MAX, "%s (%s) came back from %s%s", row->id, row->finds,
		addr_format(&r->cases[row->number].output, address), how);
}

static void
explain_open(const struct probe_result *r)
{
	explain_arrival(r, "");
}

static void
explain_multihop(const struct probe_result *r)
{
	explain_arrival(r, ", which is not the tested address");
}

static void
explain_bounces(const struct probe_result *r)
{
	char address[ADDR_TEXT];

	snprintf(r->reason, REASON_MAX, "accepted, then bounced by %s",
		addr_format(&r->bouncer, address));
}

static void
explain_accepts(const struct probe_result *r)
{
	const struct probe_case *row = find_answer(r, PROBER_ANSWER_ACCEPTED);

	if (row == NULL)
		return;
	snprintf(r->reason, REASON_MAX, "%s was accepted (%.800s), nothing has come back", row->id,
		deciding_reply(&r->cases[row->number]));
}

static void
explain_closed(const struct probe_result *r)
{
	const struct probe_case *row = find_answer(r, PROBER_ANSWER_REFUSED);

	if (row == NULL)
		return;
	snprintf(r->reason, REASON_MAX, "all %zu cases refused; %s: %.800s", count_asked(r),
		row->id, deciding_reply(&r->cases[row->number]));
}

static void
explain_untestable(const struct probe_result *r)
{
	snprintf(r->reason, REASON_MAX, "it refuses our tester; %s", r->ended);
}

static void
explain_unreachable(const struct probe_result *r)
{
	snprintf(r->reason, REASON_MAX, "%s", r->ended);
}

static void
explain_undecided(const struct probe_result *r)
{
	const struct probe_case *row = find_answer(r, PROBER_ANSWER_TEMPORARY);

	if (row != NULL)
		snprintf(r->reason, REASON_MAX, "%s got no final answer: %.800s", row->id,
			deciding_reply(&r->cases[row->number]));
	else if (r->ended[0] != '\0')
		snprintf(r->reason, REASON_MAX, "no final answer; %s", r->ended);
	else
		snprintf(r->reason, REASON_MAX, "no final answer");
}

const char *
probe_result_reason(const struct probe_result *r)
{
	static void (*const explain[VERDICT_COUNT])(const struct probe_result *) = {
		[VERDICT_OPEN] = explain_open,
		[VERDICT_OPEN_MULTIHOP] = explain_multihop,
		[VERDICT_BOUNCES] = explain_bounces,
		[VERDICT_ACCEPTS] = explain_accepts,
		[VERDICT_CLOSED] = explain_closed,
		[VERDICT_UNTESTABLE] = explain_untestable,
		[VERDICT_UNREACHABLE] = explain_unreachable,
		[VERDICT_UNDECIDED] = explain_undecided,
	};

	r->reason[0] = '\0';
	explain[probe_result_verdict(r)](r);
	return r->reason;
}

size_t
probe_result_outputs(const struct probe_result *r, struct addr *out, size_t max)
{
	for (size_t i = 0; i < r->output_count && i < max; i++)
		out[i] = r->outputs[i];
	return r->output_count;
}

const char *
probe_result_line(const struct probe_result *r, size_t i)
{
	return i < r->line_count ? r->lines[i] : NULL;
}

/* --- JSON --------------------------------------------------------------- */

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
case_json(const struct probe_case *row, const struct case_result *c)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:b, s:o}", "case", row->id, "mail_from",
		text_json(c->mail_from), "rcpt_to", text_json(c->rcpt_to), "rcpt_reply",
		text_json(c->rcpt_reply), "data_reply", text_json(c->data_reply), "arrived",
		c->arrived, "output", address_json(&c->output));
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

static json_t *
transcript_json(const struct probe_result *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < r->line_count; i++)
		json_array_append_new(array, json_string(r->lines[i]));
	return array;
}

json_t *
probe_result_json(const struct probe_result *r)
{
	char target[ENDPOINT_TEXT];

	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "target",
		endpoint_format(&r->target, target), "verdict",
		verdict_name(probe_result_verdict(r)), "reason", probe_result_reason(r), "input",
		address_json(&r->target.addr), "outputs", outputs_json(r), "cases", cases_json(r),
		"transcript", transcript_json(r));
}
