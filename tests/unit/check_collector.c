#include "collector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { NOW = 1900000000 };

static const uint8_t key[TOKEN_KEY_BYTES] = {7};
static struct collector_arrival last;
static size_t arrivals, copies;
static char message[COLLECTOR_KEPT_MAX + 1]; /* of the last arrival */
static char recipient[TOKEN_TEXT], sender[TOKEN_TEXT];
static struct collector_session *session;
static char output[65536];
static size_t output_len;

static enum collector_told
take_arrival(const struct collector_arrival *a, void *context)
{
	ck_assert_ptr_null(context);
	last = *a;
	copies += a->is_copy;
	memcpy(message, a->message.len != 0 ? a->message.p : "", a->message.len);
	message[a->message.len] = '\0';
	arrivals++;
	return COLLECTOR_KEPT;
}

static struct collector_conf conf = {.domain = "probe.test",
	.name = "mx.probe.test",
	.key = key,
	.arrival_fn = take_arrival};

static void
set_up(void)
{
	struct token token = {.probe_id = 99, .case_index = 1, .hour = (uint16_t)(NOW / 3600)};
	struct addr local;

	ck_assert_int_eq(addr_parse(TEXT("192.0.2.25"), &local), OK);
	token_format(&token, key, recipient);
	token.to_sender = true;
	token_format(&token, key, sender);
	session = collector_session_new(&conf, &local);
	ck_assert_ptr_nonnull(session);
	arrivals = copies = output_len = 0;
	conf.tls = false;
	conf.url = NULL;
}

static void
tear_down(void)
{
	collector_session_free(session);
}

static void
take_output(void)
{
	struct text out = collector_output(session);

	ck_assert_uint_le(output_len + out.len, sizeof(output) - 1);
	memcpy(output + output_len, out.p, out.len);
	output_len += out.len;
	output[output_len] = '\0';
	collector_output_taken(session, out.len);
}

/* Feed it all; returns how much was taken. */
static size_t
feed_bytes(const char *bytes, size_t len)
{
	size_t done = 0, used = 1;

	take_output();
	while (done < len && used != 0) {
		used = collector_feed(session, bytes + done, len - done, NOW);
		done += used;
		take_output();
	}
	return done;
}

/* Say one thing ("$U" and "$F" are the tokens) and look at the reply's beginning. */
static void
say(const char *format, const char *wanted)
{
	char text[4096];
	size_t n = 0;

	for (const char *p = format; *p != '\0'; p++) {
		if (p[0] == '$' && (p[1] == 'U' || p[1] == 'F'))
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s",
				*++p == 'U' ? recipient : sender);
		else
			text[n++] = *p;
	}
	take_output();
	output_len = 0;
	output[0] = '\0';
	feed_bytes(text, n);
	ck_assert_msg(strncmp(output, wanted, strlen(wanted)) == 0, "to %s: %s", format, output);
}

static void
begin(const char *mail)
{
	say("EHLO relay.example\r\n", "250-mx.probe.test");
	say(mail, "250");
}

START_TEST(banner)
{
	take_output();
	ck_assert_int_eq(strncmp(output, "220 mx.probe.test ", 18), 0);
}
END_TEST

START_TEST(whole_message)
{
	begin("MAIL FROM:<$F@probe.test> SIZE=1000\r\n");
	say("RCPT TO:<$U@probe.test>\r\n", "250");
	say("DATA\r\n", "354");
	say("Subject: x\r\n\r\nhello\r\n..\r\n", "");
	ck_assert_uint_eq(arrivals, 0);
	say(".\r\n", "250");
	ck_assert_uint_eq(arrivals, 1);
	ck_assert_uint_eq(last.token.probe_id, 99);
	ck_assert(!last.token.to_sender);
	ck_assert(!last.null_sender);
	ck_assert_str_eq(last.helo, "relay.example");
	say("QUIT\r\n", "221");
	ck_assert(collector_is_over(session));
}
END_TEST

START_TEST(bounce)
{
	begin("MAIL FROM:<>\r\n");
	say("RCPT TO:<$F@probe.test>\r\n", "250");
	say("DATA\r\n", "354");
	say("x\r\n.\r\n", "250");
	ck_assert_uint_eq(arrivals, 1);
	ck_assert(last.token.to_sender);
	ck_assert(last.null_sender);
	ck_assert_str_eq(last.mail_from, "<>");
}
END_TEST

/* RCPT alone is what sender verification does: a 250, and no arrival. */
START_TEST(callout_is_no_arrival)
{
	begin("MAIL FROM:<>\r\n");
	say("RCPT TO:<$F@probe.test>\r\n", "250");
	say("RSET\r\n", "250");
	say("DATA\r\n", "503");
	say("QUIT\r\n", "221");
	ck_assert_uint_eq(arrivals, 0);
}
END_TEST

static const struct {
	const char *path, *reply;
} paths[] = {
	{"<$U@probe.test>", "250"},
	{"<$U@PROBE.TEST>", "250"},
	{"<$U@probe.test.>", "250"},
	{"<$U@sub.probe.test>", "250"}, /* P32 */
	{"<$U@[192.0.2.25]>", "250"},   /* P33 */
	{"<@mx.example,@b:$U@probe.test>", "250"},
	{"<\"$U\"@probe.test>", "250"},
	{" <$U@probe.test>", "250"},
	{"<$U@[192.0.2.26]>", "550"},
	{"<$U@notprobe.test>", "550"},
	{"<$U@example.net>", "550"},
	{"<$U@.probe.test>", "250"},
	{"<$U@>", "550"},
	{"<$U>", "550"},
	{"<>", "550"},
	{"<@>", "550"},
	{"<@probe.test>", "550"},
	{"<@a:>", "550"},
	{"<\"@probe.test>", "550"},
	{"<postmaster@probe.test>", "550 5.1.1 Nobody reads mail here"},
	{"<Postmaster>", "550 5.1.1 Nobody reads mail here"},
	{"<$U%probe.test@probe.test>", "550"}, /* still in its wrapping */
	{"<$U@probe.test@probe.test>", "550"},
	{"<probe.test!$U@probe.test>", "550"},
	{"<x$U@probe.test>", "550"},
	{"<$Ux@probe.test>", "550"},
	{"$U@probe.test", "501"},
	{"<$U@probe.test", "501"},
	{"", "501"},
};

START_TEST(recipients)
{
	char line[256];

	begin("MAIL FROM:<a@b.example>\r\n");
	snprintf(line, sizeof(line), "RCPT TO:%s\r\n", paths[_i].path);
	say(line, paths[_i].reply);
}
END_TEST

START_TEST(out_of_order)
{
	say("MAIL FROM:<a@b>\r\n", "503");
	say("RCPT TO:<$U@probe.test>\r\n", "503");
	say("DATA\r\n", "503");
	say("HELO x\r\n", "250 mx.probe.test\r\n");
	say("MAIL FROM:<a@b>\r\n", "250");
	say("MAIL FROM:<a@b>\r\n", "503");
	say("DATA\r\n", "503");
	say("NOOP\r\n", "250");
	say("RCPT TO:<$U@probe.test>\r\n", "250"); /* NOOP did not reset */
}
END_TEST

/* What follows a bare LF is still the message (no smuggled commands). */
START_TEST(end_of_data)
{
	static const char *const not_ends[] = {"\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r",
		"\r\n.\r\r\n", "\r\n. \r\n", "\r\n..\r\n"};

	for (size_t i = 0; i < ORBL_COUNT(not_ends); i++) {
		tear_down();
		set_up();
		begin("MAIL FROM:<a@b>\r\n");
		say("RCPT TO:<$U@probe.test>\r\n", "250");
		say("DATA\r\n", "354");
		say(not_ends[i], "");
		say("QUIT\r\n", "");
		ck_assert_uint_eq(output_len, 0);
		ck_assert_uint_eq(arrivals, 0);
		say("\r\n.\r\n", "250");
		ck_assert_uint_eq(arrivals, 1);
	}
}
END_TEST

START_TEST(several_recipients)
{
	struct token token = {.probe_id = 99, .hour = (uint16_t)(NOW / 3600)};
	char text[TOKEN_TEXT], line[256];

	begin("MAIL FROM:<a@b>\r\n");
	for (int i = 0; i <= COLLECTOR_RCPTS_MAX; i++) {
		token.case_index = (uint8_t)(i + 1);
		token_format(&token, key, text);
		snprintf(line, sizeof(line), "RCPT TO:<%s@probe.test>\r\n", text);
		say(line, i < COLLECTOR_RCPTS_MAX ? "250 2.1.5 Ok\r" : "452");
		if (i == 0)
			say(line, "250 2.1.5 Ok, again");
	}
	say("DATA\r\n", "354");
	say(".\r\n", "250");
	ck_assert_uint_eq(arrivals, COLLECTOR_RCPTS_MAX);
	say("DATA\r\n", "503"); /* the transaction is over */
}
END_TEST

START_TEST(error_limit)
{
	for (int i = 0; i < COLLECTOR_ERRORS_MAX; i++)
		say("XYZZY\r\n", "500");
	say("XYZZY\r\n", "421");
	ck_assert(collector_is_over(session));
	ck_assert_uint_eq(feed_bytes("NOOP\r\n", 6), 0);
}
END_TEST

START_TEST(long_lines)
{
	char line[COLLECTOR_LINE_MAX * 3];

	memset(line, 'x', sizeof(line));
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	output_len = 0;
	feed_bytes(line, sizeof(line));
	say("HELO x\r\n", "250");
	say("MAIL FROM:<a@b>\r\n", "250");
}
END_TEST

START_TEST(big_messages)
{
	static char chunk[65536];

	memset(chunk, 'x', sizeof(chunk));
	begin("MAIL FROM:<a@b>\r\n");
	say("RCPT TO:<$U@probe.test>\r\n", "250");
	say("DATA\r\n", "354");
	for (size_t n = 0; n <= COLLECTOR_MESSAGE_MAX; n += sizeof(chunk))
		ck_assert_uint_eq(feed_bytes(chunk, sizeof(chunk)), sizeof(chunk));
	say("\r\n.\r\n", "552");
	ck_assert_uint_eq(arrivals, 0);
	say("MAIL FROM:<a@b>\r\n", "250");
	say("RCPT TO:<$U@probe.test>\r\n", "250");
	say("DATA\r\n", "354");
	for (int i = 0; i < 100 && !collector_is_over(session); i++)
		feed_bytes(chunk, sizeof(chunk));
	ck_assert(collector_is_over(session)); /* a flood ends without a reply */
}
END_TEST

START_TEST(output_is_bounded)
{
	char noops[6 * 5000];

	for (size_t i = 0; i < sizeof(noops); i += 6)
		memcpy(noops + i, "HELO x", 6);
	for (size_t i = 5; i < sizeof(noops); i += 6)
		noops[i] = '\n';
	/* nobody takes the replies: it stops listening */
	ck_assert_uint_lt(collector_feed(session, noops, sizeof(noops), NOW), sizeof(noops));
	ck_assert_uint_le(collector_output(session).len, COLLECTOR_OUTPUT_MAX);
}
END_TEST

START_TEST(hostile_names_are_made_printable)
{
	say("HELO a\x1b[2J\x80\r\n", "250");
	say("MAIL FROM:<\x01\x7f@b>\r\n", "250");
	say("RCPT TO:<$U@probe.test>\r\n", "250");
	say("DATA\r\n", "354");
	say(".\r\n", "250");
	ck_assert_str_eq(last.helo, "a?[2J?");
	ck_assert_str_eq(last.mail_from, "<??@b>");
}
END_TEST

START_TEST(says_where_to_ask)
{
	char long_url[600];

	tear_down();
	conf.url = "https://probe.test/";
	session = collector_session_new(&conf, NULL);
	take_output();
	ck_assert_str_eq(output,
		"220 mx.probe.test ESMTP collector of relay tests: https://probe.test/\r\n");
	begin("MAIL FROM:<a@b>\r\n");
	say("RCPT TO:<postmaster@probe.test>\r\n",
		"550 5.1.1 Nobody reads mail here; how to reach us: https://probe.test/\r\n");
	say("RCPT TO:<x@probe.test>\r\n",
		"550 5.1.1 No such mailbox; this server takes relay tests only: https://");
	/* RFC 5321 section 4.5.3.1.5: a reply line has 512 bytes */
	memset(long_url, 'u', sizeof(long_url) - 1);
	long_url[sizeof(long_url) - 1] = '\0';
	conf.url = long_url;
	say("RCPT TO:<x@probe.test>\r\n",
		"550 5.1.1 No such mailbox; this server takes relay tests only\r\n");
	long_url[511 - 4 - strlen("550 5.1.1 Nobody reads mail here; how to reach us")] = '\0';
	say("RCPT TO:<postmaster>\r\n", "550 5.1.1 Nobody reads mail here; how to reach us: uuu");
	ck_assert_uint_le(output_len, 512);
	ck_assert_str_eq(output + output_len - 2, "\r\n");
}
END_TEST

START_TEST(verifies_nothing)
{
	say("HELO x\r\n", "250");
	say("VRFY $U\r\n", "252");
	say("EXPN $U\r\n", "502");
	ck_assert_uint_eq(arrivals, 0);
}
END_TEST

START_TEST(keeps_the_message)
{
	begin("MAIL FROM:<a@b>\r\n");
	say("RCPT TO:<$U@probe.test>\r\n", "250");
	say("DATA\r\n", "354");
	say("Subject: x\r\n folded\r\n\r\n..dot\r\n...\r\nlone \r cr\r\n.\r\n", "250");
	ck_assert_str_eq(message, "Subject: x\r\n folded\r\n\r\n.dot\r\n..\r\nlone \r cr\r\n");
	/* the next one is not the last one's */
	say("MAIL FROM:<a@b>\r\n", "250");
	say("RCPT TO:<$U@probe.test>\r\n", "250");
	say("DATA\r\n", "354");
	say(".\r\n", "250");
	ck_assert_uint_eq(arrivals, 2);
	ck_assert_str_eq(message, "");
	ck_assert_uint_eq(last.bytes, strlen(".\r"));
}
END_TEST

START_TEST(keeps_no_more_than_it_may)
{
	static char chunk[3 * COLLECTOR_KEPT_MAX];

	memset(chunk, 'x', sizeof(chunk));
	begin("MAIL FROM:<a@b>\r\n");
	say("RCPT TO:<$U@probe.test>\r\n", "250");
	say("DATA\r\n", "354");
	feed_bytes(chunk, sizeof(chunk));
	say("\r\n.\r\n", "250");
	ck_assert_uint_eq(last.message.len, COLLECTOR_KEPT_MAX);
	ck_assert_uint_gt(last.bytes, sizeof(chunk));
}
END_TEST

/* The test message at its own return path is no answer to it. */
START_TEST(copies_are_told_apart)
{
	begin("MAIL FROM:<a@b>\r\n");
	say("RCPT TO:<$F@probe.test>\r\n", "250");
	say("RCPT TO:<$U@probe.test>\r\n", "250");
	say("DATA\r\n", "354");
	say(".\r\n", "250");
	ck_assert_uint_eq(arrivals, 2);
	ck_assert_uint_eq(copies, 1);
	ck_assert(!last.is_copy); /* the recipient's */
	say("MAIL FROM:<>\r\n", "250");
	say("RCPT TO:<$U@probe.test>\r\n", "250");
	say("RCPT TO:<$F@probe.test>\r\n", "250");
	say("DATA\r\n", "354");
	say(".\r\n", "250");
	ck_assert_uint_eq(arrivals, 4);
	ck_assert_uint_eq(copies, 1); /* of bounces there are none */
}
END_TEST

/* --- STARTTLS ----------------------------------------------------------- */

static void
start_tls(void)
{
	conf.tls = true;
	say("EHLO relay.example\r\n", "250-mx.probe.test\r\n");
	ck_assert_ptr_nonnull(strstr(output, "250-STARTTLS\r\n"));
	say("STARTTLS\r\n", "220 ");
	ck_assert(collector_wants_tls(session));
}

START_TEST(no_tls_without_a_certificate)
{
	say("EHLO relay.example\r\n", "250-mx.probe.test\r\n");
	ck_assert_ptr_null(strstr(output, "STARTTLS"));
	say("STARTTLS\r\n", "503");
	ck_assert(!collector_wants_tls(session));
}
END_TEST

START_TEST(tls)
{
	start_tls();
	collector_tls_started(session, "TLSv1.3 AES");
	ck_assert(!collector_wants_tls(session));
	/* RFC 3207 section 4.2: as in the beginning, but without STARTTLS and a second banner */
	ck_assert_uint_eq(collector_output(session).len, 0);
	say("MAIL FROM:<a@b>\r\n", "503");
	say("EHLO relay.example\r\n", "250-mx.probe.test\r\n");
	ck_assert_ptr_null(strstr(output, "STARTTLS"));
	say("STARTTLS\r\n", "503");
	say("MAIL FROM:<a@b>\r\n", "250");
	say("RCPT TO:<$U@probe.test>\r\n", "250");
	say("DATA\r\n", "354");
	say(".\r\n", "250");
	ck_assert_str_eq(last.tls, "TLSv1.3 AES");
}
END_TEST

START_TEST(tls_forgets_the_transaction)
{
	conf.tls = true;
	begin("MAIL FROM:<a@b>\r\n");
	say("RCPT TO:<$U@probe.test>\r\n", "250");
	say("STARTTLS\r\n", "220 ");
	collector_tls_started(session, "TLS");
	say("DATA\r\n", "503");
	say("EHLO x\r\n", "250");
	say("DATA\r\n", "503");
}
END_TEST

/* What somebody put behind STARTTLS in clear is not taken for the client's later words. */
START_TEST(injected_commands_are_dropped)
{
	static const char injected[] = "STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@b>\r\nRCP";

	conf.tls = true;
	say("EHLO relay.example\r\n", "250");
	take_output();
	output_len = 0;
	ck_assert_uint_eq(feed_bytes(injected, sizeof(injected) - 1), sizeof(injected) - 1);
	ck_assert_str_eq(output, "220 2.0.0 Go ahead\r\n");
	say("NOOP\r\nMAIL FROM:<evil@b>\r\nRC", "");
	ck_assert_uint_eq(output_len, 0);
	collector_tls_started(session, "TLS");
	say("NOOP\r\n", "250");
	say("MAIL FROM:<a@b>\r\n", "503");
}
END_TEST

START_TEST(tls_arguments)
{
	conf.tls = true;
	say("STARTTLS now\r\n", "501");
	ck_assert(!collector_wants_tls(session));
	say("starttls\r\n", "220");
	ck_assert(collector_wants_tls(session));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("collector");
	TCase *mail = tcase_create("mail"), *bounds = tcase_create("bounds");
	TCase *encrypted = tcase_create("encrypted");

	tcase_add_checked_fixture(mail, set_up, tear_down);
	tcase_add_test(mail, banner);
	tcase_add_test(mail, whole_message);
	tcase_add_test(mail, bounce);
	tcase_add_test(mail, callout_is_no_arrival);
	tcase_add_loop_test(mail, recipients, 0, (int)ORBL_COUNT(paths));
	tcase_add_test(mail, out_of_order);
	tcase_add_test(mail, end_of_data);
	tcase_add_test(mail, says_where_to_ask);
	tcase_add_test(mail, verifies_nothing);
	tcase_add_test(mail, keeps_the_message);
	tcase_add_test(mail, copies_are_told_apart);
	tcase_add_checked_fixture(encrypted, set_up, tear_down);
	tcase_add_test(encrypted, no_tls_without_a_certificate);
	tcase_add_test(encrypted, tls);
	tcase_add_test(encrypted, tls_forgets_the_transaction);
	tcase_add_test(encrypted, injected_commands_are_dropped);
	tcase_add_test(encrypted, tls_arguments);
	tcase_add_checked_fixture(bounds, set_up, tear_down);
	tcase_add_test(bounds, several_recipients);
	tcase_add_test(bounds, error_limit);
	tcase_add_test(bounds, long_lines);
	tcase_add_test(bounds, big_messages);
	tcase_add_test(bounds, output_is_bounded);
	tcase_add_test(bounds, hostile_names_are_made_printable);
	suite_add_tcase(s, mail);
	tcase_add_test(bounds, keeps_no_more_than_it_may);
	suite_add_tcase(s, encrypted);
	suite_add_tcase(s, bounds);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
