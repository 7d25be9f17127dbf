#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "command_json.h"
#include "command_part.h"
#include "purge.h"

enum { ITEMS_MAX = 10000, NOTICE_MAX = 2000 };

struct items {
	json_t *array;
	uint64_t more; /* that are not in it */
};

static void
on_item(const struct purge_item *item, void *context)
{
	struct items *items = context;

	if (json_array_size(items->array) == ITEMS_MAX)
		items->more++;
	else
		json_array_append_new(items->array,
			json_pack("{s:s, s:s, s:o}", "what", item->what, "subject", item->subject,
				"category", command_json_text(item->category)));
}

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
taken_off(const struct purge *p)
{
	return p->counts.suspects + p->counts.proved + p->counts.listings;
}

/* For the list's page: RFC 6471 section 3.9 asks that users are told. Who the reporter was is not
 * theirs to know. */
static void
notice_text(const struct purge *p, const char *zone, const char *of, const char *times, char *out,
	size_t size)
{
	uint64_t n = taken_off(p);
	char now[32];

	day_text(p->lister->now_s, now);
	snprintf(out, size,
		"%s: %" PRIu64 " %s taken off %s, which %s%s. Reason: %s. Who was listed by it has "
		"nothing to do. Hosts that are open relays are tested again when other evidence "
		"names them, and listed again only if a test proves it.",
		now, n, n == 1 ? "listing was" : "listings were", zone, of, times, p->reason);
}

static json_t *
answer_json(const struct purge *p, struct items *items, const char *notice,
	const struct publish_hold *hold)
{
	const struct purge_counts *n = &p->counts;

	return json_pack("{s:b, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:I, s:o, s:o, "
			 "s:o}",
		"ok", 1, "dry_run", (int)p->is_dry, "submissions",
		(json_int_t)n->evidence.submissions, "denials", (json_int_t)n->evidence.denials,
		"hosts", (json_int_t)n->evidence.hosts, "probes", (json_int_t)n->cancelled,
		"suspects", (json_int_t)n->suspects, "proved", (json_int_t)n->proved, "listings",
		(json_int_t)n->listings, "nominations", (json_int_t)n->nominations, "goes",
		json_incref(items->array), "goes_more", (json_int_t)items->more, "notice",
		command_json_text(taken_off(p) != 0 ? notice : NULL), "needs_force",
		command_json_text(p->needs_force[0] != '\0' ? p->needs_force : NULL), "held",
		command_json_hold(hold));
}

static enum err
purge_one(struct purge *p, const struct command_request *r, char *notice, struct error *e)
{
	struct store_window w = {.reporter = command_text(r, "reporter")};
	bool with_proved = json_is_true(json_object_get(r->json, "with_proved"));
	char times[100];
	enum err err = request_times(r, &w.since_s, &w.until_s, e);

	if (err == OK &&
		(json_object_get(r->json, "category") != NULL ||
			json_object_get(r->json, "asn") != NULL))
		err = error_set(e, ERR_SYNTAX,
			"either the evidence of a reporter is purged, or listings by category "
			"or AS");
	if (err == OK)
		err = purge_reporter(p, &w, with_proved, e);
	times_text(w.since_s, w.until_s, times, sizeof(times));
	notice_text(p, p->conf->zone.name,
		"had rested on logs of one reporter, now withdrawn, received", times, notice,
		NOTICE_MAX);
	if (times[0] == '\0')
		notice_text(p, p->conf->zone.name,
			"had rested on logs of one reporter, now withdrawn", "", notice,
			NOTICE_MAX);
	return err;
}

static enum err
purge_many(struct purge *p, const struct command_request *r, char *notice, struct error *e)
{
	struct purge_cause cause = {.categories = 0};
	const char *category = command_text(r, "category");
	char times[100], of[200], as[40] = "";
	enum err err = request_cause(r, &cause, e);

	if (err == OK)
		err = purge_cause(p, &cause, e);
	times_text(cause.since_s, cause.until_s, times, sizeof(times));
	if (cause.asn != 0)
		snprintf(as, sizeof(as), " for hosts of AS %" PRIu32, cause.asn);
	snprintf(of, sizeof(of), "had been made%s%.40s%s", category != NULL ? " as " : "",
		category != NULL ? category : "", as);
	notice_text(p, p->conf->zone.name, of, times, notice, NOTICE_MAX);
	return err;
}

/* What nobody is told of needs no reason. */
static enum err
purge_reason(const struct command_request *r, bool is_dry, char out[COMMAND_REASON],
	struct error *e)
{
	const char *reason = command_text(r, "reason");

	out[0] = '\0';
	return is_dry && (reason == NULL || *reason == '\0') ? OK : command_reason(r, out, e);
}

struct command_answer
command_purge(const struct command_context *c, const struct command_request *r)
{
	struct lister lister = pipeline_lister(c->pipeline, r->now_s);
	struct items items = {.array = json_array()};
	char reason[COMMAND_REASON], notice[NOTICE_MAX];
	struct purge p = {
		.conf = c->conf,
		.lister = &lister,
		.reason = reason,
		.author = r->author,
		.is_dry = json_is_true(json_object_get(r->json, "dry_run")),
		.force = json_is_true(json_object_get(r->json, "force")),
		.permits = pipeline_publish_hold(c->pipeline)->blast == BLAST_SMALL,
		.tell = on_item,
		.context = &items,
	};
	struct error e = {.code = OK};
	json_t *answer = NULL;
	enum err err = purge_reason(r, p.is_dry, reason, &e);

	if (err == OK)
		err = command_text(r, "reporter") != NULL ? purge_one(&p, r, notice, &e) :
							    purge_many(&p, r, notice, &e);
	if (err == OK && !p.is_dry)
		pipeline_wake(c->pipeline); /* the hosts wait for a look */
	if (err == OK && !p.is_dry && lister.changed)
		pipeline_list_changed(c->pipeline);
	if (err == OK)
		answer = answer_json(&p, &items, notice, pipeline_publish_hold(c->pipeline));
	json_decref(items.array);
	return err == OK ? (struct command_answer){.object = answer} : command_failure(&e);
}
