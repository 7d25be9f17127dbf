#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "command_json.h"
#include "command_part.h"

enum { NOTICE_MAX = 2000 };

/* --- what is asked --------------------------------------------------------- */

/* Seconds since 1970; 0: it is not there. */
static enum err
request_time(const struct command_request *r, const char *key, int64_t *out, struct error *e)
{
	const json_t *value = json_object_get(r->json, key);

	*out = 0;
	if (value == NULL || json_is_null(value))
		return OK;
	*out = (int64_t)json_integer_value(value);
	return json_is_integer(value) && *out > 0 ?
		OK :
		error_set(e, ERR_SYNTAX, "%s must be a number of seconds since 1970", key);
}

static enum err
request_times(const struct command_request *r, int64_t *since_s, int64_t *until_s, struct error *e)
{
	enum err err = request_time(r, "since", since_s, e);

	if (err == OK)
		err = request_time(r, "until", until_s, e);
	if (err == OK && *until_s != 0 && *until_s <= *since_s)
		return error_set(e, ERR_RANGE, "until must be later than since");
	return err;
}

static enum err
request_cause(const struct command_request *r, struct purge_cause *out, struct error *e)
{
	const json_t *asn = json_object_get(r->json, "asn");
	const char *name = command_text(r, "category");
	enum category category;

	if (name != NULL && category_by_name(text_of(name), &category) != OK)
		return error_set(e, ERR_SYNTAX,
			"there is no category \"%.40s\"; orbl list shows their names", name);
	if (name != NULL)
		out->categories = 1U << category;
	if (asn != NULL && !json_is_null(asn)) {
		if (!json_is_integer(asn) || json_integer_value(asn) < 1 ||
			json_integer_value(asn) > UINT32_MAX)
			return error_set(e, ERR_SYNTAX, "asn must be the number of an AS");
		out->asn = (uint32_t)json_integer_value(asn);
	}
	return request_times(r, &out->since_s, &out->until_s, e);
}

/* --- what is said ---------------------------------------------------------- */

static void
day_text(int64_t t, char out[32])
{
	time_t seconds = (time_t)t;
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&seconds, &tm) != NULL)
		strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm);
}

static void
times_text(int64_t since_s, int64_t until_s, char *out, size_t size)
{
	char since[32], until[32];

	day_text(since_s, since);
	day_text(until_s, until);
	snprintf(out, size, "%s%s%s%s", since_s != 0 ? " since " : "", since_s != 0 ? since : "",
		until_s != 0 ? " before " : "", until_s != 0 ? until : "");
}

static uint64_t
taken_off(const struct purge_counts *n)
{
	return n->suspects + n->proved + n->listings;
}

/* For the list's page: RFC 6471 section 3.9 asks that users are told. Who the reporter was is not
 * theirs to know. */
static void
notice_text(const struct purger_result *r, const char *zone, const char *of, const char *times,
	char *out, size_t size)
{
	uint64_t n = taken_off(&r->purge->counts);
	char now[32];

	day_text(r->begun_s, now);
	snprintf(out, size,
		"%s: %" PRIu64 " %s taken off %s, which %s%s. Reason: %s. Who was listed by it has "
		"nothing to do. Hosts that are open relays are tested again when other evidence "
		"names them, and listed again only if a test proves it.",
		now, n, n == 1 ? "listing was" : "listings were", zone, of, times,
		r->order->reason);
}

static void
reporter_notice(const struct purger_result *r, const char *zone, char *out, size_t size)
{
	char times[100];

	times_text(r->order->since_s, r->order->until_s, times, sizeof(times));
	notice_text(r, zone,
		times[0] != '\0' ? "had rested on logs of one reporter, now withdrawn, received" :
				   "had rested on logs of one reporter, now withdrawn",
		times, out, size);
}

static void
cause_notice(const struct purger_result *r, const char *zone, char *out, size_t size)
{
	const struct purge_cause *cause = &r->order->cause;
	char times[100], of[200], as[40] = "", category[48] = "";

	times_text(cause->since_s, cause->until_s, times, sizeof(times));
	for (unsigned i = 0; i < CATEGORY_COUNT; i++)
		if (cause->categories == 1U << i)
			snprintf(category, sizeof(category), " as %s",
				category_row((enum category)i)->name);
	if (cause->asn != 0)
		snprintf(as, sizeof(as), " for hosts of AS %" PRIu32, cause->asn);
	snprintf(of, sizeof(of), "had been made%s%s", category, as);
	notice_text(r, zone, of, times, out, size);
}

static json_t *
answer_json(const struct command_context *c)
{
	struct purger_result r;
	const struct purge_counts *n;
	char notice[NOTICE_MAX];

	purger_result(pipeline_purger(c->pipeline), &r);
	if (r.error.code != OK)
		return command_error(r.error.code, r.error.text);
	n = &r.purge->counts;
	(r.order->reporter[0] != '\0' ? reporter_notice : cause_notice)(&r, c->conf->zone.name,
		notice, sizeof(notice));
	return json_pack("{s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:O, s:I, s:o, s:o, "
			 "s:o}",
		"ok", 1, "dry_run", (int)r.order->is_dry, "submissions",
		(json_int_t)n->evidence.submissions, "denials", (json_int_t)n->evidence.denials,
		"hosts", (json_int_t)n->evidence.hosts, "probes", (json_int_t)n->cancelled,
		"suspects", (json_int_t)n->suspects, "proved", (json_int_t)n->proved, "listings",
		(json_int_t)n->listings, "nominations", (json_int_t)n->nominations, "goes", r.items,
		"goes_more", (json_int_t)r.items_more, "notice",
		command_json_text(taken_off(n) != 0 ? notice : NULL), "needs_force",
		command_json_text(r.purge->needs_force[0] != '\0' ? r.purge->needs_force : NULL),
		"held", command_json_hold(pipeline_publish_hold(c->pipeline)));
}

json_t *
command_purge_followed(const struct command_context *c)
{
	return answer_json(c);
}

void
command_abandoned(const struct command_context *c, uint64_t probe, int64_t now_s)
{
	if (probe == PURGER_NUMBER)
		purger_break_off(pipeline_purger(c->pipeline), now_s);
}

/* What nobody is told of needs no reason. */
static enum err
request_reason(const struct command_request *r, struct purger_order *o, struct error *e)
{
	const char *reason = command_text(r, "reason");
	char text[COMMAND_REASON] = "";
	enum err err = OK;

	if (!o->is_dry || (reason != NULL && *reason != '\0'))
		err = command_reason(r, text, e);
	snprintf(o->reason, sizeof(o->reason), "%s", text);
	return err;
}

static enum err
request_reporter(const struct command_request *r, struct purger_order *o, struct error *e)
{
	const char *name = command_text(r, "reporter");

	if (json_object_get(r->json, "category") != NULL || json_object_get(r->json, "asn") != NULL)
		return error_set(e, ERR_SYNTAX,
			"either the evidence of a reporter is purged, or listings by category "
			"or AS");
	if (name[0] == '\0' || strlen(name) >= sizeof(o->reporter))
		return error_set(e, ERR_NOT_FOUND, "no reporter %.80s has submitted anything",
			name);
	snprintf(o->reporter, sizeof(o->reporter), "%s", name);
	return request_times(r, &o->since_s, &o->until_s, e);
}

static enum err
take_order(const struct command_request *r, struct purger_order *o, struct error *e)
{
	enum err err;

	o->is_dry = json_is_true(json_object_get(r->json, "dry_run"));
	o->force = json_is_true(json_object_get(r->json, "force"));
	o->with_proved = json_is_true(json_object_get(r->json, "with_proved"));
	snprintf(o->author, sizeof(o->author), "%s", r->author);
	err = request_reason(r, o, e);
	if (err != OK)
		return err;
	return command_text(r, "reporter") != NULL ? request_reporter(r, o, e) :
						     request_cause(r, &o->cause, e);
}

struct command_answer
command_purge(const struct command_context *c, const struct command_request *r)
{
	struct purger_order order = {.force = false};
	struct error e = {.code = OK};
	bool waits = false;

	if (take_order(r, &order, &e) != OK ||
		purger_start(pipeline_purger(c->pipeline), &order, r->now_s, &waits, &e) != OK)
		return command_failure(&e);
	return waits ? (struct command_answer){.object = json_pack("{s:s}", "progress", "begun"),
			       .follow = PURGER_NUMBER} :
		       (struct command_answer){.object = answer_json(c)};
}
