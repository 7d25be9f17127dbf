#include "command.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "analyzer_fixture.h"
#include "retire.h"
#include "scratch.h"
#include "unit.h"

enum { DAY = 86400 };

static struct analyzer a;
static int64_t now_s;

static void
set_up(void)
{
	scratch_enter();
	analyzer_open(&a, NULL);
	now_s = (int64_t)time(NULL);
}

static void
tear_down(void)
{
	analyzer_close(&a);
	scratch_leave();
}

/* Keys and values as JSON, without the braces; a new reference. */
static json_t *
ask(const char *cmd, const char *members)
{
	char text[1024];
	struct command_answer answer;
	json_t *request;

	snprintf(text, sizeof(text), "{\"cmd\": \"%s\", %s}", cmd, members);
	request = json_loads(text, 0, NULL);
	ck_assert_msg(request != NULL, "%s", text);
	answer = command_run(&a.context, &(struct command_request){request, "alice", now_s});
	json_decref(request);
	ck_assert_ptr_nonnull(answer.object);
	ck_assert_uint_eq(answer.follow, 0);
	return answer.object;
}

static json_t *
order_well(const char *members)
{
	json_t *answer = ask("operator", members);

	ck_assert_msg(json_is_true(json_object_get(answer, "ok")), "%s: %s", members,
		json_string_value(json_object_get(answer, "message")));
	return answer;
}

static void
order(const char *members)
{
	json_decref(order_well(members));
}

/* It is refused with this code and words. */
static void
refused(const char *cmd, const char *members, enum err code, const char *words)
{
	json_t *answer = ask(cmd, members);
	const char *message = json_string_value(json_object_get(answer, "message"));

	ck_assert_msg(json_is_false(json_object_get(answer, "ok")), "%s", members);
	ck_assert_str_eq(json_string_value(json_object_get(answer, "error")), err_name(code));
	ck_assert_msg(strstr(message, words) != NULL, "%s: %s", members, message);
	json_decref(answer);
}

/* --- the end of the list ------------------------------------------------------------------- */

static const char *
stage(void)
{
	struct retirement r;

	ck_ok(retire_load(a.store, &r, trouble()));
	return retire_stage_name(r.stage);
}

static void
zone(const char *members)
{
	json_t *answer = ask("zone", members);

	ck_assert_msg(json_is_true(json_object_get(answer, "ok")), "%s: %s", members,
		json_string_value(json_object_get(answer, "message")));
	json_decref(answer);
}

#define RETIRE "\"action\": \"retire\", \"reason\": \"r\", \"stage\": "

START_TEST(a_list_ends_step_by_step)
{
	json_t *answer;

	refused("zone", RETIRE "\"gone\"", ERR_REFUSED, "not empty");
	refused("zone", RETIRE "\"empty\"", ERR_REFUSED, "not announced");
	zone(RETIRE "\"announce\"");
	ck_assert_str_eq(stage(), "announced");
	refused("zone", RETIRE "\"empty\"", ERR_REFUSED, "wait");
	now_s += 30 * DAY;
	zone(RETIRE "\"empty\"");
	ck_assert_str_eq(stage(), "empty");
	zone(RETIRE "\"gone\"");
	answer = ask("zone", "\"action\": \"show\"");
	ck_assert_str_eq(json_string_value(json_object_get(answer, "stage")), "gone");
	ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(answer, "records")),
		"dnsbl.example. 604800 IN NS u1.dnsbl.example.\n"));
	ck_assert_int_eq(json_integer_value(json_object_get(answer, "ttl")), 604800);
	json_decref(answer);
	refused("zone", RETIRE "\"empty\"", ERR_REFUSED, "orbl zone resume");
	zone("\"action\": \"resume\", \"reason\": \"sold\"");
	ck_assert_str_eq(stage(), "in service");
}
END_TEST

/* All that was off the list while it was empty comes back at once. */
START_TEST(a_list_that_is_resumed_is_published)
{
	const struct addr last = fixture_address("192.0.2.30");
	char members[160];

	analyzer_close(&a);
	analyzer_open(&a, "publish.max_change_floor = 5\n");
	for (int i = 1; i <= 30; i++) {
		snprintf(members, sizeof(members),
			"\"action\": \"list\", \"prefix\": \"192.0.2.%d\","
			"\"category\": \"suspect\", \"reason\": \"x\"",
			i);
		order(members);
	}
	json_decref(ask("publish", "\"force\": true, \"reason\": \"x\""));
	ck_assert_uint_ne(pipeline_in_dns(a.pipeline, &last, now_s), 0);
	zone(RETIRE "\"empty\", \"force\": true");
	ck_assert_uint_eq(pipeline_in_dns(a.pipeline, &last, now_s), 0);
	zone("\"action\": \"resume\", \"reason\": \"sold\"");
	ck_assert_uint_ne(pipeline_in_dns(a.pipeline, &last, now_s), 0);
}
END_TEST

START_TEST(a_bad_retirement)
{
	refused("zone", "\"action\": \"delete\"", ERR_SYNTAX, "retires, resumes and shows");
	refused("zone", "\"action\": \"retire\", \"stage\": \"announce\"", ERR_SYNTAX, "reason");
	refused("zone", RETIRE "\"burn\"", ERR_SYNTAX, "the stages are");
	refused("zone", RETIRE "\"announce\", \"at\": \"soon\"", ERR_SYNTAX, "no day");
	refused("zone", RETIRE "\"announce\", \"at\": \"2001-01-01\"", ERR_REFUSED, "is over");
	refused("zone", RETIRE "\"announce\", \"force\": true, \"at\": \"2001-01-01\"", ERR_REFUSED,
		"2001-01-01 is over");
	refused("zone", "\"action\": \"resume\", \"reason\": \"r\"", ERR_REFUSED, "in service");
	ck_assert_str_eq(stage(), "in service");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("zone");
	TCase *t = tcase_create("zone");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_list_ends_step_by_step);
	tcase_add_test(t, a_list_that_is_resumed_is_published);
	tcase_add_test(t, a_bad_retirement);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
