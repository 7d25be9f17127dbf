#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "names_fixture.h"
#include "scratch.h"

static void
assert_ask(const char *name, const char *wanted)
{
	const char *got = names_ask("", name);

	ck_assert_msg(got != NULL && strcmp(got, wanted) == 0, "%s: %s, not %s", name, got, wanted);
}

static void
setup(void)
{
	scratch_enter();
}

static void
teardown(void)
{
	names_close();
	scratch_leave();
}

START_TEST(test_scopes)
{
	names_file("f", ":127.0.0.4:listed $ here", "one.com", "*.two.com", ".three.com", NULL);
	names_compile("dnset", "f");
	ck_assert_str_eq(names_warnings(), "");
	assert_ask("one.com", "127.0.0.4 \"listed $ here\" 2100 of 2");
	assert_ask("a.one.com", "none");
	assert_ask("two.com", "empty");
	assert_ask("a.two.com", "127.0.0.4 \"listed $ here\" 2100 of 2");
	assert_ask("b.a.two.com", "127.0.0.4 \"listed $ here\" 2100 of 2");
	assert_ask("three.com", "127.0.0.4 \"listed $ here\" 2100 of 2");
	assert_ask("a.three.com", "127.0.0.4 \"listed $ here\" 2100 of 2");
	assert_ask("com", "empty");
	assert_ask("", "empty");
	assert_ask("net", "none");
}
END_TEST

START_TEST(test_exclusions)
{
	names_file("f", ".three.com", "!x.three.com", "!*.y.three.com", "!.z.three.com",
		"a.z.three.com :9", "! sp.three.com text that does not count", "gone.com",
		"!gone.com", "!back.com", "back.com", NULL);
	names_compile("dnset", "f");
	ck_assert_str_eq(names_warnings(), "");
	assert_ask("x.three.com", "empty");
	assert_ask("a.x.three.com", "127.0.0.2 2100 of 2");
	assert_ask("y.three.com", "127.0.0.2 2100 of 2");
	assert_ask("a.y.three.com", "none");
	assert_ask("z.three.com", "empty");
	assert_ask("q.z.three.com", "none");
	assert_ask("a.z.three.com", "127.0.0.9 2100 of 4");
	assert_ask("q.a.z.three.com", "none");
	assert_ask("sp.three.com", "empty");
	assert_ask("gone.com", "none");
	assert_ask("back.com", "none");
}
END_TEST

START_TEST(test_longest_counts)
{
	names_file("f", ".a :3:one $", "!.b.a", ".c.b.a :4:two $", "!d.c.b.a", NULL);
	names_compile("dnset", "f");
	assert_ask("a", "127.0.0.3 \"one $\" 2100 of 1");
	assert_ask("x.a", "127.0.0.3 \"one $\" 2100 of 1");
	assert_ask("b.a", "empty");
	assert_ask("x.b.a", "none");
	assert_ask("c.b.a", "127.0.0.4 \"two $\" 2100 of 3");
	assert_ask("x.c.b.a", "127.0.0.4 \"two $\" 2100 of 3");
	assert_ask("d.c.b.a", "empty");
	assert_ask("x.d.c.b.a", "127.0.0.4 \"two $\" 2100 of 3");
}
END_TEST

START_TEST(test_same_name_again)
{
	names_file("f", "dup.com :2:first $", "dup.com :3:second $", "dup.com :2:first $",
		"*.w.com :2:first", ".w.com :3:second", NULL);
	names_compile("dnset", "f");
	assert_ask("dup.com", "127.0.0.2,127.0.0.3 \"first $\" \"second $\" 2100 of 2");
	assert_ask("w.com", "127.0.0.3 \"second\" 2100 of 2");
	assert_ask("x.w.com", "127.0.0.2,127.0.0.3 \"first\" \"second\" 2100 of 2");
}
END_TEST

START_TEST(test_values)
{
	names_file("f", "before.com", "four.com :5:own $", "text.com just text # and a hash",
		"only.com :6", "none.com :7:", ":5:new default", "after.com", "again.com ; comment",
		"hash.com\t# comment", "tab.com\t:3:\ttabbed", "var.com :2:$1 $2 $$", "$1 one",
		"*.five.com star $", NULL);
	names_compile("dnset", "f");
	ck_assert_str_eq(names_warnings(), "");
	assert_ask("before.com", "127.0.0.2 2100 of 2");
	assert_ask("four.com", "127.0.0.5 \"own $\" 2100 of 2");
	assert_ask("text.com", "127.0.0.2 \"just text # and a hash\" 2100 of 2");
	assert_ask("only.com", "127.0.0.6 2100 of 2");
	assert_ask("none.com", "127.0.0.7 2100 of 2");
	assert_ask("after.com", "127.0.0.5 \"new default\" 2100 of 2");
	assert_ask("again.com", "127.0.0.5 \"new default\" 2100 of 2");
	assert_ask("hash.com", "127.0.0.5 \"new default\" 2100 of 2");
	assert_ask("tab.com", "127.0.0.3 \"tabbed\" 2100 of 2");
	assert_ask("var.com", "127.0.0.2 \"one $2 $\" 2100 of 2");
	assert_ask("x.five.com", "127.0.0.5 \"star $\" 2100 of 2");
}
END_TEST

START_TEST(test_several_files)
{
	names_file("f", "$TTL 40", ":5:five", "a", NULL);
	names_file("g", "b", ":6:six", "c", "!a", NULL);
	names_compile("dnset", "f,g");
	assert_ask("a", "none");
	assert_ask("b", "127.0.0.2 40 of 1");
	assert_ask("c", "127.0.0.6 \"six\" 40 of 1");
}
END_TEST

/* A comment mark is one only where something begins. */
START_TEST(test_keys)
{
	names_file("f", "UPPER.Com", "trail.org.", "*.trailw.org..", "..dd.com", "a..b.com",
		"net;x", "org#y", "-hyp.com", "_und.com", "1.2.3.4", "  lead.com", "a.com:2:x",
		"*x.star.com", "x.*.mid.com", "*.*.st.com", "@", "*", "\"q.com\"", NULL);
	names_compile("dnset", "f");
	ck_assert_str_eq(names_warnings(), "");
	assert_ask("upper.com", "127.0.0.2 2100 of 2");
	assert_ask("trail.org", "127.0.0.2 2100 of 2");
	assert_ask("a.trailw.org", "127.0.0.2 2100 of 2");
	assert_ask("dd.com", "127.0.0.2 2100 of 2");
	assert_ask("x.dd.com", "127.0.0.2 2100 of 2");
	assert_ask("a.b.com", "127.0.0.2 2100 of 3");
	assert_ask("net;x", "127.0.0.2 2100 of 1");
	assert_ask("org#y", "127.0.0.2 2100 of 1");
	assert_ask("-hyp.com", "127.0.0.2 2100 of 2");
	assert_ask("_und.com", "127.0.0.2 2100 of 2");
	assert_ask("1.2.3.4", "127.0.0.2 2100 of 4");
	assert_ask("lead.com", "127.0.0.2 2100 of 2");
	assert_ask("a.com:2:x", "127.0.0.2 2100 of 2");
	assert_ask("*x.star.com", "127.0.0.2 2100 of 3");
	assert_ask("ax.star.com", "none");
	assert_ask("x.*.mid.com", "127.0.0.2 2100 of 4");
	assert_ask("x.y.mid.com", "none");
	assert_ask("a.*.st.com", "127.0.0.2 2100 of 3");
	assert_ask("a.b.st.com", "none");
	assert_ask("@", "127.0.0.2 2100 of 1");
	assert_ask("*", "127.0.0.2 2100 of 1");
	assert_ask("any", "none");
	assert_ask("\"q.com\"", "127.0.0.2 2100 of 2");
}
END_TEST

START_TEST(test_escapes)
{
	names_file("f", "\\065b\\066.com", "a\\*b.com", "z\\x.com", "\\1a.com", "\\0255.com",
		"\\042.x.com", "q\\ d.com", "end\\", "\\046.dot.com", NULL);
	names_compile("dnset", "f");
	ck_assert_str_eq(names_warnings(), "");
	assert_ask("abb.com", "127.0.0.2 2100 of 2");
	assert_ask("a*b.com", "127.0.0.2 2100 of 2");
	assert_ask("zx.com", "127.0.0.2 2100 of 2");
	assert_ask("\001a.com", "127.0.0.2 2100 of 2");
	assert_ask("\0315.com", "127.0.0.2 2100 of 2");
	assert_ask("*.x.com", "127.0.0.2 2100 of 3");
	assert_ask("b.x.com", "none");
	assert_ask("q", "127.0.0.2 \"d.com\" 2100 of 1");
	assert_ask("end", "127.0.0.2 2100 of 1");
	assert_ask("dot.com", "empty");
}
END_TEST

START_TEST(test_bad_keys)
{
	static const char *const bad[] = {".", "..", "*.", "*..", "!", "!.", ". b.com", "\\256.com",
		"\\999", "a.\\300", "\\", "*.\\", "!*."};

	for (size_t i = 0; i < ORBL_COUNT(bad); i++) {
		char wanted[64];

		names_file("f", "keep.com", bad[i], NULL);
		names_compile("dnset", "f");
		snprintf(wanted, sizeof(wanted), "f:2: not a domain name");
		ck_assert_msg(strstr(names_warnings(), wanted) != NULL, "\"%s\": %s", bad[i],
			names_warnings());
		assert_ask("keep.com", "127.0.0.2 2100 of 2");
		assert_ask("b.com", "none");
	}
}
END_TEST

START_TEST(test_bad_values)
{
	names_file("f", "keep.com", "a.com :", "b.com ::t", "c.com :300:x", "$foo.com :2:x", NULL);
	names_compile("dnset", "f");
	ck_assert_ptr_nonnull(strstr(names_warnings(), "f:2: "));
	ck_assert_ptr_nonnull(strstr(names_warnings(), "f:3: "));
	ck_assert_ptr_nonnull(strstr(names_warnings(), "f:4: "));
	ck_assert_ptr_nonnull(strstr(names_warnings(), "f:5: "));
	assert_ask("keep.com", "127.0.0.2 2100 of 2");
	assert_ask("a.com", "none");
	assert_ask("b.com", "none");
	assert_ask("c.com", "none");
	assert_ask("foo.com", "none");
}
END_TEST

/* A label of 63, a name of 255 bytes in wire form, and one more. */
START_TEST(test_longest_names)
{
	char name[300], line[310];

	memset(name, 'a', sizeof(name));
	name[63] = name[127] = name[191] = '.';
	name[253] = '\0';
	snprintf(line, sizeof(line), "%sb", name);
	names_file("f", name, line, NULL);
	names_compile("dnset", "f");
	ck_assert_ptr_nonnull(strstr(names_warnings(), "f:2: not a domain name"));
	assert_ask(name, "127.0.0.2 2100 of 4");
	snprintf(line, sizeof(line), "%.64s.com",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaa");
	names_file("f", "keep", line, NULL);
	names_compile("dnset", "f");
	ck_assert_ptr_nonnull(strstr(names_warnings(), "f:2: not a domain name"));
}
END_TEST

START_TEST(test_nothing_usable)
{
	struct error e;

	names_file("f", ".", "..", NULL);
	ck_assert_int_eq(names_try_compile("dnset", "f", &e), ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(e.text, "f:1: not a domain name"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("rbldnsd_dnset");
	TCase *meaning = tcase_create("meaning"), *keys = tcase_create("keys");

	tcase_add_checked_fixture(meaning, setup, teardown);
	tcase_add_checked_fixture(keys, setup, teardown);
	tcase_add_test(meaning, test_scopes);
	tcase_add_test(meaning, test_exclusions);
	tcase_add_test(meaning, test_longest_counts);
	tcase_add_test(meaning, test_same_name_again);
	tcase_add_test(meaning, test_values);
	tcase_add_test(meaning, test_several_files);
	tcase_add_test(keys, test_keys);
	tcase_add_test(keys, test_escapes);
	tcase_add_test(keys, test_bad_keys);
	tcase_add_test(keys, test_bad_values);
	tcase_add_test(keys, test_longest_names);
	tcase_add_test(keys, test_nothing_usable);
	suite_add_tcase(s, meaning);
	suite_add_tcase(s, keys);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
