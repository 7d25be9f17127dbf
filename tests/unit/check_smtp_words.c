#include "smtp_words.h"

#include "smtp_trace.h"

#include "unit.h"

static const struct text texts[] = {
	{"Unable to relay", 15},
	{"Cannot deliver mail for <>", 26},
	{"<>: no relaying", 15},
	{"relaying to <> is not wanted", 28},
	{"*we relay nothing", 17},
};
static const struct smtp_trace_denials denials = {ORBL_COUNT(texts), texts};

struct row {
	const char *recipient, *sender, *helo, *reply;
	bool denied;
};

static bool
denies(const struct row *r)
{
	struct text replies[SMTP_WORDS_TEXTS] = {text_of(r->reply), text_of(r->reply)};
	struct smtp_said said = {
		.command = text_of(r->recipient),
		.recipient = text_of(r->recipient),
		.sender = text_of(r->sender),
		.helo = text_of(r->helo),
	};

	return smtp_words_deny(replies, &denials, &said);
}

START_TEST(at_the_start)
{
	static const struct row rows[] = {
		{"d@e", "a@b", "h", "Unable to relay", true},
		{"d@e", "a@b", "h", "unable to RELAY for d@e", true},
		{"d@e", "a@b", "h", "Unable to rela", false},
		{"d@e", "a@b", "h", " Unable to relay", false},
		{"d@e", "a@b", "h", "", false},
		{"d@e", "a@b", "h", "cannot deliver mail for d@e", true},
		{"d@e", "a@b", "h", "cannot deliver mail for <D@e>.", true},
		{"d@e", "a@b", "h", "cannot deliver mail for <d@e", false},
		{"d@e", "a@b", "h", "cannot deliver mail for <x@e>", false},
		{"d@e", "a@b", "h", "d@e: no relaying", true},
		{"d@e", "a@b", "h", "<d@e>: no relaying", true},
		{"d@e", "a@b", "h", "<d@e> : no relaying", false},
		{"d@e: no relaying", "a@b", "h", "<d@e: no relaying>: unknown", false},
		{"d@e", "a@b", "h", "relaying to <d@e> is not wanted", true},
		{"d@e", "a@b", "h", "relaying to <d@e> is wanted", false},
	};

	ck_assert_msg(denies(&rows[_i]) == rows[_i].denied, "%s", rows[_i].reply);
}
END_TEST

/* The recipient is not known: whatever stands in its place, if the server's words go before. */
START_TEST(without_command)
{
	static const struct row rows[] = {
		{NULL, "a@b", "h", "Unable to relay", true},
		{NULL, "a@b", "h", "cannot deliver mail for x@y", true},
		{NULL, "a@b", "h", "x@y: no relaying", false},
		{NULL, "a@b", "h", "relaying to x@y is not wanted", true},
		{NULL, "a@b", "h", "relaying to x@y is wanted", false},
		{NULL, "a@b", "h", "x@y we relay nothing", true},
	};

	ck_assert_msg(denies(&rows[_i]) == rows[_i].denied, "%s", rows[_i].reply);
}
END_TEST

/* Words anywhere count when no text of the client has them or reaches over their end. */
START_TEST(anywhere)
{
	static const struct row rows[] = {
		{"d@e", "a@b", "h", "<d@e>, sorry, We relay nothing", true},
		{"d@e", "a@b", "we", "we relay nothing for d@e", true},
		{"d@e", "relay", "h", "we relay nothing", true},
		{"d@e", "a@b", "h", "we relay something", false},
		{"we relay nothing@e", "a@b", "h", "we relay nothing", false},
		{"d@e", "we relay nothing@b", "h", "we relay nothing", false},
		{"d@e", "a@b", "WE RELAY NOTHING", "we relay nothing", false},
		{"d@we", "a@b", "h", "d@we relay nothing", false},
		{"d@e", "nothing@b", "h", "we relay nothing@b", false},
		{"d@e", "a@b", ", we", "sorry, we relay nothing", false},
		{"d@e", "a@b", "sorry, we relay nothing!", "sorry, we relay nothing!", false},
	};

	ck_assert_msg(denies(&rows[_i]) == rows[_i].denied, "%s", rows[_i].reply);
}
END_TEST

START_TEST(find)
{
	ck_assert_uint_eq(smtp_words_find(TEXT("aBc"), TEXT("bC")), 1);
	ck_assert_uint_eq(smtp_words_find(TEXT("abc"), TEXT("abcd")), SIZE_MAX);
	ck_assert_uint_eq(smtp_words_find(TEXT_NONE, TEXT("a")), SIZE_MAX);
	ck_assert_uint_eq(smtp_words_find(TEXT("abab"), TEXT("b")), 1);
}
END_TEST

START_TEST(paths)
{
	static const struct {
		const char *argument, *path;
	} rows[] = {
		{"<a@b.example>", "a@b.example"},
		{" <a@b.example> SIZE=1 BODY=8BITMIME", "a@b.example"},
		{"<>", ""},
		{"<> SIZE=1", ""},
		{"a@b.example", "a@b.example"},
		{" a@b.example SIZE=1", "a@b.example"},
		{"<a@b.exam", "a@b.exam"},
		{"<\"a>b\"@c.example> X=<>", "\"a>b\"@c.example"},
		{"<\"a\\\">b\"@c.example>", "\"a\\\">b\"@c.example"},
		{"<\"a@c.example> SIZE=1", "\"a@c.example"},
		{"<@r.example:a@c.example>", "@r.example:a@c.example"},
		{"<a b@c.example>", "a b@c.example"},
		{"<", ""},
		{"\t<a@b.example>\t", "a@b.example"},
		{"", NULL},
		{"  ", NULL},
	};
	struct text path = TEXT_NONE;
	bool ok = smtp_trace_path(text_of(rows[_i].argument), &path);

	ck_assert_int_eq(ok, rows[_i].path != NULL);
	if (ok)
		ck_assert_msg(text_equal(path, text_of(rows[_i].path)), "%.*s", TEXT_ARG(path));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("smtp_words");
	TCase *start = tcase_create("start"), *where = tcase_create("anywhere");

	tcase_add_loop_test(start, at_the_start, 0, 15);
	tcase_add_loop_test(start, without_command, 0, 6);
	suite_add_tcase(s, start);
	tcase_add_loop_test(where, anywhere, 0, 11);
	tcase_add_test(where, find);
	tcase_add_loop_test(where, paths, 0, 16);
	suite_add_tcase(s, where);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
