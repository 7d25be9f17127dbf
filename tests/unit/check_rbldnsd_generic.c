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

START_TEST(test_records)
{
	names_file("f", "www A 10.1.2.3", "www 300 TXT hello world",
		"mx 1h MX 10 mail.Example.com.", "six AAAA 2001:db8::1",
		"@ 60 CAA 0 issue \"ca.example.org\"", "@ A 192.0.2.1", "deep.a.b IN A 192.0.2.2",
		NULL);
	names_compile("generic", "f");
	ck_assert_str_eq(names_warnings(), "");
	assert_ask("www", "A 10.1.2.3 2100, TXT \"hello world\" 300 of 1");
	assert_ask("mx", "MX 10 mail.Example.com. 3600 of 1");
	assert_ask("six", "TYPE28 20010db8000000000000000000000001 2100 of 1");
	assert_ask("",
		"TYPE257 0005697373756563612e6578616d706c652e6f7267 60, A 192.0.2.1 2100 of 0");
	assert_ask("deep.a.b", "A 192.0.2.2 2100 of 3");
	assert_ask("a.b", "empty");
	assert_ask("x.www", "none");
	assert_ask("none", "none");
}
END_TEST

START_TEST(test_same_name_again)
{
	names_file("f", "m A 127.0.0.1", "m 90 A 127.0.0.2", "m A 127.0.0.1", "other A 192.0.2.1",
		"M TXT b", "m. TXT a", "m TXT b", "m 60 MX 20 b.ex", "m MX 20 b.ex", NULL);
	names_compile("generic", "f");
	assert_ask("m",
		"A 127.0.0.1 90, A 127.0.0.2 90, TXT \"b\" 2100, TXT \"a\" 2100, "
		"MX 20 b.ex. 60 of 1");
	assert_ask("other", "A 192.0.2.1 2100 of 1");
}
END_TEST

/* A $TTL is for the records behind it. */
START_TEST(test_ttl)
{
	names_file("f", "before A 192.0.2.1", "$TTL 500", "after A 192.0.2.1", "own 30 A 192.0.2.1",
		"zero 0 A 192.0.2.1", "units 2d A 192.0.2.1", "$TTL 1m", "last A 192.0.2.1", NULL);
	names_compile("generic", "f");
	assert_ask("before", "A 192.0.2.1 2100 of 1");
	assert_ask("after", "A 192.0.2.1 500 of 1");
	assert_ask("own", "A 192.0.2.1 30 of 1");
	assert_ask("zero", "A 192.0.2.1 500 of 1");
	assert_ask("units", "A 192.0.2.1 172800 of 1");
	assert_ask("last", "A 192.0.2.1 60 of 1");
}
END_TEST

START_TEST(test_names)
{
	names_file("f", "UP.Case A 192.0.2.1", ".lead A 192.0.2.1", "*.x A 192.0.2.1",
		"!no A 192.0.2.1", "@.y A 192.0.2.1", "A A 192.0.2.1", "\\065b A 192.0.2.1",
		"  in A 192.0.2.1", NULL);
	names_compile("generic", "f");
	ck_assert_str_eq(names_warnings(), "");
	assert_ask("up.case", "A 192.0.2.1 2100 of 2");
	assert_ask("lead", "A 192.0.2.1 2100 of 1");
	assert_ask("x.lead", "none");
	assert_ask("*.x", "A 192.0.2.1 2100 of 2");
	assert_ask("a.x", "none");
	assert_ask("!no", "A 192.0.2.1 2100 of 1");
	assert_ask("@.y", "A 192.0.2.1 2100 of 2");
	assert_ask("a", "A 192.0.2.1 2100 of 1");
	assert_ask("ab", "A 192.0.2.1 2100 of 1");
	assert_ask("in", "A 192.0.2.1 2100 of 1");
	assert_ask("", "empty");
}
END_TEST

START_TEST(test_addresses)
{
	static const struct {
		const char *data, *wanted; /* NULL: rejected */
		bool warns;
	} rows[] = {
		{"1.2.3.4", "A 1.2.3.4 2100 of 1", false},
		{"0.0.0.0", "A 0.0.0.0 2100 of 1", false},
		{"255.255.255.255", "A 255.255.255.255 2100 of 1", false},
		{"010.0.0.1", "A 10.0.0.1 2100 of 1", false},
		{"1.2.3", "A 1.2.0.3 2100 of 1", false},
		{"1.2", "A 1.0.0.2 2100 of 1", false},
		{"4", "A 0.0.0.4 2100 of 1", false},
		{"1.2.3.4 behind", "A 1.2.3.4 2100 of 1", false},
		{"1.2.3.4;c", "A 1.2.3.4 2100 of 1", false},
		{"1.2.3.4.5", "A 1.2.3.4 2100 of 1", true},
		{"1.2.3.4x", "A 1.2.3.4 2100 of 1", true},
		{"300.1.1.1", NULL, true},
		{"1.2.300", NULL, true},
		{"1..2", NULL, true},
		{"1.2.3.", NULL, true},
		{"256", NULL, true},
		{":2:foo", NULL, true},
		{"x", NULL, true},
		{"", NULL, true},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		char line[64];

		snprintf(line, sizeof(line), "x A %s", rows[i].data);
		names_file("f", "keep A 192.0.2.1", line, NULL);
		names_compile("generic", "f");
		assert_ask("x", rows[i].wanted != NULL ? rows[i].wanted : "none");
		assert_ask("keep", "A 192.0.2.1 2100 of 1");
		ck_assert_msg((strstr(names_warnings(), "f:2: ") != NULL) == rows[i].warns,
			"\"%s\": %s", line, names_warnings());
	}
}
END_TEST

/* Quotes are taken off when both are there; nothing else in a text means anything. */
START_TEST(test_texts)
{
	static const struct {
		const char *data, *wanted;
	} rows[] = {
		{"\"quoted string\"", "TXT \"quoted string\" 2100 of 1"},
		{"\"one\" \"two\"", "TXT \"one\" \"two\" 2100 of 1"}, /* one string, quotes in it */
		{"\"open", "TXT \"\"open\" 2100 of 1"},
		{"\"", "TXT \"\"\" 2100 of 1"},
		{"\"\"", "TXT \"\" 2100 of 1"},
		{"\" lead \"", "TXT \" lead \" 2100 of 1"},
		{"\"a\" ; c", "TXT \"\"a\" ; c\" 2100 of 1"},
		{"a   b # c", "TXT \"a   b # c\" 2100 of 1"},
		{"\\065 \\\" $ $1 $$ :2:x", "TXT \"\\065 \\\" $ $1 $$ :2:x\" 2100 of 1"},
		{"a\tb", "TXT \"a\tb\" 2100 of 1"},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		char line[64];

		snprintf(line, sizeof(line), "x txt %s", rows[i].data);
		names_file("f", "$1 one", line, NULL);
		names_compile("generic", "f");
		ck_assert_str_eq(names_warnings(), "");
		assert_ask("x", rows[i].wanted);
	}
}
END_TEST

static void
long_text(size_t len)
{
	char line[4096] = "x TXT ";

	memset(line + 6, 'z', len);
	line[6 + len] = '\0';
	names_file("f", line, NULL);
	names_compile("generic", "f");
}

/* How long the strings of the answer are. */
static size_t
string_lengths(size_t out[16])
{
	const char *p = names_ask("", "x");
	size_t n = 0;

	ck_assert_int_eq(strncmp(p, "TXT", 3), 0);
	for (p += 3; p[0] == ' ' && p[1] == '"' && n < 16; p += 3 + out[n++])
		out[n] = strspn(p + 2, "z");
	return n;
}

/* RFC 1035 section 3.3.14: a text is as many strings as it needs. */
START_TEST(test_long_texts)
{
	size_t lengths[16];

	long_text(255);
	ck_assert_uint_eq(string_lengths(lengths), 1);
	ck_assert_uint_eq(lengths[0], 255);
	long_text(256);
	ck_assert_uint_eq(string_lengths(lengths), 2);
	ck_assert_uint_eq(lengths[1], 1);
	long_text(510);
	ck_assert_uint_eq(string_lengths(lengths), 2);
	ck_assert_uint_eq(lengths[1], 255);
	long_text(2048);
	ck_assert_uint_eq(string_lengths(lengths), 9);
	ck_assert_uint_eq(lengths[8], 8);
	ck_assert_str_eq(names_warnings(), "");
	long_text(2049);
	ck_assert_uint_eq(string_lengths(lengths), 9);
	ck_assert_uint_eq(lengths[8], 8);
	ck_assert_ptr_nonnull(strstr(names_warnings(), "f:1: TXT of 2049 bytes is cut to 2048"));
}
END_TEST

START_TEST(test_more_data)
{
	static const struct {
		const char *data, *wanted; /* NULL: rejected */
	} rows[] = {
		{"MX 0 a", "MX 0 a. 2100 of 1"},
		{"MX 65535 a", "MX 65535 a. 2100 of 1"},
		{"MX 010 a..b", "MX 10 a.b. 2100 of 1"},
		{"MX 10 .", "MX 10  2100 of 1"},
		{"MX 65536 a", NULL},
		{"MX -1 a", NULL},
		{"MX 10a b", NULL},
		{"MX mail", NULL},
		{"MX", NULL},
		{"AAAA ::1 # c", "TYPE28 00000000000000000000000000000001 2100 of 1"},
		{"AAAA ::1 x", NULL},
		{"AAAA 192.0.2.1", NULL},
		{"AAAA", NULL},
		{"CAA 128 iodef mailto:a@b",
			"TYPE257 8005696f6465666d61696c746f3a614062 2100 of 1"},
		{"CAA 0 issue \";\"", "TYPE257 000569737375653b 2100 of 1"},
		{"CAA 0 issue \"\"", "TYPE257 00056973737565 2100 of 1"},
		{"CAA 256 issue x", NULL},
		{"CAA 0 is-sue x", NULL},
		{"CAA 0 issue", NULL},
		{"CAA 0 issue \"a\" b", NULL},
		{"CAA 0", NULL},
		{"NS ns.example", NULL},
		{"PTR a", NULL},
		{"FOO bar", NULL},
		{"TXT", NULL},
		{"", NULL},
		{"IN 30 A 192.0.2.1", NULL},
		{"30 30 A 192.0.2.1", NULL},
		{"CH A 192.0.2.1", NULL},
		{"A192.0.2.1", NULL},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		char line[64];

		snprintf(line, sizeof(line), "x %s", rows[i].data);
		names_file("f", "keep A 192.0.2.1", line, NULL);
		names_compile("generic", "f");
		assert_ask("x", rows[i].wanted != NULL ? rows[i].wanted : "none");
		assert_ask("keep", "A 192.0.2.1 2100 of 1");
		ck_assert_msg((strstr(names_warnings(), "f:2: ") != NULL) ==
				(rows[i].wanted == NULL),
			"\"%s\": %s", line, names_warnings());
	}
}
END_TEST

/* Lines that make rbldnsd refuse the whole file. */
START_TEST(test_refused)
{
	static const char *const bad[] = {"x 99999999999 A 192.0.2.1", "x 1h30m A 192.0.2.1",
		"x 4294967295 A 192.0.2.1", "x 1x A 192.0.2.1", "A 192.0.2.1", "x MX 10",
		"x MX 10 a b", "x MX 10 a ; c", "x MX 10 \\256"};

	for (size_t i = 0; i < ORBL_COUNT(bad); i++) {
		struct error e = {.text = ""};

		names_file("f", "keep A 192.0.2.1", bad[i], NULL);
		ck_assert_msg(names_try_compile("generic", "f", &e) == ERR_SYNTAX, "%s", bad[i]);
		ck_assert_msg(strncmp(e.text, "f:2: ", 5) == 0, "%s: %s", bad[i], e.text);
	}
}
END_TEST

START_TEST(test_too_many_records)
{
	char all[4096], *p = all;
	const char *answer;
	size_t count = 0;

	for (size_t i = 0; i < 80; i++)
		p += snprintf(p, sizeof(all) - (size_t)(p - all), "x A 192.0.2.%zu\n", i);
	names_file("f", all, NULL);
	names_compile("generic", "f");
	for (answer = names_ask("", "x"); (answer = strstr(answer, "A 192")) != NULL; answer++)
		count++;
	ck_assert_uint_eq(count, SNAPSHOT_RECORDS_MAX);
	ck_assert_ptr_nonnull(strstr(names_warnings(), "f:65: more than 64 records of one name"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("rbldnsd_generic");
	TCase *meaning = tcase_create("meaning"), *data = tcase_create("data");

	tcase_add_checked_fixture(meaning, setup, teardown);
	tcase_add_checked_fixture(data, setup, teardown);
	tcase_add_test(meaning, test_records);
	tcase_add_test(meaning, test_same_name_again);
	tcase_add_test(meaning, test_ttl);
	tcase_add_test(meaning, test_names);
	tcase_add_test(data, test_addresses);
	tcase_add_test(data, test_texts);
	tcase_add_test(data, test_long_texts);
	tcase_add_test(data, test_more_data);
	tcase_add_test(data, test_refused);
	tcase_add_test(data, test_too_many_records);
	suite_add_tcase(s, meaning);
	suite_add_tcase(s, data);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
