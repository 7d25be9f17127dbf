#include "server_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <orbl/control.h>

#include "store_sql.h"

/* So that a list has 40 kB. */
static void
list_hosts(void)
{
	char host[32];

	for (int i = 0; i < 200; i++) {
		snprintf(host, sizeof(host), "198.51.100.%d", i);
		analyzer_list(server_analyzer(), host, CATEGORY_RELAY, 1, INT32_MAX);
	}
}

/* --- requests ------------------------------------------------------------ */

START_TEST(a_connection_carries_several_requests)
{
	int fd = connect_client();
	char text[65536];

	put_text(fd, "{\"cmd\":\"status\"}\n");
	assert_answer(fd, "");
	put_text(fd, "{\"cmd\":\"nonsense\"}\n");
	assert_answer(fd, "unsupported");
	put_text(fd,
		"{\"cmd\":\"list\"}\n{\"cmd\":\"check\",\"address\":\"192.0.2.1\"}\n{\"cmd\":"
		"\"status\"}\n{\"cmd\"");
	ck_assert_int_gt(get(fd, text, sizeof(text)), 0);
	ck_assert_uint_eq(count_lines(text), 3);
	put_text(fd, ":\"list\"}\n");
	assert_answer(fd, "");
	close(fd);
}
END_TEST

static const char *const garbage[] = {"\n", "nonsense\n", "[]\n", "\"status\"\n", "{\n", "7\n",
	"{\"cmd\":\"status\"} x\n", "{\"cmd\":\"a\",\"cmd\":\"b\"}\n", "{\"cmd\":\"\\ud800\"}\n",
	"\xff\xfe\n", "GET / HTTP/1.1\r\n\r\n"};

START_TEST(garbage_is_answered_and_hung_up_on)
{
	int fd = connect_client();

	put_text(fd, garbage[_i]);
	assert_answer(fd, "syntax");
	assert_hung_up(fd);
}
END_TEST

START_TEST(a_line_without_end_is_hung_up_on)
{
	int fd = connect_client();
	char *text = malloc(CONTROL_CHUNK_MAX + 1);

	memset(text, '{', CONTROL_CHUNK_MAX + 1);
	put(fd, text, CONTROL_CHUNK_MAX + 1);
	free(text);
	assert_answer(fd, "syntax");
	assert_hung_up(fd);
}
END_TEST

START_TEST(who_has_said_all_still_gets_the_answers)
{
	static const char request[] = "{\"cmd\":\"list\"}\n";
	int fd = connect_client();
	char text[1 << 22];

	list_hosts();
	for (int i = 0; i < 40; i++) /* more than the kernel keeps for us */
		ck_assert_int_eq(send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL),
			sizeof(request) - 1);
	ck_assert_int_eq(send(fd, request, 7, MSG_NOSIGNAL), 7); /* a piece of one is none */
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	analyzer_turn(server_analyzer());
	ck_assert_int_gt(get(fd, text, sizeof(text)), 0);
	ck_assert_uint_eq(count_lines(text), 40);
	assert_hung_up(fd);
	fd = connect_client();
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	assert_hung_up(fd);
}
END_TEST

static int
count_statement(unsigned type, void *context, void *statement, void *sql)
{
	(void)type;
	(void)statement;
	(void)sql;
	++*(size_t *)context;
	return 0;
}

/* A client that asks and does not read: its requests wait, they do not fill our memory. */
START_TEST(who_does_not_read_waits)
{
	static const char request[] = "{\"cmd\":\"list\"}\n";
	int fd = connect_client();
	size_t sent = 0, answered = 0, looked_up = 0;
	char text[65536];
	ssize_t n;

	list_hosts();
	sqlite3_trace_v2(server_analyzer()->store->db, SQLITE_TRACE_STMT, count_statement,
		&looked_up);
	/* An answer has 40 kB: 4 MB of them, and what the kernel keeps, and no more is done; each
	 * is some four statements. */
	for (int round = 0; round < 1000; round++) {
		n = send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
		if (n == (ssize_t)sizeof(request) - 1)
			sent++;
		else
			ck_assert_int_lt(n, 0);
		event_base_loop(server_analyzer()->base, EVLOOP_NONBLOCK);
	}
	ck_assert_uint_gt(sent, 500);
	ck_assert_uint_gt(looked_up, 50);
	ck_assert_uint_lt(looked_up, 800);
	while ((n = get(fd, text, sizeof(text))) > 0)
		answered += count_lines(text);
	ck_assert_uint_eq(answered, sent);
	close(fd);
}
END_TEST

START_TEST(many_clients_are_served_side_by_side)
{
	int fds[40];

	for (size_t i = 0; i < ORBL_COUNT(fds); i++) {
		fds[i] = connect_client();
		put_text(fds[i], "{\"cmd\":\"sta");
	}
	for (size_t i = ORBL_COUNT(fds); i-- > 0;) {
		put_text(fds[i], "tus\"}\n");
		assert_answer(fds[i], "");
		close(fds[i]);
	}
}
END_TEST

START_TEST(the_end_of_the_server_ends_its_connections)
{
	int fd = connect_client(), waiting = connect_client();

	put_text(fd, "{\"cmd\":\"submit\",\"reporter\":\"mx1\",\"file\":\"f\"}\n");
	put_chunk(fd, DENIAL);
	server_end();
	assert_hung_up(fd);
	assert_hung_up(waiting);
	ck_assert_int_eq(number("SELECT count(*) FROM submission"), 0);
}
END_TEST

/* --- bodies -------------------------------------------------------------- */

static void
put_submit(int fd)
{
	put_text(fd, "{\"cmd\":\"submit\",\"reporter\":\"mx1\",\"file\":\"mail.log\"}\n");
}

START_TEST(a_submission_is_acknowledged_when_it_is_stored)
{
	int fd = connect_client();
	json_t *json;
	char text[64];

	put_submit(fd);
	put_chunk(fd, DENIAL);
	ck_assert_int_eq(get(fd, text, sizeof(text)), -1); /* not yet */
	ck_assert_int_eq(number("SELECT count(*) FROM submission WHERE committed = 1"), 0);
	put_chunk(fd, "");
	json = get_json(fd);
	ck_assert(json_is_true(json_object_get(json, "ok")));
	ck_assert_int_eq(json_integer_value(json_object_get(json, "denials")), 1);
	json_decref(json);
	ck_assert_int_eq(number("SELECT count(*) FROM submission WHERE committed = 1"), 1);
	put_submit(fd); /* another on the same connection, in one piece */
	put(fd, "\0\0\0\1\n\0\0\0\0", 9);
	assert_answer(fd, "");
	close(fd);
}
END_TEST

START_TEST(a_body_comes_in_any_pieces)
{
	static const char body[] = "{\"cmd\":\"submit\",\"reporter\":\"mx1\",\"file\":\"f\"}\n";
	static const unsigned char header[4] = {0, 0, (sizeof(DENIAL) - 1) >> 8,
		(sizeof(DENIAL) - 1) & 0xff};
	int fd = connect_client();

	for (size_t i = 0; i < sizeof(body) - 1; i++)
		put(fd, body + i, 1);
	for (size_t i = 0; i < sizeof(header); i++)
		put(fd, header + i, 1);
	for (size_t i = 0; i < sizeof(DENIAL) - 1; i++)
		put(fd, &DENIAL[i], 1);
	for (size_t i = 0; i < 4; i++)
		put(fd, "", 1);
	assert_answer(fd, "");
	ck_assert_int_eq(number("SELECT sum(count) FROM evidence"), 1);
	close(fd);
}
END_TEST

START_TEST(the_largest_chunk_is_taken_and_no_larger)
{
	static const unsigned char largest[4] = {0, 1, 0, 0}, larger[4] = {0, 1, 0, 1};
	char *bytes = malloc(CONTROL_CHUNK_MAX);
	int fd = connect_client();

	memset(bytes, '\n', CONTROL_CHUNK_MAX);
	put_submit(fd);
	put(fd, largest, sizeof(largest));
	put(fd, bytes, CONTROL_CHUNK_MAX);
	put_chunk(fd, "");
	assert_answer(fd, "");
	put_submit(fd);
	put(fd, larger, sizeof(larger));
	assert_answer(fd, "syntax");
	assert_hung_up(fd);
	ck_assert_int_eq(number("SELECT count(*) FROM submission"), 1);
	free(bytes);
}
END_TEST

START_TEST(a_refused_submission_is_read_to_its_end)
{
	int fd = connect_client();
	char text[64];

	put_text(fd, "{\"cmd\":\"submit\",\"reporter\":\"\",\"file\":\"f\"}\n");
	put_chunk(fd, "{\"cmd\":\"status\"}\n"); /* is body, not request */
	put_chunk(fd, DENIAL);
	ck_assert_int_eq(get(fd, text, sizeof(text)), -1);
	put_chunk(fd, "");
	assert_answer(fd, "syntax");
	put_text(fd, "{\"cmd\":\"status\"}\n");
	assert_answer(fd, "");
	ck_assert_int_eq(number("SELECT count(*) FROM submission"), 0);
	close(fd);
}
END_TEST

START_TEST(a_submission_that_fails_is_read_to_its_end)
{
	int fd = connect_client();
	char text[64];

	put_submit(fd);
	put_chunk(fd, "\n");
	/* What comes next cannot be stored. */
	ck_assert_int_eq(sqlite3_exec(server_analyzer()->store->db,
				 "ALTER TABLE evidence RENAME TO gone", NULL, NULL, NULL),
		SQLITE_OK);
	put_denials(fd, _i == 0 ? 1 : 9000); /* kept in memory, and more than that */
	ck_assert_int_eq(get(fd, text, sizeof(text)), -1);
	put_chunk(fd, "");
	assert_answer(fd, "io");
	ck_assert_int_eq(sqlite3_exec(server_analyzer()->store->db,
				 "ALTER TABLE gone RENAME TO evidence", NULL, NULL, NULL),
		SQLITE_OK);
	put_submit(fd);
	put_chunk(fd, DENIAL);
	put_chunk(fd, "");
	assert_answer(fd, "");
	ck_assert_int_eq(number("SELECT sum(count) FROM evidence"), 1);
	close(fd);
}
END_TEST

START_TEST(a_client_that_hangs_up_leaves_nothing)
{
	int fd = connect_client();

	put_submit(fd);
	put_denials(fd, 9000);
	ck_assert_int_gt(number("SELECT count(*) FROM evidence"), 1);
	if (_i == 1)
		put(fd, "\0\0\1", 3);
	if (_i == 2)
		ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	else
		close(fd);
	analyzer_turn(server_analyzer());
	if (_i == 2)
		assert_hung_up(fd);
	ck_assert_int_eq(number("SELECT count(*) FROM evidence"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM seen"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM submission"), 0);
}
END_TEST

/* --- waiting for a retest ------------------------------------------------ */

static const char delist[] = "{\"cmd\":\"delist\",\"address\":\"192.0.2.7\",\"wait\":true}\n";

static void
say(uint64_t probe, enum prober_event_kind kind, const char *text)
{
	struct prober_event ev = {.kind = kind, .id = probe, .direction = '<', .reach = REACH_DONE};

	snprintf(ev.text, sizeof(ev.text), "%s", text);
	fake_prober_say(server_analyzer()->prober, &ev);
	analyzer_turn(server_analyzer());
}

START_TEST(a_retest_is_followed)
{
	int fd = connect_client(), other = connect_client();
	int64_t now_s = (int64_t)time(NULL);
	json_t *json;
	char text[65536];

	analyzer_list(server_analyzer(), "192.0.2.7", CATEGORY_RELAY, now_s, now_s + 86400);
	put_text(fd, delist);
	json = get_json(fd);
	ck_assert_ptr_null(json_object_get(json, "ok"));
	ck_assert_str_eq(json_string_value(json_object_get(json, "state")), "queued");
	json_decref(json);
	put_text(other, delist);
	ck_assert_int_gt(get(other, text, sizeof(text)), 0);
	put_text(fd, "{\"cmd\":\"status\"}\n"); /* waits its turn */
	ck_assert_int_eq(get(fd, text, sizeof(text)), -1);
	say(2, PROBER_DIALOGUE, "554 no");
	ck_assert_int_gt(get(fd, text, sizeof(text)), 0);
	ck_assert_str_eq(text, "{\"progress\":\"< 554 no\"}\n");
	close(other); /* one that waits no longer */
	say(2, PROBER_DONE, "");
	ck_assert_int_gt(get(fd, text, sizeof(text)), 0);
	ck_assert_uint_eq(count_lines(text), 2);
	ck_assert_ptr_nonnull(strstr(text, "\"state\":\"delisted\""));
	ck_assert_ptr_nonnull(strstr(text, "\"uptime_s\""));
	ck_assert_uint_eq(analyzer_listed(server_analyzer(), "192.0.2.7"), 0);
	close(fd);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("server");
	TCase *requests = tcase_create("requests"), *bodies = tcase_create("bodies");

	tcase_add_checked_fixture(requests, server_set_up, server_tear_down);
	tcase_set_timeout(requests, 60);
	tcase_add_test(requests, a_connection_carries_several_requests);
	tcase_add_loop_test(requests, garbage_is_answered_and_hung_up_on, 0,
		(int)ORBL_COUNT(garbage));
	tcase_add_test(requests, a_line_without_end_is_hung_up_on);
	tcase_add_test(requests, who_has_said_all_still_gets_the_answers);
	tcase_add_test(requests, who_does_not_read_waits);
	tcase_add_test(requests, many_clients_are_served_side_by_side);
	tcase_add_test(requests, the_end_of_the_server_ends_its_connections);
	tcase_add_test(requests, a_retest_is_followed);
	tcase_add_checked_fixture(bodies, server_set_up, server_tear_down);
	tcase_set_timeout(bodies, 60);
	tcase_add_test(bodies, a_submission_is_acknowledged_when_it_is_stored);
	tcase_add_test(bodies, a_body_comes_in_any_pieces);
	tcase_add_test(bodies, the_largest_chunk_is_taken_and_no_larger);
	tcase_add_test(bodies, a_refused_submission_is_read_to_its_end);
	tcase_add_loop_test(bodies, a_submission_that_fails_is_read_to_its_end, 0, 2);
	tcase_add_loop_test(bodies, a_client_that_hangs_up_leaves_nothing, 0, 3);
	suite_add_tcase(s, requests);
	suite_add_tcase(s, bodies);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
