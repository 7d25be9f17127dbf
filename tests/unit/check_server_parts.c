#include "server_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <orbl/control.h>

#include "store_sql.h"

static json_t *
put_follow(int fd, const char *source)
{
	char request[256];
	json_t *json;

	snprintf(request, sizeof(request),
		"{\"cmd\":\"submit\",\"reporter\":\"mx1\",\"file\":\"f\",\"follow\":true,"
		"\"source\":\"%s\"}\n",
		source);
	put_text(fd, request);
	json = get_json(fd);
	ck_assert(json_is_true(json_object_get(json, "ok")));
	return json;
}

static void
assert_follows_from(int fd, const char *source, json_int_t position)
{
	json_t *json = put_follow(fd, source), *found = json_object_get(json, "position");

	ck_assert_int_eq(json_integer_value(found), position);
	ck_assert_int_eq(json_is_null(found), position == 0);
	json_decref(json);
}

static void
put_mark(int fd, const char *mark)
{
	put_chunk(fd, "");
	put_text(fd, mark);
	put_text(fd, "\n");
}

static void
assert_part(int fd, const char *mark, json_int_t denials)
{
	json_t *json;

	put_mark(fd, mark);
	json = get_json(fd);
	ck_assert(json_is_true(json_object_get(json, "ok")));
	ck_assert_int_eq(json_integer_value(json_object_get(json, "denials")), denials);
	json_decref(json);
}

START_TEST(a_log_that_goes_on_is_acknowledged_in_parts)
{
	int fd = connect_client();
	char text[64];

	assert_follows_from(fd, "m", 0);
	put_chunk(fd, DENIAL);
	ck_assert_int_eq(get(fd, text, sizeof(text)), -1);
	ck_assert_int_eq(number("SELECT count(*) FROM evidence"), 0);
	assert_part(fd, "{\"position\":1}", 1);
	ck_assert_int_eq(number("SELECT sum(count) FROM evidence"), 1);
	assert_part(fd, "{}", 0); /* the client is alive */
	put_denials(fd, 3);
	assert_part(fd, "{\"position\":2}", 3);
	put_denials(fd, 9000);
	close(fd); /* of this nothing counts */
	analyzer_turn(server_analyzer());
	ck_assert_int_eq(number("SELECT sum(count) FROM evidence"), 4);
	ck_assert_int_eq(number("SELECT count(*) FROM submission WHERE committed = 0"), 0);
	fd = connect_client();
	assert_follows_from(fd, "m", 2);
	close(fd);
	fd = connect_client();
	assert_follows_from(fd, "another", 0);
	close(fd);
}
END_TEST

START_TEST(context_helps_and_lines_are_those_of_the_file)
{
	int fd = connect_client();

	assert_follows_from(fd, "m", 0);
	assert_part(fd, "{\"context\":true}", 0);
	put_chunk(fd, DENIAL);
	assert_part(fd, "{\"context\":false,\"line\":77}", 0);
	put_denials(fd, 2);
	assert_part(fd, "{\"position\":1}", 2);
	ck_assert_int_eq(number("SELECT max(line) FROM evidence"), 78);
	ck_assert_int_eq(number("SELECT sum(count) FROM evidence"), 2);
	close(fd);
}
END_TEST

static const struct {
	const char *mark, *error;
} wrong_marks[] = {
	{"", "syntax"}, {"[]", "syntax"}, {"{", "syntax"}, {"{\"line\":0}", "syntax"},
	{"{\"line\":\"1\"}", "syntax"}, {"{\"context\":1}", "syntax"},
	{"{\"position\":1,\"position\":2}", "syntax"},
	{"{\"context\":true}", "refused"}, /* behind what was not acknowledged */
};

START_TEST(a_wrong_mark_ends_the_connection)
{
	int fd = connect_client();

	assert_follows_from(fd, "m", 0);
	put_chunk(fd, DENIAL);
	put_mark(fd, wrong_marks[_i].mark);
	assert_answer(fd, wrong_marks[_i].error);
	assert_hung_up(fd);
	ck_assert_int_eq(number("SELECT (SELECT count(*) FROM evidence)"
				" + (SELECT count(*) FROM submission)"
				" + (SELECT count(*) FROM position)"),
		0);
}
END_TEST

START_TEST(a_mark_without_end_is_hung_up_on)
{
	int fd = connect_client();
	char *text = malloc(CONTROL_CHUNK_MAX + 1);

	assert_follows_from(fd, "m", 0);
	memset(text, '{', CONTROL_CHUNK_MAX + 1);
	put_chunk(fd, "");
	put(fd, text, CONTROL_CHUNK_MAX + 1);
	free(text);
	assert_answer(fd, "syntax");
	assert_hung_up(fd);
}
END_TEST

START_TEST(a_part_that_cannot_be_stored_is_undone)
{
	int fd = connect_client();

	assert_follows_from(fd, "m", 0);
	put_denials(fd, 1);
	assert_part(fd, "{\"position\":1}", 1);
	ck_assert_int_eq(sqlite3_exec(server_analyzer()->store->db,
				 "ALTER TABLE evidence RENAME TO gone", NULL, NULL, NULL),
		SQLITE_OK);
	put_chunk(fd, DENIAL);
	if (_i == 1)
		put_denials(fd, 9000); /* fails before the mark */
	put_mark(fd, "{\"position\":2}");
	assert_answer(fd, "io");
	assert_hung_up(fd);
	ck_assert_int_eq(sqlite3_exec(server_analyzer()->store->db,
				 "ALTER TABLE gone RENAME TO evidence", NULL, NULL, NULL),
		SQLITE_OK);
	fd = connect_client();
	assert_follows_from(fd, "m", 1);
	put_chunk(fd, DENIAL);
	assert_part(fd, "{\"position\":2}", 1);
	ck_assert_int_eq(number("SELECT sum(count) FROM evidence"), 2);
	close(fd);
}
END_TEST

/* What the first one had on its way must not count when the second one has asked. */
START_TEST(the_last_one_that_follows_a_source_has_it)
{
	static const char mark[] = "\0\0\0\0{\"position\":9}\n";
	int first = connect_client(), other = connect_client(), second;
	char text[1024];

	assert_follows_from(first, "m", 0);
	assert_follows_from(other, "n", 0);
	put_denials(first, 9000);
	second = connect_client();
	assert_follows_from(second, "m", 0);
	(void)!send(first, mark, sizeof(mark) - 1, MSG_NOSIGNAL);
	ck_assert_int_gt(get(first, text, sizeof(text)), 0);
	ck_assert_ptr_nonnull(strstr(text, "another client follows"));
	ck_assert_ptr_nonnull(strstr(text, "\"refused\""));
	assert_hung_up(first);
	ck_assert_int_eq(number("SELECT (SELECT count(*) FROM evidence)"
				" + (SELECT count(*) FROM submission)"
				" + (SELECT count(*) FROM position)"),
		0);
	put_chunk(second, DENIAL);
	assert_part(second, "{\"position\":1}", 1);
	put_chunk(other, DENIAL);
	assert_part(other, "{\"position\":1}", 1); /* known, by another way */
	ck_assert_int_eq(number("SELECT sum(count) FROM evidence"), 1);
	close(second);
	close(other);
}
END_TEST

START_TEST(who_may_not_follow_sends_no_body)
{
	int fd = connect_client();

	put_text(fd, "{\"cmd\":\"submit\",\"reporter\":\"mx1\",\"follow\":true}\n");
	assert_answer(fd, "syntax");
	put_text(fd, "{\"cmd\":\"status\"}\n");
	assert_answer(fd, "");
	close(fd);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("server_parts");
	TCase *parts = tcase_create("parts");

	tcase_add_checked_fixture(parts, server_set_up, server_tear_down);
	tcase_set_timeout(parts, 60);
	tcase_add_test(parts, a_log_that_goes_on_is_acknowledged_in_parts);
	tcase_add_test(parts, context_helps_and_lines_are_those_of_the_file);
	tcase_add_loop_test(parts, a_wrong_mark_ends_the_connection, 0,
		(int)ORBL_COUNT(wrong_marks));
	tcase_add_test(parts, a_mark_without_end_is_hung_up_on);
	tcase_add_loop_test(parts, a_part_that_cannot_be_stored_is_undone, 0, 2);
	tcase_add_test(parts, the_last_one_that_follows_a_source_has_it);
	tcase_add_test(parts, who_may_not_follow_sends_no_body);
	suite_add_tcase(s, parts);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
