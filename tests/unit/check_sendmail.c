#include "sendmail.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static struct parse_state state;

static enum parse_result
parse(const char *message, struct denial *d)
{
	struct log_line s = {.frame = FRAME_SYSLOG,
		.tag = TEXT("sm-mta"),
		.host = TEXT("mx1"),
		.message = text_of(message),
		.count = 1};

	*d = (struct denial){0};
	parse_state_start(&state);
	ck_assert(sendmail_knows(&s));
	return sendmail_parse(&s, &state, d);
}

static void
assert_text(struct text got, const char *wanted)
{
	ck_assert_msg(text_equal(got, text_of(wanted)), "%.*s is not %s", TEXT_ARG(got), wanted);
}

START_TEST(holds_and_releases)
{
	struct denial d;

	ck_assert(parse("8ALA01mk027713: ruleset=check_rcpt, arg1=<v@g>, relay=[198.51.100.7], "
			"reject=550 5.7.1 <v@g>... Relaying denied",
			  &d) == PARSE_HELD);
	assert_text(state.key, "sendmail mx1 8ALA01mk027713");
	ck_assert_ptr_null(d.sender.p);
	assert_text(d.recipient, "v@g");
	ck_assert(parse("8ALA01mk027713: from=<a@b>, size=0, class=0, nrcpts=0, relay=x", &d) ==
		PARSE_RELEASE);
	assert_text(state.key, "sendmail mx1 8ALA01mk027713");
	assert_text(d.sender, "a@b");
	ck_assert(parse("8ALA01mk027713: from=<>, size=0, class=0, nrcpts=0", &d) == PARSE_RELEASE);
	ck_assert_ptr_nonnull(d.sender.p);
	ck_assert_uint_eq(d.sender.len, 0);
	ck_assert(parse("8ALA01mk027713: from=<NONE>, size=0, class=0", &d) == PARSE_RELEASE);
	ck_assert_ptr_null(d.sender.p);
	ck_assert(parse("8ALA01mk027713: from=<a>, size=x, class=0", &d) == PARSE_SKIP);
}
END_TEST

START_TEST(parts_are_passed_over)
{
	struct denial d;

	ck_assert(parse("8ALA01mk027713[2]: ruleset=check_rcpt, arg1=<v@g>, relay=[198.51.100.7], "
			"reject=550 5.7.1 <v@g>... Relaying denied",
			  &d) == PARSE_SKIP);
	ck_assert(parse("8ALA01mk027713[2]: from=<a@b>, size=0, class=0", &d) == PARSE_SKIP);
}
END_TEST

START_TEST(no_address)
{
	struct denial d;

	ck_assert(parse("8ALA01mk027713: ruleset=check_rcpt, arg1=<v@g>, relay=[198.51.100.999], "
			"reject=550 5.7.1 <v@g>... Relaying denied",
			  &d) == PARSE_BAD);
}
END_TEST

/* As shortenstring() does it for what is repeated in a reply. */
static void
shorten(const char *text, char out[256])
{
	size_t len = strlen(text);

	if (len < 203)
		(void)snprintf(out, 256, "%s", text);
	else
		(void)snprintf(out, 256, "%.100s...%s", text, text + len - 100);
}

#define F   ", relay=x [203.0.113.9], reject=550 5.7.1 "
#define T   ", relay=[198.51.100.7], reject=550 5.7.1 "
#define X20 "xxxxxxxxxxxxxxxxxxxx"
#define X80 X20 X20 X20 X20

static const char *const recipients[] = {"<v@g.example>", "v@g", "<\"a b\"@g>",
	"<\"" F "<x>... Relaying denied\"@g>", "<\"" X80 X80 X80 "\"@g>",
	"<\"" X80 F "<x>... Relaying denied" X80 X80 "\"@g>",
	"<\"" X80 F "<\\\\\"" X80 "... Relaying denied\"@g>", "...", "<>", "<x(\")@g>",
	"<\"x\\\\\"y\"@g>"};

/* Something is open, or there is a blank: check_rcpt is not asked about such. */
static const char *const no_recipients[] = {"<x@g>" F "<x@g>... Relaying denied",
	"<x" F "<x... Relaying denied", "<" X80 X20 F X80 X20 "... Relaying denied",
	"<x@g>... Relaying denied", T "<x>... Relaying denied", "<\"x@g>", "<x@g", "x(@g", "x y@g",
	"<\"x\\\\\"@g>", "<\"x\"\"@g>", "<\"" X80 F "<\"" X80 "... Relaying denied\"@g>"};
static const char *const replies[] = {"550 5.7.1 %s... Relaying denied",
	"550 5.7.1 %s... Relaying denied. Proper authentication required.",
	"550 5.1.1 %s... User unknown", "553 5.1.8 %s... Domain of sender address x does not exist",
	"550 5.7.1 %s... Rejected: 198.51.100.7 listed at x", "554 5.7.1 Relaying denied",
	"554 5.7.1 Rejected"};
static const char *const relays[] = {"[198.51.100.7]", "mail.bad.example [198.51.100.7]",
	"joe@mail.bad.example [198.51.100.7] (may be forged)"};

static void
check_line(const char *recipient, bool possible, size_t reply, const char *relay)
{
	char shown[256], text[512], line[2048], address[ADDR_TEXT];
	bool denied = possible && (reply < 2 || reply == 5);
	enum parse_result result;
	struct denial d;

	shorten(recipient, shown);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(text, sizeof(text), replies[reply], shown);
#pragma GCC diagnostic pop
	(void)snprintf(line, sizeof(line),
		"8ALA01mk027713: ruleset=check_rcpt, arg1=%s, relay=%s, reject=%s", recipient,
		relay, text);
	result = parse(line, &d);
	ck_assert_msg(result == PARSE_HELD || result == PARSE_REJECTION, "%s", line);
	if (reply < 2 && possible)
		ck_assert_msg(result == PARSE_HELD, "%s", line);
	if (result != PARSE_HELD)
		return;
	ck_assert_msg(denied, "%s", line);
	ck_assert_msg(strcmp(addr_format(&d.client, address), "198.51.100.7") == 0, "%s", line);
}

START_TEST(nobody_is_framed)
{
	for (size_t j = 0; j < ORBL_COUNT(replies); j++) {
		for (size_t k = 0; k < ORBL_COUNT(relays); k++) {
			for (size_t i = 0; i < ORBL_COUNT(recipients); i++)
				check_line(recipients[i], true, j, relays[k]);
			for (size_t i = 0; i < ORBL_COUNT(no_recipients); i++)
				check_line(no_recipients[i], false, j, relays[k]);
		}
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("sendmail");
	TCase *t = tcase_create("lines");

	tcase_add_test(t, holds_and_releases);
	tcase_add_test(t, parts_are_passed_over);
	tcase_add_test(t, no_address);
	suite_add_tcase(s, t);
	t = tcase_create("hostile");
	tcase_add_test(t, nobody_is_framed);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
