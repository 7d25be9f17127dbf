#include "probe_group.h"

#include <string.h>

#include "probe_fixture.h"
#include "unit.h"

static void
assert_log(const char *log)
{
	struct probe_fixture *f = probe_fixture();
	ck_assert_str_eq(f->server->log, log);
}

static bool
accepts_percent(struct smtp_host *h, const char *mail_from, const char *rcpt)
{
	(void)h;
	(void)mail_from;
	return strchr(rcpt, '%') != NULL && strstr(rcpt, "@mx.example.net") != NULL;
}

/* --- groups ---------------------------------------------------------------- */

START_TEST(closed_in_groups)
{
	struct probe_fixture *f = probe_fixture();
	probe_fixture_run();
	assert_log("*\nEHLO\nMAIL+RCPT\nRSET+MAIL+RCPT\nRSET+MAIL+RCPT\nRSET+MAIL+RCPT\n"
		   "RSET+MAIL+RCPT\nRSET+MAIL+RCPT+RCPT+RCPT+RCPT\nQUIT\n"
		   "*\nEHLO\nMAIL+RCPT+RCPT+RCPT+RCPT+RCPT+RCPT+RCPT+RCPT+RCPT\nQUIT\n"
		   "*\nEHLO\nMAIL+RCPT+RCPT+RCPT+RCPT+RCPT+RCPT+RCPT+RCPT+RCPT\nQUIT\n"
		   "*\nEHLO\nMAIL+RCPT+RCPT+RCPT+RCPT+RCPT+RCPT+RCPT+RCPT\nRSET\nMAIL\nRCPT\nQUIT\n"
		   "*\nEHLO\nMAIL+RCPT\nRSET+MAIL+RCPT\nRSET+MAIL+RCPT\nRSET+MAIL+RCPT\n"
		   "RSET+MAIL+RCPT+RCPT\nRSET+MAIL+RCPT\nQUIT\n"
		   "*\nEHLO\nMAIL+RCPT\nRSET+MAIL+RCPT\nQUIT\n");
	ck_assert_uint_eq(f->cases, 45);
	ck_assert_uint_eq(f->refused, 45);
	ck_assert_int_eq(f->done.reach, REACH_DONE);
}
END_TEST

START_TEST(closed_one_by_one)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.pipelining = false;
	probe_fixture_run();
	ck_assert_ptr_null(strchr(f->server->log, '+'));
	ck_assert_uint_eq(f->refused, 45);
	ck_assert_int_eq(f->done.reach, REACH_DONE);
}
END_TEST

START_TEST(the_first_case_is_asked_alone)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.accepts = accepts_all;
	f->server_conf.relayed = comes_back;
	f->conf.wait_s = 2;
	probe_fixture_run();
	assert_log("*\nEHLO\nMAIL+RCPT\nDATA\nQUIT\n");
	ck_assert_uint_eq(f->server->messages, 1);
	ck_assert_int_eq(f->done.reach, REACH_DONE);
}
END_TEST

/* P11 is taken together with P12, P13 and P18: it gets a transaction of its own. */
START_TEST(what_is_accepted_in_a_group_is_asked_alone)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.accepts = accepts_percent;
	f->server_conf.relayed = comes_back;
	f->conf.wait_s = 2;
	probe_fixture_run();
	ck_assert_ptr_nonnull(strstr(f->server->log,
		"MAIL+RCPT+RCPT+RCPT+RCPT\nQUIT\n*\nEHLO\n"
		"MAIL+RCPT\nDATA\nQUIT\n"));
	ck_assert_uint_eq(f->server->messages, 1);
	ck_assert_uint_eq(f->server->message_recipients, 1);
	ck_assert_uint_eq(f->answered[11], 1);
	ck_assert_uint_eq(f->accepted, 1);
}
END_TEST

START_TEST(everything_accepted_nothing_comes_back)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.accepts = accepts_all;
	probe_fixture_run();
	ck_assert_uint_eq(f->server->messages, PROBE_MESSAGES_MAX);
	ck_assert_uint_eq(f->server->message_recipients, 1);
	ck_assert_int_eq(f->done.reach, REACH_DONE);
}
END_TEST

static bool
accepts_quoted(struct smtp_host *h, const char *mail_from, const char *rcpt)
{
	(void)h;
	(void)mail_from;
	return strchr(rcpt, '"') != NULL;
}

/* Each message has one recipient, whatever was accepted beside it. */
START_TEST(one_message_is_of_one_form)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.accepts = accepts_quoted;
	probe_fixture_run();
	ck_assert_uint_eq(f->server->messages, 4);
	ck_assert_uint_eq(f->accepted, 4);
	ck_assert_uint_eq(f->server->message_recipients, 1);
	ck_assert_uint_eq(f->cases, 45);
}
END_TEST

/* --- servers that offer it and cannot --------------------------------------- */

static const char *
loses_commands(struct smtp_host *h, const char *line, bool *closes)
{
	(void)closes;
	return strncmp(line, "RCPT", 4) == 0 && strstr(h->log, "MAIL+RCPT\n") != NULL &&
			h->connections == 1 ?
		"" :
		NULL;
}

static const char *
hates_groups(struct smtp_host *h, const char *line, bool *closes)
{
	size_t len = strlen(h->log);

	if (strncmp(line, "RCPT", 4) != 0 || len < 11 ||
		strcmp(h->log + len - 10, "MAIL+RCPT\n") != 0)
		return NULL;
	*closes = true;
	return NULL;
}

static void
assert_falls_back(const char *why)
{
	struct probe_fixture *f = probe_fixture();
	probe_fixture_run();
	probe_fixture_assert_said(why);
	ck_assert_uint_eq(f->refused, 45);
	ck_assert_int_eq(f->done.reach, REACH_DONE);
	ck_assert_ptr_null(strchr(strstr(f->server->log, "MAIL+RCPT") + 9, '+'));
}

START_TEST(it_loses_commands)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.answer = loses_commands;
	assert_falls_back("does not answer each command");
}
END_TEST

START_TEST(it_hangs_up_on_groups)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.answer = hates_groups;
	assert_falls_back("ends the connection");
}
END_TEST

static const char *
says_so(struct smtp_host *h, const char *line, bool *closes)
{
	bool dislikes = hates_groups(h, line, closes) != NULL || *closes;

	*closes = false;
	return dislikes ? "554 5.5.0 Error: improper command PIPELINING after RCPT" : NULL;
}

START_TEST(it_says_that_it_cannot)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.answer = says_so;
	assert_falls_back("answers out of order");
}
END_TEST

static const char *
refuses_mail(struct smtp_host *h, const char *line, bool *closes)
{
	(void)h;
	(void)closes;
	return strncmp(line, "MAIL", 4) == 0 ? "550 5.7.1 no mail from you" : NULL;
}

/* The first MAIL is refused: the group may be why. Refused alone, it is the sender. */
START_TEST(every_sender_is_refused)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.answer = refuses_mail;
	probe_fixture_run();
	ck_assert_uint_eq(f->refused, 45);
	ck_assert_uint_le(f->server->connections, 4);
	ck_assert_int_eq(f->done.reach, REACH_DONE);
}
END_TEST

static const char *
refuses_null(struct smtp_host *h, const char *line, bool *closes)
{
	(void)h;
	(void)closes;
	return strcmp(line, "MAIL FROM:<>") == 0 ? "550 5.7.1 no bounces" : NULL;
}

START_TEST(one_sender_is_refused)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.answer = refuses_null;
	probe_fixture_run();
	ck_assert_ptr_null(strstr(f->transcript, "one command at a time"));
	ck_assert_uint_eq(f->refused, 45);
	ck_assert_uint_eq(f->answered[2], 1);
	ck_assert_uint_eq(f->answered[41], 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("probe_group");
	TCase *groups = tcase_create("groups"), *cannot = tcase_create("cannot");

	tcase_add_checked_fixture(groups, probe_fixture_set_up, probe_fixture_tear_down);
	tcase_set_timeout(groups, 30);
	tcase_add_test(groups, closed_in_groups);
	tcase_add_test(groups, closed_one_by_one);
	tcase_add_test(groups, the_first_case_is_asked_alone);
	tcase_add_test(groups, what_is_accepted_in_a_group_is_asked_alone);
	tcase_add_test(groups, everything_accepted_nothing_comes_back);
	tcase_add_test(groups, one_message_is_of_one_form);
	suite_add_tcase(s, groups);
	tcase_add_checked_fixture(cannot, probe_fixture_set_up, probe_fixture_tear_down);
	tcase_set_timeout(cannot, 30);
	tcase_add_test(cannot, it_loses_commands);
	tcase_add_test(cannot, it_hangs_up_on_groups);
	tcase_add_test(cannot, it_says_that_it_cannot);
	tcase_add_test(cannot, every_sender_is_refused);
	tcase_add_test(cannot, one_sender_is_refused);
	suite_add_tcase(s, cannot);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
