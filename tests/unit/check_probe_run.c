#include "probe_run.h"

#include <string.h>
#include <stdio.h>
#include <time.h>

#include <event2/event.h>

#include "probe_fixture.h"
#include "unit.h"

/* --- jobs -------------------------------------------------------------------------- */

START_TEST(only_these_cases)
{
	struct probe_fixture *f = probe_fixture();
	f->job.cases = UINT64_C(1) << 11 | UINT64_C(1) << 2;
	probe_fixture_run();
	ck_assert_uint_eq(f->cases, 2);
	ck_assert_uint_eq(f->answered[2] + f->answered[11], 2);
	ck_assert_int_eq(f->done.reach, REACH_DONE);
}
END_TEST

/* What proved it open before: one message tells, when it still is. */
START_TEST(the_proving_case_is_first)
{
	struct probe_fixture *f = probe_fixture();
	const char *first;

	f->job.first = UINT64_C(1) << 11;
	probe_fixture_run();
	first = strstr(f->transcript, "RCPT TO:");
	ck_assert_ptr_nonnull(first);
	ck_assert_msg(strchr(first, '%') != NULL && strchr(first, '%') < strchr(first, '\n'),
		"%.80s", first);
	ck_assert_uint_gt(f->cases, 20); /* and all the others */
	ck_assert_uint_eq(f->answered[1], 1);
	ck_assert_uint_eq(f->answered[11], 1);
}
END_TEST

/* With answers from an earlier run it was reachable, once. */
START_TEST(the_rest_of_a_probe_finds_nobody)
{
	struct probe_fixture *f = probe_fixture();
	f->job.cases = UINT64_C(1) << 11;
	ck_assert_int_eq(endpoint_parse(TEXT("127.0.8.9:9"), &f->job.target), OK);
	f->run = probe_run_new(&f->host, &f->job);
	probe_fixture_finish();
	ck_assert_int_eq(f->done.reach, REACH_TEMPORARY);
}
END_TEST

START_TEST(second_source)
{
	struct probe_fixture *f = probe_fixture();
	f->job.from_second_source = true;
	ck_assert_int_eq(addr_parse(TEXT("127.0.8.77"), &f->conf.second_source), OK);
	probe_fixture_run();
	ck_assert_int_eq(f->done.reach, REACH_DONE);
	ck_assert_int_eq(addr_parse(TEXT("::1"), &f->conf.second_source), OK);
}
END_TEST

START_TEST(second_source_of_another_family)
{
	struct probe_fixture *f = probe_fixture();
	f->job.from_second_source = true;
	ck_assert_int_eq(addr_parse(TEXT("::1"), &f->conf.second_source), OK);
	probe_fixture_run();
	ck_assert_uint_eq(f->server->connections, 0);
	ck_assert_int_eq(f->done.reach, REACH_OURS);
	ck_assert_ptr_nonnull(strstr(f->done.text, "probe.second_source"));
}
END_TEST

/* It says nothing of the target that our own address is gone. */
START_TEST(a_source_that_is_not_here)
{
	struct probe_fixture *f = probe_fixture();

	ck_assert_int_eq(addr_parse(TEXT("203.0.113.9"), &f->conf.source), OK);
	probe_fixture_run();
	ck_assert_uint_eq(f->server->connections, 0);
	ck_assert_int_eq(f->done.reach, REACH_OURS);
	ck_assert_ptr_nonnull(strstr(f->done.text, "must be an address of this machine"));
	ck_assert_int_eq(addr_parse(TEXT("::1"), &f->conf.source), OK);
}
END_TEST

START_TEST(ipv6_target)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.address = "::1";
	/* a source of the other family is not used */
	ck_assert_int_eq(addr_parse(TEXT("127.0.8.77"), &f->conf.source), OK);
	probe_fixture_run();
	ck_assert_uint_eq(f->refused, 45);
	ck_assert_ptr_nonnull(strstr(f->server->paths, "@[IPv6:::1]>"));
}
END_TEST

/* --- greylisting --------------------------------------------------------------------- */

static const char *
greylists(struct smtp_host *h, const char *line, bool *closes)
{
	struct probe_fixture *f = probe_fixture();
	(void)closes;
	(void)h;
	return strncmp(line, "RCPT", 4) == 0 && strstr(f->transcript, "once more") == NULL ?
		"450 4.2.0 Greylisted" :
		NULL;
}

/* Each path of the second pass was in the first one, word for word. */
START_TEST(retries_are_of_the_same_triplets)
{
	struct probe_fixture *f = probe_fixture();
	char first[sizeof(f->server->paths)];
	struct text rest, line;

	f->server_conf.answer = greylists;
	f->conf.retries = 1;
	f->conf.cases = UINT64_C(1) << 1 | UINT64_C(1) << 2 | UINT64_C(1) << 11 | UINT64_C(1) << 12;
	probe_fixture_run();
	ck_assert_uint_eq(f->temporary, 4);
	ck_assert_uint_eq(f->refused, 4);
	ck_assert_int_eq(f->done.reach, REACH_DONE);
	ck_assert_uint_eq(strlen(f->server->paths) % 2, 0);
	rest = text_from(text_of(f->server->paths), strlen(f->server->paths) / 2);
	snprintf(first, sizeof(first), "%s", f->server->paths);
	first[strlen(first) / 2] = '\0';
	while (text_next_line(&rest, &line))
		ck_assert_uint_lt(text_find(text_of(first), line), strlen(first));
}
END_TEST

/* --- not wanted any more ------------------------------------------------------------------ */

static const struct {
	const char *command,
		*last;      /* cancelled when the server hears it; what is said after that */
	const char *answer; /* NULL: the usual one */
	bool pipelining;
	enum smtp_host_tls tls;
} moments[] = {
	{"EHLO", "QUIT\n", NULL, true, HOST_TLS_NONE},
	{"MAIL", "QUIT\n", NULL, false, HOST_TLS_NONE},
	{"RCPT", "QUIT\n", NULL, false, HOST_TLS_NONE},
	{"RCPT", "QUIT\n", NULL, true, HOST_TLS_NONE},
	{"RCPT", "RCPT\n", "421 4.7.0 go away", false, HOST_TLS_NONE},
	{"DATA", "DATA\n", NULL, false, HOST_TLS_NONE}, /* 354: there is no QUIT in a message */
	{"DATA", "QUIT\n", "451 later", false, HOST_TLS_NONE},
	{"STARTTLS", "STARTTLS\n", NULL, false, HOST_TLS_REQUIRED},
	{"QUIT", "QUIT\n", NULL, true, HOST_TLS_NONE},
};
static size_t moment;

static const char *
cancels(struct smtp_host *h, const char *line, bool *closes)
{
	(void)h;
	(void)closes;
	if (strncmp(line, moments[moment].command, strlen(moments[moment].command)) != 0)
		return NULL;
	probe_run_cancel(probe_fixture()->run, "opted out");
	probe_run_cancel(probe_fixture()->run, "opted out");
	return moments[moment].answer;
}

static void
assert_cancelled(void)
{
	const struct probe_fixture *f = probe_fixture();

	ck_assert_uint_le(f->server->connections, 1);
	ck_assert_uint_eq(f->server->messages, 0);
	ck_assert_str_eq(f->done.text, "opted out");
	ck_assert_int_eq(f->done.reach, REACH_TEMPORARY);
	probe_fixture_assert_said("* nothing more is asked: opted out");
}

START_TEST(cancelled_while_it_talks)
{
	struct probe_fixture *f = probe_fixture();
	const char *last;

	moment = (size_t)_i;
	f->server_conf.pipelining = moments[_i].pipelining;
	f->server_conf.tls = moments[_i].tls;
	f->server_conf.accepts = accepts_all;
	f->server_conf.answer = cancels;
	f->conf.wait_s = 1;
	if (strcmp(moments[_i].command, "QUIT") == 0)
		f->server_conf.accepts = NULL;
	probe_fixture_run();
	assert_cancelled();
	last = moments[_i].last;
	ck_assert_uint_ge(strlen(f->server->log), strlen(last));
	ck_assert_str_eq(f->server->log + strlen(f->server->log) - strlen(last), last);
}
END_TEST

static void
taken(struct smtp_host *h, const char *rcpt)
{
	(void)h;
	(void)rcpt;
}

static void
cancel_in(enum probe_run_state state, enum probe_step step)
{
	struct probe_fixture *f = probe_fixture();

	f->server = smtp_host_new(f->base, &f->server_conf);
	f->job.target = f->server->where;
	f->run = probe_run_new(&f->host, &f->job);
	ck_assert_ptr_nonnull(f->run);
	if (state != PROBE_RUN_QUEUED)
		probe_run_start(f->run);
	while (f->run->state != state || (state == PROBE_RUN_TALKING && f->run->step != step))
		event_base_loop(f->base, EVLOOP_ONCE);
	probe_run_cancel(f->run, "opted out");
	probe_fixture_finish();
	ck_assert_str_eq(f->done.text, "opted out");
	ck_assert_uint_le(f->server->connections, 1);
}

START_TEST(cancelled_while_it_is_silent)
{
	struct probe_fixture *f = probe_fixture();

	cancel_in(PROBE_RUN_QUEUED, PROBE_STEP_GREETING);
	ck_assert_uint_eq(f->server->connections, 0);
	probe_fixture_tear_down();
	probe_fixture_set_up();
	cancel_in(PROBE_RUN_TALKING, PROBE_STEP_GREETING);
	probe_fixture_tear_down();
	probe_fixture_set_up();
	f->server_conf.answer = greylists;
	f->conf.retries = 1;
	f->conf.retry_after_s = 3600;
	f->conf.cases = UINT64_C(1) << 1;
	cancel_in(PROBE_RUN_RESTING, PROBE_STEP_QUIT);
	probe_fixture_tear_down();
	probe_fixture_set_up();
	f->server_conf.accepts = accepts_all;
	f->server_conf.relayed = taken;
	f->conf.wait_s = 3600;
	cancel_in(PROBE_RUN_TALKING, PROBE_STEP_SETTLE);
	ck_assert_uint_eq(f->server->messages, 1);
	ck_assert_str_eq(f->server->log + strlen(f->server->log) - 5, "QUIT\n");
	probe_fixture_tear_down();
	probe_fixture_set_up();
	f->server_conf.accepts = accepts_all;
	f->server_conf.relayed = taken;
	f->conf.wait_s = 3600;
	f->conf.cases = UINT64_C(1) << 1;
	cancel_in(PROBE_RUN_WAITING, PROBE_STEP_QUIT);
}
END_TEST

/* --- hostile servers ------------------------------------------------------------------- */

static const char *
closes_after_354(struct smtp_host *h, const char *line, bool *closes)
{
	(void)h;
	*closes = strcmp(line, "DATA") == 0;
	return *closes ? "354 go ahead" : NULL;
}

START_TEST(it_closes_after_354)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.accepts = accepts_all;
	f->server_conf.answer = closes_after_354;
	probe_fixture_run();
	ck_assert_uint_eq(f->accepted, 0);
	ck_assert_int_eq(f->done.reach, REACH_TEMPORARY);
	ck_assert_uint_le(f->server->connections, PROBE_CONNECTIONS_MAX);
}
END_TEST

static const char *
hangs_after_mail(struct smtp_host *h, const char *line, bool *closes)
{
	(void)h;
	(void)closes;
	return strncmp(line, "RCPT", 4) == 0 ? "" : NULL;
}

START_TEST(it_hangs_after_mail)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.answer = hangs_after_mail;
	probe_fixture_run();
	ck_assert_uint_eq(f->cases, 0);
	ck_assert_int_eq(f->done.reach, REACH_TEMPORARY);
	ck_assert_uint_le(f->server->connections, 2);
}
END_TEST

/* 8-bit garbage in the text is no garbage in the grammar. */
static const char *
mumbles(struct smtp_host *h, const char *line, bool *closes)
{
	(void)h;
	(void)closes;
	return strncmp(line, "RCPT", 4) == 0 ? "550 \x1b[2J\xff\xfe\x80" : NULL;
}

START_TEST(it_mumbles)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.answer = mumbles;
	probe_fixture_run();
	ck_assert_uint_eq(f->refused, 45);
	probe_fixture_assert_said("< 550 ?[2J???");
}
END_TEST

static const char *
is_slow(struct smtp_host *h, const char *line, bool *closes)
{
	(void)h;
	(void)line;
	*closes = false;
	if (line[0] != '\0' && strncmp(line, "EHLO", 4) != 0)
		nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	return NULL;
}

/* All sessions together have an end, however alive it is. */
START_TEST(it_takes_its_time)
{
	struct probe_fixture *f = probe_fixture();
	time_t begin = time(NULL);

	f->server_conf.pipelining = false;
	f->server_conf.answer = is_slow;
	f->conf.session_timeout_s = 1;
	probe_fixture_run();
	ck_assert_int_le(time(NULL) - begin, PROBE_BUDGET_SESSIONS + 3);
	ck_assert_uint_gt(f->server->connections, 1);
	ck_assert_int_eq(f->done.reach, REACH_TEMPORARY);
	probe_fixture_assert_said("all the time that one host gets");
}
END_TEST

static const char *
blames_us(struct smtp_host *h, const char *line, bool *closes)
{
	(void)h;
	(void)closes;
	return strncmp(line, "RCPT", 4) == 0 ?
		"554 5.7.1 Client host [127.0.0.1] blocked using dnsbl.example" :
		NULL;
}

START_TEST(it_refuses_us)
{
	struct probe_fixture *f = probe_fixture();
	f->server_conf.answer = blames_us;
	probe_fixture_run();
	ck_assert_int_eq(f->done.reach, REACH_REFUSED);
	ck_assert_uint_eq(f->server->connections, 1);
	ck_assert_uint_eq(f->refused, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("probe_run");
	TCase *jobs = tcase_create("jobs"), *hostile = tcase_create("hostile");

	tcase_add_checked_fixture(jobs, probe_fixture_set_up, probe_fixture_tear_down);
	tcase_set_timeout(jobs, 30);
	tcase_add_test(jobs, only_these_cases);
	tcase_add_test(jobs, the_proving_case_is_first);
	tcase_add_test(jobs, the_rest_of_a_probe_finds_nobody);
	tcase_add_test(jobs, second_source);
	tcase_add_test(jobs, second_source_of_another_family);
	tcase_add_test(jobs, a_source_that_is_not_here);
	tcase_add_test(jobs, ipv6_target);
	tcase_add_loop_test(jobs, cancelled_while_it_talks, 0, (int)ORBL_COUNT(moments));
	tcase_add_test(jobs, cancelled_while_it_is_silent);
	tcase_add_test(jobs, retries_are_of_the_same_triplets);
	suite_add_tcase(s, jobs);
	tcase_add_checked_fixture(hostile, probe_fixture_set_up, probe_fixture_tear_down);
	tcase_set_timeout(hostile, 30);
	tcase_add_test(hostile, it_closes_after_354);
	tcase_add_test(hostile, it_hangs_after_mail);
	tcase_add_test(hostile, it_mumbles);
	tcase_add_test(hostile, it_takes_its_time);
	tcase_add_test(hostile, it_refuses_us);
	suite_add_tcase(s, hostile);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
