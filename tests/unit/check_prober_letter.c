/* The token for the postmaster: to one host, in one message, that says who we are. */
#include "prober_letter.h"

#include <stdio.h>
#include <string.h>

#include <event2/event.h>
#include <sodium.h>

#include "smtp_host.h"
#include "unit.h"

#define TOKEN "0123456789abcdef0123456789abcdef"

static struct event_base *base;
static struct smtp_host *server;
static struct smtp_host_conf server_conf;
static struct prober_conf conf;
static struct probe_host host;
static struct prober_event done;
static char transcript[16384];
static bool changed;

static void
emit(void *context, struct prober_event *ev)
{
	(void)context;
	ck_assert_uint_eq(ev->id, PROBER_LETTER_FIRST + 1);
	if (ev->kind == PROBER_DIALOGUE)
		snprintf(transcript + strlen(transcript), sizeof(transcript) - strlen(transcript),
			"%c %s\n", ev->direction, ev->text);
	else
		done = *ev;
}

static void
on_changed(void *context)
{
	(void)context;
	changed = true;
}

static bool
accepts_postmaster(struct smtp_host *h, const char *mail_from, const char *rcpt)
{
	(void)h;
	return strcmp(mail_from, "<>") == 0 && strcmp(rcpt, "<postmaster@[127.0.6.91]>") == 0;
}

static void
set_up(void)
{
	base = event_base_new();
	memset(&conf, 0, sizeof(conf));
	snprintf(conf.collector_domain, sizeof(conf.collector_domain), "probe.test");
	snprintf(conf.helo, sizeof(conf.helo), "relay-test.probe.test");
	snprintf(conf.url, sizeof(conf.url), "https://probe.test/why");
	conf.reply_timeout_s = conf.session_timeout_s = 5;
	host = (struct probe_host){.base = base,
		.conf = &conf,
		.emit = emit,
		.changed = on_changed};
	server_conf = (struct smtp_host_conf){.address = "127.0.6.91",
		.accepts = accepts_postmaster};
	memset(&done, 0, sizeof(done));
	transcript[0] = '\0';
	changed = false;
}

static void
tear_down(void)
{
	if (server != NULL)
		smtp_host_free(server);
	server = NULL;
	event_base_free(base);
}

static struct prober_job
make_job(void)
{
	struct prober_job job = {.id = PROBER_LETTER_FIRST + 1, .now_s = 1900000000};

	job.target = server->where;
	snprintf(job.letter, sizeof(job.letter), TOKEN);
	return job;
}

static void
deliver(void)
{
	struct prober_letter *letter;
	struct prober_job job;

	server = smtp_host_new(base, &server_conf);
	job = make_job();
	letter = prober_letter_new(&host, &job);
	ck_assert(!letter->started && !letter->done);
	prober_letter_start(letter);
	for (int i = 0; i < 500 && !letter->done; i++)
		event_base_loop(base, EVLOOP_ONCE);
	ck_assert(letter->done && letter->started && changed);
	ck_assert_int_eq(done.kind, PROBER_DONE);
	prober_letter_free(letter);
}

START_TEST(the_postmaster_gets_it)
{
	deliver();
	ck_assert_int_eq(done.reach, REACH_DONE);
	ck_assert_uint_eq(server->messages, 1);
	ck_assert_uint_eq(server->connections, 1);
	ck_assert_ptr_nonnull(strstr(transcript, "> EHLO relay-test.probe.test\n"));
	ck_assert_ptr_nonnull(strstr(transcript, "> MAIL FROM:<>\n"));
	ck_assert_ptr_nonnull(strstr(transcript, "> RCPT TO:<postmaster@[127.0.6.91]>\n"));
	ck_assert_ptr_nonnull(strstr(transcript, "> QUIT\n"));
	ck_assert_ptr_null(strstr(transcript, TOKEN)); /* nobody else sees it */
}
END_TEST

static const char *
refuse_mail(struct smtp_host *h, const char *line, bool *closes)
{
	(void)h;
	(void)closes;
	return strncmp(line, "MAIL", 4) == 0 ? "550 5.7.1 not you" : NULL;
}

static const char *
hang_up(struct smtp_host *h, const char *line, bool *closes)
{
	(void)h;
	*closes = strncmp(line, "RCPT", 4) == 0;
	return *closes ? "" : NULL;
}

static const char *
only_helo(struct smtp_host *h, const char *line, bool *closes)
{
	(void)h;
	(void)closes;
	return strncmp(line, "EHLO", 4) == 0 ? "502 what?" : NULL;
}

START_TEST(a_refusal_is_the_end)
{
	server_conf.answer = refuse_mail;
	deliver();
	ck_assert_int_eq(done.reach, REACH_TEMPORARY);
	ck_assert_ptr_nonnull(strstr(done.text, "not you"));
	ck_assert_uint_eq(server->messages, 0);
	ck_assert_uint_eq(server->connections, 1);
}
END_TEST

START_TEST(no_such_postmaster_is_the_end)
{
	server_conf.accepts = NULL;
	deliver();
	ck_assert_int_ne(done.reach, REACH_DONE);
	ck_assert_uint_eq(server->messages, 0);
}
END_TEST

START_TEST(a_hang_up_is_the_end)
{
	server_conf.answer = hang_up;
	deliver();
	ck_assert_int_ne(done.reach, REACH_DONE);
	ck_assert_uint_eq(server->connections, 1);
	ck_assert_uint_ne(strlen(done.text), 0);
}
END_TEST

START_TEST(old_servers_get_it_too)
{
	server_conf.answer = only_helo;
	deliver();
	ck_assert_int_eq(done.reach, REACH_DONE);
	ck_assert_ptr_nonnull(strstr(transcript, "> HELO relay-test.probe.test\n"));
}
END_TEST

START_TEST(an_end_in_the_middle_is_safe)
{
	struct prober_letter *letter;
	struct prober_job job;

	server = smtp_host_new(base, &server_conf);
	job = make_job();
	letter = prober_letter_new(&host, &job);
	prober_letter_start(letter);
	for (int i = 0; i < 4; i++)
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
	prober_letter_free(letter);
	prober_letter_free(NULL);
	event_base_loop(base, EVLOOP_NONBLOCK);
	ck_assert_int_ne(done.kind, PROBER_DONE);
}
END_TEST

START_TEST(the_message_says_who_and_why_and_always_fits)
{
	char message[PROBER_LETTER_MESSAGE];
	struct prober_job job = {.id = PROBER_LETTER_FIRST + 1, .now_s = 1900000000};
	size_t len;

	ck_assert_int_eq(addr_parse(TEXT("192.0.2.7"), &job.target.addr), OK);
	snprintf(job.letter, sizeof(job.letter), TOKEN);
	len = prober_letter_message(&conf, &job, message);
	ck_assert_uint_eq(strlen(message), len);
	ck_assert_ptr_nonnull(strstr(message, "From: Relay test <postmaster@probe.test>\r\n"));
	ck_assert_ptr_nonnull(strstr(message, "\r\nAuto-Submitted: auto-generated\r\n"));
	ck_assert_ptr_nonnull(strstr(message, "\r\nhttps://probe.test/why\r\n"));
	ck_assert_ptr_nonnull(strstr(message, "\r\n    " TOKEN "\r\n"));
	ck_assert_ptr_nonnull(strstr(message, "orbl delist --token " TOKEN " 192.0.2.7\r\n"));
	memset(conf.collector_domain, 'a', sizeof(conf.collector_domain) - 1);
	memset(conf.url, 'u', sizeof(conf.url) - 1);
	ck_assert_int_eq(addr_parse(TEXT("2001:db8:1111:2222:3333:4444:5555:6666"),
				 &job.target.addr),
		OK);
	ck_assert_uint_ne(prober_letter_message(&conf, &job, message), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("prober_letter");
	TCase *t = tcase_create("letter");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, the_postmaster_gets_it);
	tcase_add_test(t, a_refusal_is_the_end);
	tcase_add_test(t, no_such_postmaster_is_the_end);
	tcase_add_test(t, a_hang_up_is_the_end);
	tcase_add_test(t, old_servers_get_it_too);
	tcase_add_test(t, an_end_in_the_middle_is_safe);
	tcase_add_test(t, the_message_says_who_and_why_and_always_fits);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return sodium_init() >= 0 ? unit_run(suite()) : 1;
}
