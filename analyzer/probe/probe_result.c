#include "probe_result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "probe_result_inside.h"

struct probe_result *
probe_result_new(uint64_t id, const struct endpoint *target)
{
	struct probe_result *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->reason = calloc(1, PROBE_RESULT_REASON);
	if (r->reason == NULL) {
		free(r);
		return NULL;
	}
	r->id = id;
	r->target = *target;
	return r;
}

static void
free_case(struct probe_result_case *c)
{
	free(c->mail_from);
	free(c->rcpt_to);
	free(c->rcpt_reply);
	free(c->data_reply);
	c->mail_from = c->rcpt_to = c->rcpt_reply = c->data_reply = NULL;
}

static void
free_header(struct probe_result_header *h)
{
	for (size_t i = 0; h != NULL && i < h->count; i++)
		free(h->lines[i]);
	free(h);
}

void
probe_result_free(struct probe_result *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < PROBE_CASE_NUMBERS; i++) {
		free_case(&r->cases[i]);
		free_header(r->cases[i].header);
	}
	for (size_t i = 0; i < r->line_count; i++)
		free(r->lines[i]);
	free(r->reason);
	free(r);
}

void
probe_result_set_source(struct probe_result *r, const struct addr *source, bool second)
{
	if (source != NULL)
		r->source = *source;
	r->from_second_source = second;
}

/* --- events ------------------------------------------------------------- */

const char *
probe_result_stamp(int64_t time_us, char out[PROBE_RESULT_STAMP])
{
	time_t seconds = (time_t)(time_us / 1000000);
	struct tm tm = {0};
	size_t n;

	gmtime_r(&seconds, &tm);
	n = strftime(out, PROBE_RESULT_STAMP, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + n, PROBE_RESULT_STAMP - n, ".%03dZ", (int)(time_us / 1000 % 1000));
	return out;
}

static void
add_line(struct probe_result *r, int64_t time_us, char direction, const char *text)
{
	char stamp[PROBE_RESULT_STAMP], line[PROBE_RESULT_STAMP + PROBER_TEXT + 4];

	if (r->line_count == PROBE_RESULT_LINES_MAX)
		return;
	snprintf(line, sizeof(line), "%s %c %.*s", probe_result_stamp(time_us, stamp), direction,
		PROBER_TEXT, text);
	r->lines[r->line_count] = strdup(line);
	if (r->lines[r->line_count] != NULL)
		r->line_count++;
}

static bool
apply_dialogue(struct probe_result *r, const struct prober_event *ev)
{
	if (ev->peer.addr.family != 0)
		r->source = ev->peer.addr;
	add_line(r, ev->time_us, ev->direction, ev->text);
	return false;
}

/* A case that is asked again tells its newest answer. */
static bool
apply_case(struct probe_result *r, const struct prober_event *ev)
{
	struct probe_result_case *c = &r->cases[ev->case_index];

	free_case(c);
	c->asked = true;
	c->answer = ev->answer;
	c->mail_from = strdup(ev->mail_from);
	c->rcpt_to = strdup(ev->rcpt_to);
	c->rcpt_reply = strdup(ev->rcpt_reply);
	c->data_reply = strdup(ev->data_reply);
	c->answered_us = ev->time_us;
	return false;
}

static bool
add_output(struct probe_result *r, const struct addr *a)
{
	for (size_t i = 0; i < r->output_count; i++)
		if (addr_equal(&r->outputs[i], a))
			return false;
	if (r->output_count == PROBE_RESULT_OUTPUTS_MAX)
		return false;
	r->outputs[r->output_count++] = *a;
	return true;
}

static bool
add_bounce(struct probe_result *r, const struct prober_event *ev)
{
	struct probe_result_bounce b = {.case_index = ev->case_index,
		.time_us = ev->time_us,
		.from = ev->peer.addr};

	dsn_summary_parse(ev->dsn, &b.dsn);
	for (size_t i = 0; i < r->bounce_count; i++)
		if (r->bounces[i].case_index == b.case_index &&
			addr_equal(&r->bounces[i].from, &b.from))
			return false;
	if (r->bounce_count == PROBE_RESULT_BOUNCES_MAX)
		return false;
	r->bounces[r->bounce_count++] = b;
	return true;
}

static void
add_arrival_line(struct probe_result *r, const struct prober_event *ev, const char *what)
{
	char line[2 * PROBER_TEXT];

	snprintf(line, sizeof(line), "%s %s: MAIL FROM:%s RCPT TO:%.320s, %.300s%s%.250s",
		probe_case_by_number(ev->case_index)->id, what, ev->mail_from, ev->rcpt_to,
		ev->text, ev->dsn[0] != '\0' ? "; " : "", ev->dsn);
	add_line(r, ev->time_us, '*', line);
}

/* Refused before the message was said, it cannot have been relayed: whoever sent this has read
 * the token somewhere. */
static bool
was_never_sent(const struct probe_result_case *c)
{
	return c->asked && c->answer == PROBER_ANSWER_REFUSED &&
		(c->data_reply == NULL || c->data_reply[0] == '\0');
}

static bool
is_accepted(const struct probe_result *r, const struct probe_case *row)
{
	return r->cases[row->number].asked &&
		r->cases[row->number].answer == PROBER_ANSWER_ACCEPTED;
}

const struct probe_case *
probe_result_bounced(const struct probe_result *r, const struct probe_result_bounce *b)
{
	const struct probe_case *own = probe_case_by_number(b->case_index);

	if (is_accepted(r, own))
		return own;
	for (size_t i = 0; i < probe_case_count(); i++)
		if (is_accepted(r, probe_case_row(i)) &&
			probe_case_sender(probe_case_row(i)) == probe_case_sender(own))
			return probe_case_row(i);
	return NULL;
}

/* All are kept while it is asked: a bounce may come before the reply that says "accepted". */
const struct probe_result_bounce *
probe_result_bounce(const struct probe_result *r)
{
	for (size_t i = 0; i < r->bounce_count; i++)
		if (probe_result_bounced(r, &r->bounces[i]) != NULL)
			return &r->bounces[i];
	return NULL;
}

static bool
apply_bounce(struct probe_result *r, const struct prober_event *ev)
{
	const struct probe_result_bounce b = {.case_index = ev->case_index};

	if (r->done && probe_result_bounced(r, &b) == NULL) {
		add_arrival_line(r, ev, "bounced, but was not accepted: not counted");
		return false;
	}
	add_arrival_line(r, ev, "bounced");
	return add_bounce(r, ev);
}

/* Whether it is news: a new output, or a new bounce. */
static bool
apply_arrival(struct probe_result *r, const struct prober_event *ev)
{
	struct probe_result_case *c = &r->cases[ev->case_index];
	bool first = !c->arrived;

	if (ev->to_sender)
		return apply_bounce(r, ev);
	if (was_never_sent(c)) {
		add_arrival_line(r, ev, "came, but not from us: not counted");
		return false;
	}
	add_arrival_line(r, ev, "came back");
	if (first) {
		c->output = ev->peer.addr;
		c->arrived_us = ev->time_us;
	}
	c->header_closed = !first;
	c->asked = c->arrived = true;
	return add_output(r, &ev->peer.addr) || first;
}

static bool
apply_again(struct probe_result *r, const struct prober_event *ev)
{
	char line[PROBER_TEXT + 64];

	r->cases[ev->case_index].again = true;
	snprintf(line, sizeof(line), "%s came again: %s", probe_case_by_number(ev->case_index)->id,
		ev->text);
	add_line(r, ev->time_us, '*', line);
	return false;
}

static bool
apply_header(struct probe_result *r, const struct prober_event *ev)
{
	struct probe_result_case *c = &r->cases[ev->case_index];
	size_t len = strlen(ev->text);

	if (!c->arrived || c->header_closed)
		return false;
	if (c->header == NULL)
		c->header = calloc(1, sizeof(*c->header));
	if (c->header == NULL || c->header->count == COLLECTOR_HEADER_LINES ||
		c->header->bytes + len > COLLECTOR_HEADER_BYTES)
		return false;
	c->header->lines[c->header->count] = strdup(ev->text);
	if (c->header->lines[c->header->count] == NULL)
		return false;
	c->header->count++;
	c->header->bytes += len;
	return false;
}

static bool
apply_tls(struct probe_result *r, const struct prober_event *ev)
{
	char line[PROBER_TEXT + 64];

	snprintf(r->tls, sizeof(r->tls), "%.127s", ev->text);
	snprintf(line, sizeof(line), "encrypted from here on: %s", ev->text);
	add_line(r, ev->time_us, '*', line);
	return false;
}

static bool
apply_done(struct probe_result *r, const struct prober_event *ev)
{
	r->done = true;
	r->reach = ev->reach;
	snprintf(r->ended, sizeof(r->ended), "%s", ev->text);
	return false;
}

static const struct {
	bool (*apply)(struct probe_result *, const struct prober_event *);
	bool of_case;
} kinds[] = {
	[PROBER_DIALOGUE] = {apply_dialogue, false},
	[PROBER_CASE] = {apply_case, true},
	[PROBER_ARRIVAL] = {apply_arrival, true},
	[PROBER_HEADER] = {apply_header, true},
	[PROBER_AGAIN] = {apply_again, true},
	[PROBER_TLS] = {apply_tls, false},
	[PROBER_DONE] = {apply_done, false},
};

bool
probe_result_apply(struct probe_result *r, const struct prober_event *ev)
{
	bool was_done = r->done;

	if (ev->id != r->id || (size_t)ev->kind >= ORBL_COUNT(kinds) ||
		kinds[ev->kind].apply == NULL || ev->case_index >= PROBE_CASE_NUMBERS)
		return false;
	if (kinds[ev->kind].of_case && probe_case_by_number(ev->case_index) == NULL)
		return false;
	return kinds[ev->kind].apply(r, ev) && was_done;
}

bool
probe_result_is_done(const struct probe_result *r)
{
	return r->done;
}

struct addr
probe_result_source(const struct probe_result *r)
{
	return r->source;
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
