#include "smtp_trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static const struct text texts[] = {
	{"Unable to relay", 15},
	{"Cannot deliver mail for <>", 26},
	{"<>: no relaying", 15},
	{"*we relay nothing", 17},
};
static const struct smtp_trace_denials denials = {ORBL_COUNT(texts), texts};

static struct session_table *table;
static struct session *session;
static struct parse_state state;
static struct denial out;

static void
setup(void)
{
	struct addr client = addr_from_ipv4(0xC0000209);

	table = session_table_new(10, 8 << 20);
	session = session_start(table, TEXT("s"));
	session_set_client(session, &client);
	session_set(table, session, SESSION_SERVER, TEXT("mx.example"));
	session_set(table, session, SESSION_CLIENT_NAME, TEXT("client.example"));
}

static void
teardown(void)
{
	session_table_free(table);
}

static void
say(const char *line)
{
	smtp_trace_command(table, session, text_of(line));
}

static enum parse_result
hear(const char *line)
{
	memset(&state, 0, sizeof(state));
	out = (struct denial){0};
	return smtp_trace_reply(table, session, text_of(line), &denials, &state, &out);
}

/* "C: line" and "S: line", one after the other; the result of the last reply, and of those before
 * it none may be a denial. */
static enum parse_result
talk(const char *dialogue)
{
	struct text rest = text_of(dialogue), line;
	enum parse_result result = PARSE_SKIP;

	while (text_next_line(&rest, &line)) {
		static char copy[3000]; /* the denial lends from it */

		ck_assert_msg(result != PARSE_DENIAL, "before: %.*s", TEXT_ARG(line));
		(void)snprintf(copy, sizeof(copy), "%.*s", TEXT_ARG(text_from(line, 3)));
		if (line.p[0] == 'C')
			say(copy);
		else
			result = hear(copy);
	}
	return result;
}

static bool
same(struct text t, const char *s)
{
	return s != NULL ? t.p != NULL && text_equal(t, text_of(s)) : t.p == NULL;
}

static void
expect(const char *helo, const char *sender, const char *recipient)
{
	ck_assert_msg(same(out.helo, helo), "helo %.*s", TEXT_ARG(out.helo));
	ck_assert_msg(same(out.sender, sender), "sender %.*s", TEXT_ARG(out.sender));
	ck_assert_msg(same(out.recipient, recipient), "recipient %.*s", TEXT_ARG(out.recipient));
	ck_assert(same(out.server, "mx.example"));
	ck_assert(same(out.client_name, "client.example"));
	ck_assert_uint_eq(addr_ipv4(&out.client), 0xC0000209);
}

#define START "S: 220 mx.example ESMTP\nC: EHLO h.example\nS: 250-mx.example\nS: 250 SIZE\n"

START_TEST(plain)
{
	ck_assert_int_eq(talk(START "C: MAIL FROM:<a@b.example> SIZE=100\nS: 250 2.1.0 ok\n"
				    "C: RCPT TO:<c@d.example>\nS: 550 5.7.1 Unable to relay for "
				    "c@d.example\n"),
		PARSE_DENIAL);
	expect("h.example", "a@b.example", "c@d.example");
	ck_assert_int_eq(out.kind, DENIAL_RELAY);
	ck_assert(same(out.reply, "550 5.7.1 Unable to relay for c@d.example"));
	ck_assert(same(out.account, NULL));
	ck_assert_int_eq(talk("C: rcpt to: e@d.example \nS: 450 unable to relay\n"), PARSE_DENIAL);
	expect("h.example", "a@b.example", "e@d.example");
	ck_assert_int_eq(out.kind, DENIAL_RELAY_TEMPORARY);
}
END_TEST

START_TEST(recipient_in_reply)
{
	ck_assert_int_eq(talk(START "C: MAIL FROM:<>\nS: 250 ok\nC: RCPT TO:<C@d.example>\n"
				    "S: 550 cannot deliver mail for <c@d.example>\n"),
		PARSE_DENIAL);
	expect("h.example", "", "C@d.example");
	ck_assert_int_eq(talk("C: RCPT TO:<c@d.example>\nS: 550 c@d.example: no relaying here\n"),
		PARSE_DENIAL);
	ck_assert_int_eq(talk("C: RCPT TO:<c@d.example>\nS: 550 <e@d.example>: no relaying\n"),
		PARSE_REJECTION);
	ck_assert_int_eq(talk("C: RCPT TO:<c@d.example>\nS: 550 c@d.example.net: no relaying\n"),
		PARSE_REJECTION);
	ck_assert_int_eq(talk("C: RCPT TO:<c@d.example>\nS: 550 no c@d.example: no relaying\n"),
		PARSE_REJECTION);
}
END_TEST

START_TEST(words_anywhere)
{
	ck_assert_int_eq(talk(START "C: MAIL FROM:<a@b.example>\nS: 250 ok\n"
				    "C: RCPT TO:<c@d.example>\nS: 550 c@d.example, We relay "
				    "nothing\n"),
		PARSE_DENIAL);
	ck_assert_int_eq(talk("C: RCPT TO:<we relay nothing@d.example>\n"
			      "S: 550 no such user we relay nothing@d.example\n"),
		PARSE_REJECTION);
}
END_TEST

START_TEST(whole_replies)
{
	memset(&state, 0, sizeof(state));
	ck_assert(same(smtp_trace_whole(&state, TEXT("250-a")), "250 a"));
	ck_assert_uint_eq(state.used, 5);
	ck_assert(same(smtp_trace_whole(&state, TEXT("250 a-b")), "250 a-b"));
	ck_assert(same(smtp_trace_whole(&state, TEXT("250-")), "250 "));
	ck_assert(same(smtp_trace_whole(&state, TEXT("250")), "250"));
	ck_assert(same(smtp_trace_whole(&state, TEXT("")), ""));
	state.used = PARSE_SCRATCH_SIZE - 2;
	ck_assert_uint_le(smtp_trace_whole(&state, TEXT("250-long")).len, 2);
}
END_TEST

START_TEST(key_used_again)
{
	ck_assert_int_eq(talk(START "C: AUTH PLAIN AHVzZXJAYi5leGFtcGxlAHNlY3JldA==\nS: 235 ok\n"
				    "C: MAIL FROM:<a@b.example>\nS: 250 ok\nC: QUIT\nS: 221 bye\n"
				    "S: 220 mx.example ESMTP\nC: RCPT TO:<c@d.example>\n"
				    "S: 550 Unable to relay\n"),
		PARSE_DENIAL);
	expect(NULL, NULL, "c@d.example");
	ck_assert_int_eq(out.kind, DENIAL_RELAY);
}
END_TEST

START_TEST(pipelining)
{
	ck_assert_int_eq(talk(START "C: MAIL FROM:<a@b.example>\nC: RCPT TO:<1@d.example>\n"
				    "C: RCPT TO:<2@d.example>\nC: RCPT TO:<3@d.example>\nC: DATA\n"
				    "S: 250 ok\nS: 250 ok\nS: 550 5.7.1 Unable to relay\n"),
		PARSE_DENIAL);
	expect("h.example", "a@b.example", "2@d.example");
	ck_assert_int_eq(hear("550 5.7.1 Unable to relay"), PARSE_DENIAL);
	expect("h.example", "a@b.example", "3@d.example");
	ck_assert_int_eq(hear("354 go on"), PARSE_SKIP);
	ck_assert_int_eq(talk("C: text\nC: .\nC: QUIT\nS: 250 taken\nS: 221 bye\n"), PARSE_SKIP);
	ck_assert_ptr_null(session_get(session, SESSION_SENDER).p);
}
END_TEST

START_TEST(several_lines)
{
	ck_assert_int_eq(talk(START "C: MAIL FROM:<a@b.example>\nS: 250-ok\nS: 250 ok\n"
				    "C: RCPT TO:<c@d.example>\nS: 550-5.7.1 Unable to relay\n"
				    "S: 550 5.7.1 see http://mx.example/\n"),
		PARSE_DENIAL);
	expect("h.example", "a@b.example", "c@d.example");
	ck_assert_int_eq(talk("C: RCPT TO:<c@d.example>\nS: 550 5.7.1 see us\n"), PARSE_REJECTION);
	ck_assert_int_eq(talk("C: RCPT TO:<c@d.example>\nS: 550-no such user\n"
			      "S: 550 go away\n"),
		PARSE_REJECTION);
}
END_TEST

START_TEST(not_replies)
{
	ck_assert_int_eq(talk("C: RCPT TO:<c@d.example>\nS: \nS: 55\nS: 550Unable to relay\n"
			      "S: Unable to relay\nS: 999 Unable to relay\nS: 550.7 Unable to "
			      "relay\n"),
		PARSE_SKIP);
	ck_assert_int_eq(hear("550"), PARSE_REJECTION);
}
END_TEST

/* Only to RCPT is the refusal of an attempt. */
START_TEST(other_commands)
{
	static const char *const commands[] = {"C: VRFY <c@d.example>\n", "C: MAIL FROM:<a@b.c>\n",
		"C: DATA\n", "C: EXPN x\nC: RCPT TO:<c@d.example>\n",
		"C: RCPT FROM:<c@d.example>\n", "C: RCPTTO:<a@b>\n", "C: \n",
		"C: HELP RCPT TO:<c@d.example>\n"};
	char dialogue[300];

	(void)snprintf(dialogue, sizeof(dialogue), START "%sS: 550 5.7.1 Unable to relay\n",
		commands[_i]);
	ck_assert_int_eq(talk(dialogue), PARSE_REJECTION);
}
END_TEST

/* What a client writes never is a reply. */
START_TEST(forged)
{
	ck_assert_int_eq(talk(START "C: 550 5.7.1 Unable to relay\nS: 500 what?\n"
				    "C: MAIL FROM:<\"550 5.7.1 Unable to relay\"@b.example>\nS: "
				    "250 ok\n"
				    "C: RCPT TO:<\"> 550 Unable to relay\"@d.example>\n"
				    "S: 550 no such user <\"> 550 Unable to relay\"@d.example>\n"),
		PARSE_REJECTION);
	ck_assert_int_eq(talk("C: RCPT TO:<\"a>b\"@d.example>\n"
			      "S: 550 cannot deliver mail for <\"a>b\"@d.example>\n"),
		PARSE_DENIAL);
	expect("h.example", "\"550 5.7.1 Unable to relay\"@b.example", "\"a>b\"@d.example");
}
END_TEST

START_TEST(tarpit)
{
	ck_assert_int_eq(talk(START
				 "C: MAIL FROM:<a@b.example>\nC: RCPT TO:<1@d.example>\n"
				 "S: 250 ok\nC: RCPT TO:<2@d.example>\nS: 550 Unable to relay\n"),
		PARSE_DENIAL);
	expect("h.example", "a@b.example", "1@d.example");
	ck_assert_int_eq(talk("C: QUIT\nS: 550 Unable to relay\n"), PARSE_DENIAL);
	expect("h.example", "a@b.example", "2@d.example");
	ck_assert_int_eq(hear("221 bye"), PARSE_SKIP);
}
END_TEST

START_TEST(auth)
{
	static const char *const dialogues[] = {
		"C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: dXNlckBiLmV4YW1wbGU=\nS: 334 UGFzc3dvcmQ6\n"
		"C: c2VjcmV0\nS: 235 2.7.0 ok\n",
		"C: auth login dXNlckBiLmV4YW1wbGU=\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\nS: 235 ok\n",
		"C: AUTH PLAIN\nS: 334 \nC: AHVzZXJAYi5leGFtcGxlAHNlY3JldA==\nS: 235 ok\n",
		"C: AUTH PLAIN AHVzZXJAYi5leGFtcGxlAHNlY3JldA==\nS: 235 ok\n",
		/* all at once */
		"C: AUTH LOGIN\nC: dXNlckBiLmV4YW1wbGU=\nC: c2VjcmV0\nC: NOOP\nS: 334 "
		"VXNlcm5hbWU6\n"
		"S: 334 UGFzc3dvcmQ6\nS: 235 2.7.0 ok\nS: 250 ok\n",
	};

	ck_assert_int_eq(talk(START), PARSE_SKIP);
	ck_assert_int_eq(talk(dialogues[_i]), PARSE_SKIP);
	ck_assert(same(session_get(session, SESSION_ACCOUNT), "user@b.example"));
	ck_assert_ptr_null(session_get(session, SESSION_CLAIM).p);
	ck_assert_int_eq(talk("C: MAIL FROM:<a@b.example>\nS: 250 ok\nC: RCPT TO:<c@d.example>\n"
			      "S: 550 5.7.1 Unable to relay\n"),
		PARSE_DENIAL);
	expect("h.example", "a@b.example", "c@d.example");
	ck_assert(same(out.account, "user@b.example"));
	ck_assert_int_eq(out.kind, DENIAL_AUTHENTICATED);
}
END_TEST

/* Refused, or of a kind whose name is not to be read: no name, and never the password. */
START_TEST(auth_without_name)
{
	static const struct {
		const char *dialogue;
		bool authenticated;
	} rows[] = {
		{"C: AUTH PLAIN AHVzZXJAYi5leGFtcGxlAHNlY3JldA==\nS: 535 5.7.8 no\n", false},
		{"C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: dXNlckBiLmV4YW1wbGU=\n"
		 "S: 334 UGFzc3dvcmQ6\nC: *\nS: 501 cancelled\n",
			false},
		{"C: AUTH LOGIN\nS: 504 no\nC: dXNlckBiLmV4YW1wbGU=\nS: 500 what\n", false},
		{"C: AUTH LOGIN\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\nS: 235 ok\n", true},
		{"C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nS: 334 UGFzc3dvcmQ6\nC: c2VjcmV0\nS: 235 "
		 "ok\n",
			true},
		{"C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: ***\nS: 334 UGFzc3dvcmQ6\nC: ***\n"
		 "S: 235 ok\n",
			true},
		{"C: AUTH PLAIN c2VjcmV0\nS: 235 ok\n", true},
		{"C: AUTH PLAIN ***\nS: 235 ok\n", true},
		{"C: AUTH PLAIN AAA=\nS: 235 ok\n", true},
		{"C: AUTH CRAM-MD5\nS: 334 PDE+\nC: dXNlciBjYWZl\nS: 235 ok\n", true},
		{"C: AUTH CRAM-MD5\nS: 334 PDE+\nC: dXNlciBjYWZl\nS: 535 no\n", false},
		{"S: 235 ok\n", true},
	};

	ck_assert_int_ne(talk(START), PARSE_DENIAL);
	ck_assert_int_ne(talk(rows[_i].dialogue), PARSE_DENIAL);
	ck_assert_int_eq(talk("C: MAIL FROM:<a@b.example>\nS: 250 ok\nC: RCPT TO:<c@d.example>\n"
			      "S: 550 5.7.1 Unable to relay\n"),
		PARSE_DENIAL);
	expect("h.example", "a@b.example", "c@d.example");
	ck_assert(same(out.account, NULL));
	ck_assert_int_eq(out.kind, rows[_i].authenticated ? DENIAL_AUTHENTICATED : DENIAL_RELAY);
}
END_TEST

/* An answer to AUTH that reads like a command is none. */
START_TEST(auth_answer_is_no_command)
{
	ck_assert_int_eq(talk(START "C: MAIL FROM:<a@b.example>\nS: 250 ok\n"
				    "C: AUTH LOGIN\nC: RCPT TO:<victim@d.example>\nS: 334 "
				    "VXNlcm5hbWU6\n"
				    "S: 501 5.7.0 Unable to relay\n"),
		PARSE_REJECTION);
	ck_assert_int_eq(talk("C: AUTH PLAIN\nS: 334 \nC: MAIL FROM:<x@y.example>\nS: 535 no\n"
			      "C: RCPT TO:<c@d.example>\nS: 550 Unable to relay\n"),
		PARSE_DENIAL);
	expect("h.example", "a@b.example", "c@d.example");
}
END_TEST

START_TEST(tls_clears)
{
	ck_assert_int_eq(talk(START "C: AUTH PLAIN AHVzZXJAYi5leGFtcGxlAHNlY3JldA==\nS: 235 ok\n"
				    "C: MAIL FROM:<a@b.example>\nS: 250 ok\n"
				    "C: STARTTLS\nC: RCPT TO:<early@d.example>\nS: 220 go on\n"
				    "C: RCPT TO:<c@d.example>\nS: 550 Unable to relay\n"),
		PARSE_DENIAL);
	expect(NULL, NULL, "c@d.example");
	ck_assert_int_eq(out.kind, DENIAL_RELAY);
	ck_assert(same(out.account, NULL));
	ck_assert_int_eq(talk("C: EHLO h2.example\nS: 250 ok\nC: MAIL FROM:<a@b.example>\nS: 250 "
			      "ok\n"
			      "C: STARTTLS\nS: 454 not now\nC: RCPT TO:<c@d.example>\n"
			      "S: 550 Unable to relay\n"),
		PARSE_DENIAL);
	expect("h2.example", "a@b.example", "c@d.example");
}
END_TEST

START_TEST(text_is_no_command)
{
	static const char *const ends[] = {
		"C: DATA\nS: 354 go on\nC: MAIL FROM:<x@y.example>\nC: RCPT TO:<victim@d.example>\n"
		"C: ..\nC: AUTH PLAIN AGEAYg==\nC: .\nS: 250 taken\n",
		/* only "." itself ends it */
		"C: DATA\nS: 354 go on\nC:  .\nC: . \nC: AUTH PLAIN AGEAYg==\n"
		"C: RCPT TO:<victim@d.example>\nC: .\nS: 250 taken\n",
		/* the log has no text */
		"C: DATA\nS: 354 go on\nS: 250 taken\n",
		"C: DATA\nS: 354 go on\nC: .\nS: 550 5.7.1 no\n",
		/* before the reply: pipelining, or a server that writes late */
		"C: DATA\nC: RCPT TO:<victim@d.example>\nC: .\nS: 354 go on\nS: 250 taken\n",
		"C: BDAT 44 LAST\nC: RCPT TO:<v@d.example>\nC: RCPT TO:<v@d.example>\nS: 250 ok\n",
		"C: BDAT 10\nC: MAIL FROM\nS: 250 10 octets\nC: BDAT 0 LAST\nS: 250 taken\n",
		"C: BDAT 10 LAST\nC: 12345678\nC: NOOP\nS: 250 taken\nS: 250 ok\n",
	};

	ck_assert_int_eq(talk(START "C: MAIL FROM:<a@b.example>\nS: 250 ok\n"
				    "C: RCPT TO:<c@d.example>\nS: 250 ok\n"),
		PARSE_SKIP);
	(void)talk(ends[_i]);
	ck_assert_ptr_null(session_get(session, SESSION_SENDER).p);
	ck_assert_ptr_null(session_commands(session));
	ck_assert_int_eq(talk("C: MAIL FROM:<a2@b.example>\nS: 250 ok\n"
			      "C: RCPT TO:<c2@d.example>\nS: 550 Unable to relay\n"),
		PARSE_DENIAL);
	expect("h.example", "a2@b.example", "c2@d.example");
	ck_assert_int_eq(out.kind, DENIAL_RELAY);
}
END_TEST

START_TEST(refused_data_keeps_sender)
{
	ck_assert_int_eq(talk(START "C: MAIL FROM:<a@b.example>\nS: 250 ok\n"
				    "C: DATA\nS: 503 no recipient\nC: RCPT TO:<c@d.example>\n"
				    "S: 550 Unable to relay\n"),
		PARSE_DENIAL);
	expect("h.example", "a@b.example", "c@d.example");
}
END_TEST

/* For all its recipients. */
START_TEST(denied_message)
{
	ck_assert_int_eq(
		talk(START "C: MAIL FROM:<a@b.example>\nS: 250 ok\nC: RCPT TO:<c@d.example>\n"
			   "S: 250 ok\nC: DATA\nS: 354 go on\nC: .\nC: RCPT TO:<x@y.example>\n"
			   "S: 550 Unable to relay\n"),
		PARSE_REJECTION);
}
END_TEST

START_TEST(envelope_ends)
{
	static const char *const ends[] = {"C: RSET\nS: 250 ok\n",
		"C: EHLO h.example\nS: 250 ok\n"};

	(void)talk(START "C: MAIL FROM:<a@b.example>\nS: 250 ok\n");
	(void)talk(ends[_i]);
	ck_assert_int_eq(talk("C: RCPT TO:<c@d.example>\nS: 550 Unable to relay\n"), PARSE_DENIAL);
	expect("h.example", NULL, "c@d.example");
}
END_TEST

START_TEST(refused_commands_count_for_nothing)
{
	ck_assert_int_eq(talk(START "C: EHLO forged.example\nS: 501 no\n"
				    "C: MAIL FROM:<a@b.example>\nS: 553 no\n"
				    "C: RCPT TO:<c@d.example>\nS: 503 5.5.1 need MAIL\n"),
		PARSE_REJECTION);
	ck_assert_int_eq(talk("C: RCPT TO:<c@d.example>\nS: 550 Unable to relay\n"), PARSE_DENIAL);
	expect("h.example", NULL, "c@d.example");
}
END_TEST

START_TEST(early_talker)
{
	ck_assert_int_eq(talk("C: EHLO h.example\nC: MAIL FROM:<a@b.example>\nS: 220-mx\nS: 220 "
			      "mx\n"
			      "S: 250 hello\nS: 250 ok\nC: RCPT TO:<c@d.example>\n"
			      "S: 550 Unable to relay\n"),
		PARSE_DENIAL);
	expect("h.example", "a@b.example", "c@d.example");
}
END_TEST

START_TEST(start_not_in_log)
{
	ck_assert_int_eq(talk("C: STARTTLS\nS: 220 go on\nC: EHLO h.example\nS: 250 ok\n"
			      "C: RCPT TO:<c@d.example>\nS: 550 Unable to relay\n"),
		PARSE_DENIAL);
	expect("h.example", NULL, "c@d.example");
	session = session_start(table, TEXT("other"));
	ck_assert_int_eq(talk("C: RCPT TO:<c@d.example>\nS: 550 Unable to relay\n"), PARSE_BAD);
	ck_assert_ptr_nonnull(state.reason);
}
END_TEST

START_TEST(closing)
{
	ck_assert_int_eq(talk(START "C: MAIL FROM:<a@b.example>\nS: 250 ok\n"
				    "C: RCPT TO:<c@d.example>\nC: RCPT TO:<e@d.example>\n"
				    "S: 421 4.7.1 Unable to relay\n"),
		PARSE_DENIAL);
	expect("h.example", "a@b.example", "c@d.example");
	ck_assert_int_eq(out.kind, DENIAL_RELAY_TEMPORARY);
	ck_assert_ptr_null(session_commands(session));
	ck_assert_int_eq(talk("C: DATA\nS: 354 go on\nS: 421 too slow\n"), PARSE_REJECTION);
	ck_assert_int_eq(talk("C: QUIT\nS: 221 bye\n"), PARSE_SKIP);
}
END_TEST

/* A line the server does not answer must not shift all later replies. */
START_TEST(unanswered_line)
{
	ck_assert_int_eq(talk(START
				 "C: \nC: EHLO h2.example\nS: 250 ok\nC: MAIL FROM:<a@b.example>\n"
				 "S: 250 ok\nC: RCPT TO:<c@d.example>\nS: 550 Unable to relay\n"),
		PARSE_DENIAL);
	expect("h2.example", "a@b.example", "c@d.example");
	ck_assert_int_eq(talk("C: \nC: RCPT TO:<1@d.example>\nS: 250 ok\nC: DATA\nS: 354 go on\n"
			      "C: RCPT TO:<2@d.example>\nC: .\nS: 250 ok\nC: RCPT "
			      "TO:<3@d.example>\n"
			      "S: 550 Unable to relay\n"),
		PARSE_DENIAL);
	expect("h2.example", NULL, "3@d.example");
}
END_TEST

START_TEST(too_many_unanswered)
{
	(void)talk(START "C: MAIL FROM:<a@b.example>\nS: 250 ok\n");
	for (int i = 0; i < SESSION_COMMANDS_MAX; i++)
		say("RCPT TO:<c@d.example>");
	ck_assert_int_eq(hear("550 Unable to relay"), PARSE_DENIAL);
	say("NOOP");
	ck_assert_int_eq(hear("550 Unable to relay"), PARSE_DENIAL);
	expect("h.example", "a@b.example", "c@d.example");
	talk("C: NOOP\nC: NOOP\n"); /* one too many */
	ck_assert_int_eq(hear("550 Unable to relay"), PARSE_DENIAL);
	expect("h.example", NULL, NULL);
	say("RCPT TO:<c@d.example>"); /* its reply may come at any time */
	ck_assert_int_eq(hear("550 Unable to relay"), PARSE_DENIAL);
	expect("h.example", NULL, NULL);
	ck_assert_int_eq(hear("550 <c@d.example>: no relaying"), PARSE_REJECTION);
	ck_assert_int_eq(talk("C: DATA\nS: 354 go on\nC: .\nS: 250 ok\n"), PARSE_SKIP);
}
END_TEST

/* Unanswered commands are looked at as far as a log may lack replies, and no further. */
START_TEST(far_unanswered)
{
	(void)talk(START "C: MAIL FROM:<a@b.example>\nS: 250 ok\n");
	for (int i = 0; i < 19; i++)
		say("NOOP");
	say("RCPT TO:<c@d.example>");
	ck_assert_int_eq(hear("550 Unable to relay"), PARSE_DENIAL);
	expect("h.example", "a@b.example", "c@d.example");
	for (int i = 0; i < 20; i++)
		say("NOOP");
	say("RCPT TO:<c@d.example>");
	ck_assert_int_eq(hear("550 Unable to relay"), PARSE_REJECTION); /* the first NOOP */
	ck_assert_int_eq(hear("550 Unable to relay"), PARSE_DENIAL);
	expect("h.example", "a@b.example", "c@d.example");
}
END_TEST

START_TEST(long_command)
{
	static char line[SESSION_TEXT_MAX + 100] = "RCPT TO:<";

	memset(line + 9, 'x', sizeof(line) - 10);
	(void)talk(START);
	say(line);
	ck_assert_int_eq(hear("550 Unable to relay"), PARSE_DENIAL);
	ck_assert_uint_eq(out.recipient.len, SESSION_TEXT_MAX - 9);
}
END_TEST

static TCase *
denial_cases(void)
{
	TCase *c = tcase_create("denials");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, plain);
	tcase_add_test(c, recipient_in_reply);
	tcase_add_test(c, words_anywhere);
	tcase_add_test(c, whole_replies);
	tcase_add_test(c, key_used_again);
	tcase_add_test(c, pipelining);
	tcase_add_test(c, several_lines);
	tcase_add_test(c, not_replies);
	tcase_add_loop_test(c, other_commands, 0, 8);
	tcase_add_test(c, forged);
	tcase_add_test(c, tarpit);
	tcase_add_test(c, unanswered_line);
	tcase_add_test(c, too_many_unanswered);
	tcase_add_test(c, far_unanswered);
	tcase_add_test(c, long_command);
	return c;
}

static TCase *
state_cases(void)
{
	TCase *c = tcase_create("state");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, tls_clears);
	tcase_add_loop_test(c, text_is_no_command, 0, 8);
	tcase_add_test(c, refused_data_keeps_sender);
	tcase_add_test(c, denied_message);
	tcase_add_loop_test(c, envelope_ends, 0, 2);
	tcase_add_test(c, refused_commands_count_for_nothing);
	tcase_add_test(c, early_talker);
	tcase_add_test(c, start_not_in_log);
	tcase_add_test(c, closing);
	return c;
}

static Suite *
suite(void)
{
	Suite *s = suite_create("smtp_trace");
	TCase *names = tcase_create("authentication");

	suite_add_tcase(s, denial_cases());
	suite_add_tcase(s, state_cases());
	tcase_add_checked_fixture(names, setup, teardown);
	tcase_add_loop_test(names, auth, 0, 5);
	tcase_add_loop_test(names, auth_without_name, 0, 12);
	tcase_add_test(names, auth_answer_is_no_command);
	suite_add_tcase(s, names);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
