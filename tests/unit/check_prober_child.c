/* What the prober tells of mail that comes back: from the sandbox, as it is in use. */
#include "prober.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "certificate_fixture.h"
#include "collector_client.h"
#include "scratch.h"
#include "unit.h"

enum { ID = 7 };

static struct prober_conf conf;
static struct prober *prober;
static struct error error;
static struct collector_client client;
static char recipient[TOKEN_TEXT], sender[TOKEN_TEXT];

static void
set_up(void)
{
	struct token t = {.probe_id = ID, .case_index = 1, .hour = (uint16_t)(time(NULL) / 3600)};
	enum err err;

	scratch_enter();
	certificate_make("own", NULL);
	memset(&conf, 0, sizeof(conf));
	snprintf(conf.collector_domain, sizeof(conf.collector_domain), "probe.test");
	snprintf(conf.helo, sizeof(conf.helo), "relay-test.probe.test");
	snprintf(conf.url, sizeof(conf.url), "https://probe.test/");
	snprintf(conf.user, sizeof(conf.user), "nobody");
	snprintf(conf.tls_certificate, sizeof(conf.tls_certificate), "own.crt");
	snprintf(conf.tls_key, sizeof(conf.tls_key), "own.key");
	ck_assert_int_eq(addr_parse(TEXT("127.0.6.30"), &conf.collector.addr), OK);
	conf.reply_timeout_s = conf.session_timeout_s = 5;
	conf.sessions = 4;
	conf.key[0] = 42;
	err = prober_start(&conf, &prober, &error);
	ck_assert_msg(err == OK, "%s", error.text);
	token_format(&t, conf.key, recipient);
	t.to_sender = true;
	token_format(&t, conf.key, sender);
}

static void
tear_down(void)
{
	prober_stop(prober);
	scratch_leave();
}

static void
next_event(enum prober_event_kind kind, struct prober_event *ev)
{
	struct pollfd pfd = {.fd = prober_fd(prober), .events = POLLIN};
	enum err err;

	while ((err = prober_next(prober, ev, &error)) == ERR_TIMEOUT)
		ck_assert_int_eq(poll(&pfd, 1, 5000), 1);
	ck_assert_msg(err == OK, "%s", error.text);
	ck_assert_msg(ev->kind == kind, "%d: %s", ev->kind, ev->text);
	ck_assert_uint_eq(ev->id, ID);
}

static void
next_arrival(struct prober_event *ev, bool stored)
{
	next_event(PROBER_ARRIVAL, ev);
	ck_assert_uint_ne(ev->sequence, 0);
	prober_ack(prober, ev->sequence, stored);
}

static void
expect_reply(const char *wanted)
{
	collector_client_expect(&client, wanted);
	collector_client_say(&client, "QUIT\r\n", "221");
	collector_client_hang_up(&client);
}

static void
expect_no_reply(void)
{
	struct pollfd pfd = {.fd = client.fd, .events = POLLIN};

	ck_assert_int_eq(poll(&pfd, 1, 200), 0);
}

static void
expect_silence(void)
{
	struct prober_event ev;

	ck_assert_int_eq(prober_next(prober, &ev, &error), ERR_TIMEOUT);
}

static void
send_message(bool encrypted, const char *mail_from, const char *to, const char *message)
{
	struct endpoint where = prober_collector(prober);
	char line[256];

	collector_client_dial(&client, &where);
	collector_client_expect(&client, "220 relay-test.probe.test ");
	collector_client_say(&client, "EHLO relay.example\r\n", "250-");
	if (encrypted) {
		collector_client_say(&client, "STARTTLS\r\n", "220");
		ck_assert(collector_client_encrypt(&client, TLS1_3_VERSION));
		collector_client_say(&client, "EHLO relay.example\r\n", "250-");
	}
	snprintf(line, sizeof(line), "MAIL FROM:%s\r\n", mail_from);
	collector_client_say(&client, line, "250");
	snprintf(line, sizeof(line), "RCPT TO:<%s@probe.test>\r\n", to);
	collector_client_say(&client, line, "250");
	collector_client_say(&client, "DATA\r\n", "354");
	collector_client_say(&client, message, NULL);
	collector_client_say(&client, "\r\n.\r\n", NULL);
}

/* One that waits for no acknowledgement. */
static void
deliver(bool encrypted, const char *mail_from, const char *to, const char *message)
{
	send_message(encrypted, mail_from, to, message);
	expect_reply("250");
}

static void
deliver_new(bool encrypted, const char *mail_from, const char *to, const char *message,
	struct prober_event *ev)
{
	send_message(encrypted, mail_from, to, message);
	next_arrival(ev, true);
	expect_reply("250");
}

START_TEST(arrival_and_header)
{
	static const char *const header[] = {"Received: from a", " by b", "Subject: x",
		"Odd: ?[2J"};
	struct prober_event ev;

	deliver_new(false, "<a@b>", recipient,
		"Received: from a\r\n\tby b\r\nSubject: x\r\nOdd: \x1b[2J\r\n\r\nbody\r\n", &ev);
	ck_assert(!ev.to_sender);
	ck_assert_uint_eq(ev.case_index, 1);
	ck_assert_ptr_nonnull(strstr(ev.text, "HELO relay.example"));
	ck_assert_ptr_null(strstr(ev.text, "TLS"));
	for (size_t i = 0; i < ORBL_COUNT(header); i++) {
		next_event(PROBER_HEADER, &ev);
		ck_assert_uint_eq(ev.case_index, 1);
		ck_assert_str_eq(ev.text, header[i]);
	}
	expect_silence();
}
END_TEST

START_TEST(encrypted)
{
	struct prober_event ev;

	deliver_new(true, "<a@b>", recipient, "\r\nbody\r\n", &ev);
	ck_assert_ptr_nonnull(strstr(ev.text, "HELO relay.example, TLSv1.3 TLS_"));
}
END_TEST

/* Told at 2, 4, 8 ... times; the answer is 250 all the same. */
START_TEST(replays_are_no_news)
{
	struct prober_event ev;

	deliver_new(false, "<a@b>", recipient, "\r\n", &ev);
	for (int i = 2; i <= 8; i++) {
		deliver(false, "<a@b>", recipient, "Subject: again\r\n\r\n");
		if ((i & (i - 1)) != 0)
			continue;
		next_event(PROBER_AGAIN, &ev);
		ck_assert_uint_eq(ev.case_index, 1);
	}
	ck_assert_ptr_nonnull(strstr(ev.text, "time 8"));
	expect_silence();
}
END_TEST

/* Another output: counted, but the header of the first is enough. */
START_TEST(another_peer)
{
	struct prober_event ev;

	deliver_new(false, "<a@b>", recipient, "\r\n", &ev);
	ck_assert_int_eq(addr_parse(TEXT("127.0.6.31"), &client.source), OK);
	deliver_new(false, "<a@b>", recipient, "Subject: x\r\n\r\n", &ev);
	ck_assert(addr_equal(&ev.peer.addr, &client.source));
	expect_silence();
	client.source.family = 0;
}
END_TEST

START_TEST(bounces)
{
	struct prober_event ev;
	char message[1024];

	snprintf(message, sizeof(message),
		"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n"
		"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns;mx\r\n\r\n"
		"Final-Recipient: rfc822;%s@probe.test\r\nAction: failed\r\nStatus: 5.7.1\r\n"
		"--b--\r\n",
		recipient);
	deliver_new(false, "<>", sender, message, &ev);
	ck_assert(ev.to_sender);
	ck_assert_int_eq(strncmp(ev.dsn, "failed 5.7.1 <", 14), 0);
	ck_assert_ptr_nonnull(strstr(ev.dsn, ", by mx"));
	expect_silence(); /* no header of it */
	/* others that name nothing are told apart by what they say */
	deliver_new(false, "<>", sender, "\r\none\r\n", &ev);
	ck_assert_str_eq(ev.dsn, "");
	deliver_new(false, "<>", sender, "\r\nanother\r\n", &ev);
	deliver(false, "<>", sender, "\r\none\r\n");
	next_event(PROBER_AGAIN, &ev);
}
END_TEST

START_TEST(delays_are_notes)
{
	struct prober_event ev;

	deliver(false, "<>", sender,
		"Content-Type: message/delivery-status\r\n\r\n"
		"Final-Recipient: rfc822;a@b\r\nAction: delayed\r\nStatus: 4.4.1\r\n");
	next_event(PROBER_DIALOGUE, &ev);
	ck_assert_int_eq(ev.direction, '*');
	ck_assert_ptr_nonnull(strstr(ev.text, "P01-plain: it is delayed there"));
	ck_assert_ptr_nonnull(strstr(ev.text, "(delayed 4.4.1 <a@b>)"));
	/* and what it warned of */
	deliver_new(false, "<>", sender,
		"Content-Type: message/delivery-status\r\n\r\n"
		"Final-Recipient: rfc822;a@b\r\nAction: failed\r\nStatus: 5.4.1\r\n",
		&ev);
	ck_assert(ev.to_sender);
}
END_TEST

START_TEST(long_headers_are_cut)
{
	static char message[40000];
	struct prober_event ev;
	size_t n = 0, bytes = 0, lines = 0;

	for (int i = 0; i < 1000; i++)
		n += (size_t)snprintf(message + n, sizeof(message) - n, "X-%d: %0*d\r\n", i,
			i < 3 ? 1500 : 5, i);
	/* More events than the pipe holds: it waits for us, and nothing is lost. */
	send_message(false, "<a@b>", recipient, message);
	next_arrival(&ev, true);
	while (lines < 100) {
		next_event(PROBER_HEADER, &ev);
		bytes += strlen(ev.text);
		lines++;
	}
	ck_assert_uint_le(bytes, 8192);
	collector_client_expect(&client, "250");
	collector_client_hang_up(&client);
	expect_silence();
}
END_TEST

/* --- acknowledgements ------------------------------------------------------ */

START_TEST(the_reply_waits)
{
	struct prober_event ev;

	send_message(false, "<a@b>", recipient, "\r\n");
	next_event(PROBER_ARRIVAL, &ev);
	expect_no_reply();
	prober_ack(prober, ev.sequence, true);
	expect_reply("250");
	deliver(false, "<a@b>", recipient, "\r\n"); /* stored before: at once */
	next_event(PROBER_AGAIN, &ev);
	ck_assert_uint_eq(ev.sequence, 0);
}
END_TEST

/* With 451 it comes again, and is news again. */
START_TEST(what_is_not_stored_counts_again)
{
	struct prober_event ev;

	for (int i = 0; i < 3; i++) {
		send_message(false, "<a@b>", recipient, "\r\n");
		next_arrival(&ev, false);
		ck_assert_uint_eq(ev.sequence, (uint64_t)i + 1);
		expect_reply("451 4.3.0 Not stored, try again");
	}
	deliver_new(false, "<a@b>", recipient, "\r\n", &ev);
	deliver(false, "<a@b>", recipient, "\r\n");
	next_event(PROBER_AGAIN, &ev);
	ck_assert_ptr_nonnull(strstr(ev.text, "time 2"));
}
END_TEST

/* Who did not wait for the reply: the same arrival, and the same acknowledgement. */
START_TEST(the_same_meanwhile_waits_too)
{
	struct prober_event ev;

	send_message(false, "<a@b>", recipient, "\r\n");
	next_event(PROBER_ARRIVAL, &ev);
	collector_client_hang_up(&client);
	send_message(false, "<a@b>", recipient, "\r\n");
	expect_no_reply();
	expect_silence();
	prober_ack(prober, ev.sequence, true);
	expect_reply("250");
	deliver(false, "<a@b>", recipient, "\r\n");
	next_event(PROBER_AGAIN, &ev);
}
END_TEST

START_TEST(nonsense_ends_it)
{
	struct prober_event ev;
	enum err err;

	send_message(false, "<a@b>", recipient, "\r\n");
	next_event(PROBER_ARRIVAL, &ev);
	prober_ack(prober, ev.sequence + (uint64_t)_i, true); /* 1: of what was not told */
	if (_i == 0) {
		expect_reply("250");
		prober_ack(prober, ev.sequence, true); /* twice */
	}
	while ((err = prober_next(prober, &ev, &error)) == ERR_TIMEOUT) {
		struct pollfd pfd = {.fd = prober_fd(prober), .events = POLLIN};

		ck_assert_int_eq(poll(&pfd, 1, 5000), 1);
	}
	ck_assert_int_eq(err, ERR_IO);
	if (_i != 0)
		collector_client_hang_up(&client);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("prober_child");
	TCase *tc = tcase_create("arrivals");

	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, arrival_and_header);
	tcase_add_test(tc, encrypted);
	tcase_add_test(tc, replays_are_no_news);
	tcase_add_test(tc, another_peer);
	tcase_add_test(tc, bounces);
	tcase_add_test(tc, delays_are_notes);
	tcase_add_test(tc, long_headers_are_cut);
	tcase_add_test(tc, the_reply_waits);
	tcase_add_test(tc, what_is_not_stored_counts_again);
	tcase_add_test(tc, the_same_meanwhile_waits_too);
	tcase_add_loop_test(tc, nonsense_ends_it, 0, 2);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
