#include "probe_talk.h"

#include <stdio.h>
#include <string.h>

#include "probe_fixture.h"
#include "unit.h"

static void
assert_log(const char *log)
{
	struct probe_fixture *f = probe_fixture();
	ck_assert_str_eq(f->server->log, log);
}

/* --- STARTTLS ----------------------------------------------------------------- */

START_TEST(tls_required)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.tls = HOST_TLS_REQUIRED;
	probe_fixture_run();
	ck_assert_int_eq(f->done.reach, REACH_DONE);
	ck_assert_uint_eq(f->refused, 45);
	ck_assert_int_eq(strncmp(f->server->log, "*\nEHLO\nMAIL+RCPT\nSTARTTLS\nEHLO\nMAIL+RCPT\n",
				 40),
		0);
	/* The next connection knows. */
	ck_assert_ptr_nonnull(strstr(f->server->log, "*\nEHLO\nSTARTTLS\nEHLO\nMAIL+RCPT+RCPT"));
	ck_assert_str_eq(f->tls, "TLSv1.3, TLS_AES_256_GCM_SHA384, certificate CN=mx.example.net");
}
END_TEST

START_TEST(tls_and_open)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.tls = HOST_TLS_REQUIRED;
	f->server_conf.pipelining = false;
	f->server_conf.accepts = accepts_all;
	f->server_conf.relayed = comes_back;
	probe_fixture_run();
	assert_log("*\nEHLO\nMAIL\nSTARTTLS\nEHLO\nMAIL\nRCPT\nDATA\nQUIT\n");
	ck_assert_uint_eq(f->server->messages, 1);
}
END_TEST

START_TEST(tls_offered_is_not_used)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.tls = HOST_TLS_OFFERED;
	probe_fixture_run();
	ck_assert_ptr_null(strstr(f->server->log, "STARTTLS"));
	ck_assert_str_eq(f->tls, "");
	ck_assert_uint_eq(f->refused, 45);
}
END_TEST

START_TEST(tls_switched_off)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.tls = HOST_TLS_REQUIRED;
	f->conf.starttls = false;
	probe_fixture_run();
	ck_assert_ptr_null(strstr(f->server->log, "STARTTLS"));
	ck_assert_uint_eq(f->temporary, 45);
	ck_assert_int_eq(f->done.reach, REACH_TEMPORARY);
}
END_TEST

static const struct {
	enum smtp_host_tls tls;
	const char *why;
} failures[] = {
	{HOST_TLS_REFUSED, "it wants STARTTLS: 454 4.7.0"},
	{HOST_TLS_GARBAGE, "it wants STARTTLS: handshake failure: wrong version number"},
	{HOST_TLS_INJECTED, "it wants STARTTLS: handshake failure: 10 bytes in clear before it"},
	{HOST_TLS_SILENT, "it wants STARTTLS: handshake failure: no answer in time"},
};

START_TEST(tls_fails)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.tls = failures[_i].tls;
	probe_fixture_run();
	ck_assert_msg(strncmp(f->done.text, failures[_i].why, strlen(failures[_i].why)) == 0, "%s",
		f->done.text);
	ck_assert_int_eq(f->done.reach, REACH_TEMPORARY);
	ck_assert_uint_eq(f->server->connections, 1);
	ck_assert_uint_eq(f->cases, 0);
}
END_TEST

/* --- P44 ------------------------------------------------------------------------ */

static bool
accepts_postmaster(struct smtp_host *h, const char *mail_from, const char *rcpt)
{
	(void)h;
	(void)mail_from;
	return strcmp(rcpt, "<postmaster@mx.example.net>") == 0;
}

START_TEST(mixed_is_refused)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.accepts = accepts_postmaster;
	f->conf.cases = UINT64_C(1) << 1 | UINT64_C(1) << 44 | UINT64_C(1) << 3;
	probe_fixture_run();
	assert_log("*\nEHLO\nMAIL+RCPT\nRSET\nMAIL\nRCPT\nRCPT\nRSET+MAIL+RCPT\nQUIT\n");
	ck_assert_uint_eq(f->server->messages, 0); /* nothing for the postmaster */
	ck_assert_uint_eq(f->refused, 3);
}
END_TEST

static bool
checks_the_first(struct smtp_host *h, const char *mail_from, const char *rcpt)
{
	(void)mail_from;
	(void)rcpt;
	return strstr(h->paths, "postmaster@") != NULL;
}

START_TEST(mixed_is_accepted)
{
	struct probe_fixture *f = probe_fixture();

	f->server_conf.accepts = checks_the_first;
	f->conf.cases = UINT64_C(1) << 1 | UINT64_C(1) << 44;
	probe_fixture_run();
	ck_assert_uint_eq(f->server->messages, 1);
	ck_assert_uint_eq(f->server->message_recipients, 2);
	ck_assert_uint_eq(f->accepted, 1);
	ck_assert_uint_eq(f->refused, 1);
	ck_assert_uint_eq(f->answered[44], 1);
}
END_TEST

START_TEST(mixed_is_sent_with_all)
{
	struct probe_fixture *f = probe_fixture();
	f->conf.all = true;
	probe_fixture_run();
	ck_assert_uint_eq(f->cases, 46);
	ck_assert_uint_eq(f->answered[44], 1);
}
END_TEST

/* --- names ------------------------------------------------------------------------ */

/* A listed host is tested by the name that it had, whatever it says now. */
START_TEST(name_of_the_job)
{
	struct probe_fixture *f = probe_fixture();

	snprintf(f->job.host_name, sizeof(f->job.host_name), "old.example.org");
	probe_fixture_run();
	probe_fixture_assert_said("%probe.test@old.example.org>");
	probe_fixture_assert_said("@example.org>");
	ck_assert_ptr_null(strstr(f->transcript, "@mx.example.net>"));
	ck_assert_uint_eq(f->refused, 45);
}
END_TEST

/* What was stored is no more believed than what is said. */
START_TEST(name_that_is_none)
{
	struct probe_fixture *f = probe_fixture();

	snprintf(f->job.host_name, sizeof(f->job.host_name), "a> NOTIFY=NEVER");
	probe_fixture_run();
	probe_fixture_assert_said("@mx.example.net>");
	ck_assert_ptr_null(strstr(f->transcript, "NOTIFY"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("probe_talk");
	TCase *tls = tcase_create("tls"), *mixed = tcase_create("mixed");

	tcase_add_checked_fixture(tls, probe_fixture_set_up, probe_fixture_tear_down);
	tcase_set_timeout(tls, 30);
	tcase_add_test(tls, tls_required);
	tcase_add_test(tls, tls_and_open);
	tcase_add_test(tls, tls_offered_is_not_used);
	tcase_add_test(tls, tls_switched_off);
	tcase_add_loop_test(tls, tls_fails, 0, (int)ORBL_COUNT(failures));
	suite_add_tcase(s, tls);
	tcase_add_checked_fixture(mixed, probe_fixture_set_up, probe_fixture_tear_down);
	tcase_set_timeout(mixed, 30);
	tcase_add_test(mixed, mixed_is_refused);
	tcase_add_test(mixed, mixed_is_accepted);
	tcase_add_test(mixed, mixed_is_sent_with_all);
	tcase_add_test(mixed, name_of_the_job);
	tcase_add_test(mixed, name_that_is_none);
	suite_add_tcase(s, mixed);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
