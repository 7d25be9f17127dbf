#include "exim.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

#define STAMP "2026-11-21 10:00:00 "

static struct parse_state state;

static enum parse_result
parse_framed(enum frame frame, const char *tag, const char *message, struct denial *d)
{
	struct log_line s = {.frame = frame,
		.tag = text_of(tag),
		.message = text_of(message),
		.count = 1};

	*d = (struct denial){0};
	parse_state_start(&state);
	return exim_knows(&s) ? exim_parse(&s, &state, d) : PARSE_BAD;
}

static enum parse_result
parse(const char *message, struct denial *d)
{
	return parse_framed(FRAME_NONE, "", message, d);
}

static bool
knows(const char *tag, const char *message)
{
	struct log_line s = {.frame = tag[0] != '\0' ? FRAME_SYSLOG : FRAME_NONE,
		.tag = text_of(tag),
		.message = text_of(message),
		.count = 1};

	return exim_knows(&s);
}

static void
assert_text(struct text got, const char *wanted)
{
	ck_assert_msg(text_equal(got, text_of(wanted)), "%.*s is not %s", TEXT_ARG(got), wanted);
}

START_TEST(knows_its_own)
{
	ck_assert(knows("exim", "anything"));
	ck_assert(knows("exim4", "anything"));
	ck_assert(!knows("sendmail", STAMP "H=[198.51.100.7] rejected"));
	ck_assert(knows("", STAMP "H=[198.51.100.7] rejected"));
	ck_assert(knows("", "2026-11-21 10:00:00.123 +0100 [12] 1xUxTc-0004Xq-0C anything"));
	ck_assert(knows("", STAMP "1vMjaL-00000004bQp-2cYx anything"));
	ck_assert(knows("", STAMP "plain_server authenticator failed for [198.51.100.7]: 535"));
}
END_TEST

START_TEST(knows_no_other)
{
	ck_assert(!knows("", ""));
	ck_assert(!knows("", "2026-11-21 10:00:00 198.51.100.7 - SMTPSVC1 MAIL - 250"));
	ck_assert(!knows("", "2026-11-21 10:00:00.000001500 tcpserver: pid 1 from 198.51.100.7"));
	ck_assert(!knows("", "2026-11-21T10:00:00Z,connector"));
	ck_assert(!knows("", STAMP "1xUxTc-0004Xq-0"));
	ck_assert(!knows("", "P Received: from x"));
	ck_assert(!knows("", "H=[198.51.100.7] F=<> rejected RCPT <a@b>: relay not permitted"));
}
END_TEST

START_TEST(continues)
{
	static const struct {
		const char *line;
		bool yes;
	} lines[] = {{STAMP "no such start", true}, {STAMP, true},
		{"2026-11-21 10:00:00.123 +0100 [1] x", true}, {"2026-11-21 10:00:00", false},
		{"2026-13-21 10:00:00 x", false}, {"2026-11-21T10:00:00 x", false}, {"x", false},
		{"", false}, {"P Received: from x", true}, {"\tby y", true}, {" " STAMP "x", true},
		{"Envelope-to: <x@example.net>", true}, {"Envelope of paper", false},
		{"P no field", false}};

	for (size_t i = 0; i < ORBL_COUNT(lines); i++) {
		struct log_line s = {.message = text_of(lines[i].line), .count = 1};

		ck_assert_msg(exim_continues(&s) == lines[i].yes, "%s", lines[i].line);
	}
}
END_TEST

START_TEST(copies_have_one_identity)
{
	static const char with_pid[] = STAMP
		"[123] H=[198.51.100.7] F=<> rejected RCPT <a@b>: relay not permitted";
	static const char without[] = STAMP
		"H=[198.51.100.7] F=<> rejected RCPT <a@b>: relay not permitted";
	static const char bare[] = "H=[198.51.100.7] F=<> rejected RCPT <a@b>: relay not permitted";
	struct denial d;

	ck_assert(parse(with_pid, &d) == PARSE_DENIAL);
	ck_assert(!state.twice);
	assert_text(d.identity, without);
	ck_assert_int_eq(state.stamp.year, 2026);
	ck_assert(parse_framed(FRAME_SYSLOG, "exim", without, &d) == PARSE_DENIAL);
	ck_assert(state.twice);
	assert_text(d.identity, without);
	ck_assert(parse_framed(FRAME_SYSLOG, "exim", bare, &d) == PARSE_DENIAL);
	ck_assert_ptr_null(d.identity.p);
	ck_assert_int_eq(state.stamp.month, 0);
}
END_TEST

/* What clients can put into a line. The arguments are ones that Exim's parser takes. */
#define FORGED "x) [203.0.113.9] F=<q@w> rejected RCPT <e@r>: relay not permitted"

static const char *const helos[] = {"", "(foo) ", "([203.0.113.9]) ", "(" FORGED ") ",
	"(x) [203.0.113.9] F=<> rejected RCPT <\") ", "(a) [203.0.113.9]:25 b) ",
	"(a) [203.0.113.9] sender verify) ", "name.example ", "name.example (a) b) "};
static const char *const idents[] = {"", " U=root", " U=" FORGED, " U=x) [203.0.113.9] F=<q@w>",
	" U=x F=<q@w>", " I=[192.0.2.1]:25 X=TLS:1 CV=no SNI=" FORGED,
	" DN=\"x F=<q@w> rejected RCPT <e@r>: relay not permitted\""};
static const char *const senders[] = {"", "a@b.example", "\"a b\"@b.example",
	"\"z) [203.0.113.9] F=<a\"@b.example", "\"z> rejected RCPT <q@w>: relay not permitted\"@b",
	"\"z) [203.0.113.9] F=<\\\"a\"@b.example", "\\\"z\\\"@b.example",
	"\"z) [203.0.113.9] F=<> rejected RCPT <\\\"x: relay not permitted\"@b"};
static const char *const accounts[] = {"", " A=login:bob", " A=login:x rejected RCPT <q@w>"};
static const char *const arguments[] = {"<v@g.example>", "v@g.example",
	"<\"x) [203.0.113.9] F=<a@b> rejected RCPT <c@d\"@g.example>",
	"<\"x: relay not permitted\"@g.example>", "<v@g.example> (: relay not permitted",
	"<v@g.example> (: relay not permitted)", "(x) <v@g.example>",
	"<v@g.example> ((\") [203.0.113.9] F=<> rejected RCPT <c@d>: relay not permitted",
	"<v@g.example> (x\\) [203.0.113.9] F=<> rejected RCPT <c@d>: relay not permitted",
	"<@h: v@g.example>", "@h: v@g.example", "<\\\"x@g.example>"};
static const char *const reasons[] = {": relay not permitted", ": Unknown user", "",
	": Sender verify failed: 550 x: relay not permitted"};

static void
check_line(const char *line, const char *sender, bool relay)
{
	char address[ADDR_TEXT];
	struct denial d;
	enum parse_result result = parse(line, &d);

	ck_assert_msg(result == PARSE_REJECTION || result == PARSE_DENIAL, "%s", line);
	if (result == PARSE_REJECTION)
		return;
	ck_assert_msg(relay, "%s", line);
	ck_assert_msg(strcmp(addr_format(&d.client, address), "198.51.100.7") == 0, "%s", line);
	ck_assert_msg(text_equal(d.sender, text_of(sender)), "%s", line);
}

static void
check_lines_of(const char *helo, const char *ident, const char *sender, const char *account)
{
	char line[1024];

	for (size_t i = 0; i < ORBL_COUNT(arguments); i++) {
		for (size_t j = 0; j < ORBL_COUNT(reasons); j++) {
			(void)snprintf(line, sizeof(line),
				STAMP "H=%s[198.51.100.7]%s F=<%s>%s rejected RCPT %.100s%s", helo,
				ident, sender, account, arguments[i], reasons[j]);
			check_line(line, sender, j == 0);
		}
	}
}

START_TEST(nobody_is_framed)
{
	for (size_t i = 0; i < ORBL_COUNT(helos); i++)
		for (size_t j = 0; j < ORBL_COUNT(idents); j++)
			for (size_t k = 0; k < ORBL_COUNT(senders); k++)
				for (size_t m = 0; m < ORBL_COUNT(accounts); m++)
					check_lines_of(helos[i], idents[j], senders[k],
						accounts[m]);
}
END_TEST

/* Where HELO and ident are what they should be, no address hides a refusal. */
START_TEST(nothing_hides)
{
	char line[1024];
	struct denial d;

	for (size_t i = 0; i < ORBL_COUNT(senders); i++) {
		for (size_t j = 0; j < ORBL_COUNT(arguments); j++) {
			if (j == 4 || j == 7 || j == 8) /* an open comment may hold the reason */
				continue;
			(void)snprintf(line, sizeof(line),
				STAMP "H=(foo) [198.51.100.7] F=<%s> rejected RCPT %.100s%s",
				senders[i], arguments[j], reasons[0]);
			ck_assert_msg(parse(line, &d) == PARSE_DENIAL, "%s", line);
		}
	}
}
END_TEST

START_TEST(cut_arguments)
{
	char argument[200], line[400];
	struct denial d;

	for (int n = 90; n < 110; n++) {
		(void)snprintf(argument, sizeof(argument), "<\"%0*d", n - 2, 0);
		(void)snprintf(line, sizeof(line),
			STAMP "H=[198.51.100.7] F=<> rejected RCPT %s: relay not permitted",
			argument);
		ck_assert_msg(parse(line, &d) == (n == 100 ? PARSE_DENIAL : PARSE_REJECTION), "%d",
			n);
		if (n == 100)
			assert_text(d.recipient, argument + 1);
	}
}
END_TEST

START_TEST(long_lines)
{
	static char line[40000];
	struct denial d;
	size_t n = (size_t)snprintf(line, sizeof(line), STAMP "H=(");

	while (n + 40 < sizeof(line))
		n += (size_t)snprintf(line + n, sizeof(line) - n, "x) [203.0.113.9] U= F=<a> F=<");
	ck_assert(parse(line, &d) == PARSE_SKIP);
	line[30000] = '\0';
	(void)snprintf(line + 29000, 1000, "> rejected RCPT <a@b>: relay not permitted");
	ck_assert(parse(line, &d) == PARSE_REJECTION);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("exim");
	TCase *t = tcase_create("lines");

	tcase_add_test(t, knows_its_own);
	tcase_add_test(t, knows_no_other);
	tcase_add_test(t, continues);
	tcase_add_test(t, copies_have_one_identity);
	suite_add_tcase(s, t);
	t = tcase_create("hostile");
	tcase_set_timeout(t, 60);
	tcase_add_test(t, nobody_is_framed);
	tcase_add_test(t, nothing_hides);
	tcase_add_test(t, cut_arguments);
	tcase_add_test(t, long_lines);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
