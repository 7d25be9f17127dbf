/* ticket_fixture.h - an analyzer that is asked to delist, for check_ticket and check_prove. */
#ifndef TESTS_TICKET_FIXTURE_H
#define TESTS_TICKET_FIXTURE_H

#include "command.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <orbl/store_delisting.h>
#include <orbl/store_host.h>

#include "analyzer_fixture.h"
#include "control_proof.h"
#include "host_state.h"
#include "resolver_fixture.h"
#include "scratch.h"
#include "unit.h"

enum { DAY = 86400 };

static struct analyzer a;
static struct resolver_fixture resolver;
static int64_t now_s;
static json_t *last; /* what an observer was told the end is */
static uint64_t waits_for;

/* As the server does. */
static inline void
observe(uint64_t id, const char *text, bool done, void *context)
{
	(void)text;
	(void)context;
	if (id != waits_for || !done)
		return;
	json_decref(last);
	last = command_followed(&a.context, id, now_s);
}

static inline void
set_up(void)
{
	char lines[512], where[ENDPOINT_TEXT];

	scratch_enter();
	resolver_fixture_open(&resolver, "127.0.6.55");
	snprintf(lines, sizeof(lines),
		"delist.requests_per_day = 3\nprobe.opt_out = {192.0.2.66}\nzone.ttl = 5m\n"
		"delist.resolver = \"%s\"\nprobe.helo = relay-test.example\nprobe.port = 2525\n",
		endpoint_format(&resolver.where, where));
	for (char *c = strstr(lines, "resolver ="); *c != '\n'; c++)
		if (*c == ':')
			*c = '@';
	analyzer_open(&a, lines);
	resolver_fixture_serve(&resolver, a.base);
	pipeline_observe(a.pipeline, observe, NULL);
	now_s = (int64_t)time(NULL);
	last = NULL;
	waits_for = 0;
}

static inline void
tear_down(void)
{
	json_decref(last);
	resolver_fixture_close(&resolver);
	analyzer_close(&a);
	scratch_leave();
}

static inline json_t *
ask(const char *request)
{
	json_t *json = json_loads(request, 0, NULL);
	struct command_answer answer;

	ck_assert_msg(json != NULL, "%s", request);
	answer = command_run(&a.context, &(struct command_request){json, "somebody", now_s});
	json_decref(json);
	waits_for = answer.follow;
	return answer.object;
}

static inline const char *
text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	ck_assert_msg(s != NULL, "no text %s", key);
	return s;
}

static inline json_int_t
number(const json_t *object, const char *key)
{
	ck_assert_msg(json_is_integer(json_object_get(object, key)), "no number %s", key);
	return json_integer_value(json_object_get(object, key));
}

static inline void
assert_refused(const char *request, const char *message)
{
	json_t *answer = ask(request);

	ck_assert(json_is_false(json_object_get(answer, "ok")));
	ck_assert_msg(strstr(text(answer, "message"), message) != NULL, "%s",
		text(answer, "message"));
	json_decref(answer);
}

static const char delist[] = "{\"cmd\":\"delist\",\"address\":\"192.0.2.7\"}";

static inline json_t *
ticket(json_int_t request)
{
	char line[64];

	snprintf(line, sizeof(line), "{\"cmd\":\"ticket\",\"request\":%lld}", (long long)request);
	return ask(line);
}

static inline json_int_t
take_request(void)
{
	json_t *answer = ask(delist);
	json_int_t id;

	ck_assert_msg(json_is_true(json_object_get(answer, "ok")), "%s",
		json_string_value(json_object_get(answer, "message")));
	id = number(answer, "request");
	json_decref(answer);
	return id;
}

#define TOKEN28 "abcdefghijklmnopqrstuvwxyz23"
static const char result[] = "{\"source_address\":\"192.0.2.250\",\"cases\":[{\"case\":\"P01-"
			     "plain\",\"mail_from\":\"<a@b>\""
			     ",\"rcpt_to\":\"<" TOKEN28
			     "@d>\",\"rcpt_reply\":\"250 ok\",\"data_reply\":\"\",\"answer\":"
			     "\"accepted\",\"arrived\":true}]}";

static inline void
finish(json_int_t request, const char *verdict, const char *state)
{
	json_t *t = ticket(request);
	uint64_t probe = (uint64_t)number(t, "probe");

	ck_ok(store_probe_finish(a.store, probe, verdict, "why " TOKEN28, result, now_s + 9,
		trouble()));
	ck_ok(store_delisting_finish(a.store, probe, state, "why", now_s + 9, trouble()));
	json_decref(t);
}

/* --- tickets ------------------------------------------------------------------- */

/* --- lock-outs ------------------------------------------------------------------ */

static inline void
relapse(unsigned relapses, unsigned state)
{
	struct store_host h = {.host = fixture_address("192.0.2.7"),
		.state = state,
		.since_s = now_s,
		.relapses = relapses,
		.listed_s = now_s,
		.removed_s = now_s - DAY};

	analyzer_list(&a, "192.0.2.7", CATEGORY_RELAY, now_s, now_s + 20 * DAY);
	ck_ok(store_host_put(a.store, &h, trouble()));
}

#endif
