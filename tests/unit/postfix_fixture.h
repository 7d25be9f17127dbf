#ifndef ORBL_TESTS_POSTFIX_FIXTURE_H
#define ORBL_TESTS_POSTFIX_FIXTURE_H

#include "postfix.h"

#include "unit.h"

#define HEAD "NOQUEUE: reject: RCPT from unknown[198.51.100.7]: "
#define TAIL " proto=ESMTP helo=<client.example>"

#define FROM_TO " from=<s@t.example> to=<a@n.example>" TAIL

static struct parse_state state;

static inline enum parse_result
parse_as(const char *tag, bool tag_cut, const char *message, struct denial *d)
{
	struct log_line s = {.tag = text_of(tag),
		.tag_cut = tag_cut,
		.message = text_of(message),
		.count = 1};
	enum parse_result result;

	if (!postfix_knows(&s))
		return PARSE_SKIP;
	parse_state_start(&state);
	*d = (struct denial){0};
	result = postfix_parse(&s, &state, d);
	ck_assert(!postfix_is_idle(s.message) || result == PARSE_SKIP);
	return result;
}

static inline enum parse_result
parse(const char *message, struct denial *d)
{
	return parse_as("postfix/smtpd", false, message, d);
}

static inline void
assert_text(struct text got, const char *wanted)
{
	ck_assert_msg(text_equal(got, text_of(wanted)), "%.*s is not %s", TEXT_ARG(got), wanted);
}

static inline struct denial
denial_of(const char *message)
{
	char address[ADDR_TEXT];
	struct denial d;

	ck_assert_msg(parse(message, &d) == PARSE_DENIAL, "%s", message);
	ck_assert_ptr_null(d.account.p);
	ck_assert_str_eq(addr_format(&d.client, address), "198.51.100.7");
	return d;
}

static inline void
assert_rejection(const char *message)
{
	struct denial d;

	ck_assert_msg(parse(message, &d) == PARSE_REJECTION, "%s", message);
}

static inline void
assert_skipped(const char *message)
{
	struct denial d;

	ck_assert_msg(parse(message, &d) == PARSE_SKIP, "%s", message);
}

#endif
