#include "frame.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_scan.h"
#include "outer.h"
#include "quick.h"
#include "syslog_level.h"
#include "syslog_line.h"
#include "unit.h"

enum { LINE_MAX_BYTES = 1000 };

static bool
same(struct text t, const char *s)
{
	return text_equal(t, text_of(s));
}

/* --- json_scan -------------------------------------------------------------- */

START_TEST(members)
{
	struct text rest = TEXT(
		" { \"a\" : 1 , \"b\":\"x\\\"y}\",\"c\":[1,[2,{\"d\":\"]\"}]], \"e\":null } ");
	static const char *const wanted[][2] = {{"a", "1"}, {"b", "\"x\\\"y}\""},
		{"c", "[1,[2,{\"d\":\"]\"}]]"}, {"e", "null"}};
	struct json_member m;

	ck_assert(json_scan_open(&rest));
	for (size_t i = 0; i < ORBL_COUNT(wanted); i++) {
		ck_assert(json_scan_member(&rest, &m));
		ck_assert(same(m.name, wanted[i][0]) && same(m.value, wanted[i][1]));
	}
	ck_assert(!json_scan_member(&rest, &m));
	ck_assert(json_scan_close(&rest) && same(rest, " "));
}
END_TEST

START_TEST(no_members)
{
	static const char *const rows[] = {"", "a\":1}", "\"a\"}", "\"a\":}", "\"a\":1",
		"\"a\":1,}", "\"a\":\"x}", "\"a\":\"x\\\"}", "\"a\":[1}", "\"a\" 1}", "a:1}",
		"\"a\":1 \"b\":2}"};
	struct text rest = text_of(rows[_i]);
	struct json_member m;

	ck_assert_msg(!json_scan_member(&rest, &m), "%s", rows[_i]);
	ck_assert(same(rest, rows[_i]));
}
END_TEST

START_TEST(strings)
{
	static const struct {
		const char *value, *wanted; /* NULL: no string */
	} rows[] = {
		{"\"\"", ""},
		{"\"abc\"", "abc"},
		{"\"a\\\"b\\\\c\\/\"", "a\"b\\c/"},
		{"\"\\b\\f\\n\\r\\t\"", "\b\f\n\r\t"},
		{"\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac"},
		{"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
		{"\"\\ud83dx\"", "\xef\xbf\xbdx"},
		{"\"\\ude00\"", "\xef\xbf\xbd"},
		{"\"\\ud83d\\ud83d\"", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\"\\ud83d\\u0041\"",
			"\xef\xbf\xbd"
			"A"},
		{"\"\\u004\"", NULL},
		{"\"\\u004g\"", NULL},
		{"\"\\x\"", NULL},
		{"abc", NULL},
		{"\"", NULL},
		{"", NULL},
	};
	char out[64];
	struct text text;

	if (rows[_i].wanted == NULL) {
		ck_assert(!json_scan_string(text_of(rows[_i].value), out, &text));
	} else {
		ck_assert(json_scan_string(text_of(rows[_i].value), out, &text));
		ck_assert(same(text, rows[_i].wanted));
	}
}
END_TEST

/* No stack is needed for what is nested; each bracket must be closed. */
/* Each escape once: this would take minutes otherwise. */
START_TEST(many_escapes)
{
	enum { SIZE = 8 << 20 };
	char *value = malloc(SIZE);
	struct text element;
	struct text rest;

	ck_assert_ptr_nonnull(value);
	memset(value, '\\', SIZE);
	value[0] = '"';
	value[SIZE - 2] = '"';
	value[SIZE - 1] = ']';
	rest = (struct text){value, SIZE};
	ck_assert(!json_scan_element(&rest, &element)); /* the quote is escaped */
	value[SIZE - 3] = 'x';
	value[SIZE - 4] = 'x';
	rest = (struct text){value, SIZE};
	ck_assert(json_scan_element(&rest, &element));
	ck_assert_uint_eq(element.len, SIZE - 1);
	free(value);
}
END_TEST

START_TEST(nested)
{
	static char line[40000];
	const size_t depth = 10000;
	struct json_member m;
	struct text rest;

	for (size_t closed = depth - 1; closed <= depth; closed++) {
		memcpy(line, "\"a\":", 4);
		memset(line + 4, '[', depth);
		line[4 + depth] = '1';
		memset(line + 5 + depth, ']', closed);
		line[5 + depth + closed] = '}';
		rest = (struct text){line, 6 + depth + closed};
		ck_assert(json_scan_member(&rest, &m) == (closed == depth));
	}
}
END_TEST

/* --- frames ----------------------------------------------------------------- */

static enum frame_result
take(struct frames *f, const char *line, struct log_line *out)
{
	const char *reason = NULL;
	enum frame_result result = frames_take(f, text_of(line), out, &reason);

	ck_assert(result == FRAME_TAKEN || result == FRAME_PART || reason != NULL);
	return result;
}

static struct frames *
start(void)
{
	struct frames *f = frames_new(LINE_MAX_BYTES);

	ck_assert_ptr_nonnull(f);
	return f;
}

START_TEST(journal)
{
	struct frames *f = start();
	struct log_line s;

	ck_assert_int_eq(take(f,
				 "{\"__REALTIME_TIMESTAMP\":\"1795262400051238\",\"_HOSTNAME\":"
				 "\"mx\",\"SYSLOG_IDENTIFIER\":\"postfix/smtpd\",\"_PID\":\"7\","
				 "\"MESSAGE\":[104,105]}",
				 &s),
		FRAME_TAKEN);
	ck_assert_int_eq(s.frame, FRAME_JOURNAL);
	ck_assert(same(s.raw, "2026-11-21T12:00:00.051238Z mx postfix/smtpd[7]: hi"));
	ck_assert(same(s.host, "mx") && same(s.tag, "postfix/smtpd") && same(s.pid, "7"));
	ck_assert_int_eq(s.stamp.us, 51238);
	ck_assert_int_eq(take(f,
				 "{\"__REALTIME_TIMESTAMP\":\"1795262400051238\",\"_COMM\":\"c\","
				 "\"MESSAGE\":null}",
				 &s),
		FRAME_TAKEN);
	ck_assert(same(s.raw, "2026-11-21T12:00:00.051238Z  c: ") && s.pid.p == NULL);
	ck_assert_int_eq(take(f, "{\"MESSAGE\":\"x\"}", &s), FRAME_MISSING);
	ck_assert_int_eq(s.frame, FRAME_NONE);
	ck_assert_int_eq(take(f, "{\"__REALTIME_TIMESTAMP\":\"99999999999999999999\"}", &s),
		FRAME_MISSING);
	frames_free(f);
}
END_TEST

#define DOCKER(log)                                                                                \
	"{\"log\":\"" log "\",\"stream\":\"stdout\",\"time\":\"2026-11-21T12:00:00.5Z\"}"

START_TEST(docker)
{
	struct frames *f = start();
	struct log_line s;

	ck_assert_int_eq(take(f, DOCKER("Nov  1 07:00:01 mx a/b[7]: hi\\n"), &s), FRAME_TAKEN);
	ck_assert_int_eq(s.frame, FRAME_SYSLOG);
	ck_assert(same(s.tag, "a/b") && same(s.message, "hi") && s.stamp.year == 2026);
	ck_assert_int_eq(take(f, DOCKER("2020-11-21T12:00:00Z mx a/b[7]: hi\\r\\n"), &s),
		FRAME_TAKEN);
	ck_assert(same(s.message, "hi") && s.stamp.year == 2020);
	ck_assert_int_eq(take(f, DOCKER("hi there\\n"), &s), FRAME_TAKEN);
	ck_assert_int_eq(s.frame, FRAME_DOCKER);
	ck_assert(same(s.message, "hi there") && s.tag.len == 0 && s.stamp.us == 500000);
	ck_assert_int_eq(take(f, DOCKER("par"), &s), FRAME_PART);
	ck_assert_int_eq(take(f, DOCKER("tly\\n"), &s), FRAME_TAKEN);
	ck_assert(same(s.message, "partly") && same(s.raw, "partly"));
	frames_free(f);
	frames_free(NULL);
}
END_TEST

START_TEST(docker_too_long)
{
	struct frames *f = start();
	struct log_line s;

	for (size_t i = 0; i < LINE_MAX_BYTES; i++)
		ck_assert_int_eq(take(f, DOCKER("xx"), &s), FRAME_PART);
	ck_assert_int_eq(take(f, DOCKER("end\\n"), &s), FRAME_BAD);
	ck_assert_int_eq(take(f, DOCKER("hi\\n"), &s), FRAME_TAKEN);
	ck_assert(same(s.message, "hi"));
	frames_free(f);
}
END_TEST

/* --- quick ------------------------------------------------------------------ */

static const struct {
	const char *first, *second;
	bool alike;
} pairs[] = {
	{"Nov 21 19:00:56 mx a/b[1]: x", "Nov 21 19:00:57 mx c/d[2]: yyyy", true},
	{"Nov 21 19:00:56 mx a/b[1]: x", "Nov 21 19:00:57 mx: yyyyyyyyyyyy", false},
	{"Nov 21 19:00:56 mx a/b[1]: x", "Nov 21 19:00:57 mx no tag at all", true},
	{"Nov 21 19:00:56 mx a/b[1]: x", "Nov 21 19:00:57 mx  two blanks: x", true},
	{"Nov 21 19:00:56 mx a/b[1]: x", "Nov 21 19:01:56 mx a/b[1]: x", false},
	{"Nov 21 19:00:56 mx a/b[1]: x", "Nov 21 19:00:60 mx a/b[1]: x", false},
	{"Nov 21 19:00:56 mx a/b[1]: x", "Nov 21 19:00:5x mx a/b[1]: x", false},
	{"Nov 21 19:00:56 mx a/b[1]: x", "Nov 21 19:00:56.5 mx a/b[1]: x", false},
	{"Nov 21 19:00:56 mx a/b[1]: x", "Nov 21 19:00:56 my a/b[1]: x", false},
	{"Nov 21 19:00:56 mx a/b[1]: x", "Nov 21 19:00:56 mx x", false}, /* short */
	{"Nov 21 19:00:60 mx a/b[1]: x", "Nov 21 19:00:56 mx a/b[1]: x", false},
	{"Nov 21 19:00:56 mx a/b[1]: x", "Nov 21 19:00:57 mx mail.info a/b[1]: x", true},
	{"Nov 21 19:00:56 mx a/b[1]: x", "Nov 21 19:00:57 mx a/b[1]: [ID 1 mail.info] x", true},
	{"Nov 21 19:00:56 mx mail.info a[1]: x", "Nov 21 19:00:57 mx mail.info mail.info a[1]: x",
		false},
	{"Nov 21 19:00:56 Message a[1]: x", "Nov 21 19:00:57 Message forwarded from mx: a[1]: x",
		false},
	{"<22>Nov 21 19:00:56 mx a/b[1]: x", "<22>Nov 21 19:00:57 mx a/b[1]: x", true},
	{"2026-11-21T19:00:56.051238+01:00 mx a[1]: x", "2026-11-21T19:00:00.999999+01:00 mx b: y",
		true},
	{"2026-11-21T19:00:56.051238+01:00 mx a[1]: x", "2026-11-21T19:00:00.99999x+01:00 mx b: y",
		false},
	{"2026-11-21T19:00:56.051238+01:00 mx a[1]: x", "2026-11-21T19:00:00.9999999+01:00 mx b: y",
		false},
	{"2026-11-21T19:00:56.051238+01:00 mx a[1]: x", "2026-11-21T19:00:00.051238+02:00 mx b: y",
		false},
	{"2026-11-21T19:00:56.1234567+01:00 mx a[1]: x",
		"2026-11-21T19:00:00.7654321+01:00 mx b: y", true},
	{"2026-11-21T19:00:56Z mx a[1]: x",
		"2026-11-21T19:00:57Z mx a[1]: last message repeated 2 times", true},
};

START_TEST(alike)
{
	struct quick q = {0};
	struct log_line s, wanted;
	const char *reason;

	ck_assert(!quick_take(&q, text_of(pairs[_i].first), &s));
	ck_assert_int_eq(syslog_line_parse(text_of(pairs[_i].first), &s, &reason), OK);
	quick_note(&q, &s);
	ck_assert_msg(quick_take(&q, text_of(pairs[_i].second), &s) == pairs[_i].alike, "%s",
		pairs[_i].second);
	if (!pairs[_i].alike)
		return;
	ck_assert_int_eq(syslog_line_parse(text_of(pairs[_i].second), &wanted, &reason), OK);
	ck_assert(text_equal(s.host, wanted.host) && text_equal(s.tag, wanted.tag) &&
		text_equal(s.pid, wanted.pid) && text_equal(s.message, wanted.message));
	ck_assert_int_eq(s.stamp.second, wanted.stamp.second);
	ck_assert_int_eq(s.stamp.us, wanted.stamp.us);
	ck_assert_int_eq(s.stamp.offset_s, wanted.stamp.offset_s);
	ck_assert(s.repeats_last == wanted.repeats_last && s.count == wanted.count);
}
END_TEST

START_TEST(glances)
{
	static const struct {
		const char *message, *tag; /* behind the host; tag NULL: look closely */
	} rows[] = {
		{"a/b[1]: hello there", "a/b"},
		{"a/b: hello there", "a/b"},
		{"a/b[1x]: hello there", NULL},
		{"a/b[12345678]: hello there", "a/b"},
		{"a/b[123456789]: hello there", NULL},
		{"a/b[1]]: hello there", NULL},
		{"a/b[]: hello there", "a/b"},
		{"a/b[1]: hello", NULL}, /* short */
		{"a/b:hello there", NULL},
		{"a/b[1]:hello there", NULL},
		{"[1]: hello there", NULL},
		{": hello there", NULL},
		{"no tag here", NULL},
		{"a/b[1]: last message repeated 2 times", NULL},
		{"a/b[1]: message repeated 2 times: [ x]", NULL},
	};
	char line[128];
	struct quick q = {0};
	struct log_line s;
	struct glance g;
	const char *reason;
	int n = snprintf(line, sizeof(line), "Nov 21 19:00:56 mx %s", rows[_i].message);

	ck_assert_int_eq(syslog_line_parse(TEXT("Nov 21 19:00:57 mx x[1]: y"), &s, &reason), OK);
	quick_note(&q, &s);
	ck_assert(quick_glance(&q, (struct text){line, (size_t)n}, &g) == (rows[_i].tag != NULL));
	if (rows[_i].tag != NULL)
		ck_assert(same(g.tag, rows[_i].tag) && same(g.message, "hello there"));
}
END_TEST

/* --- what stands in front of a frame, and inside it ------------------------- */

START_TEST(container_names)
{
	static const struct {
		const char *line, *rest; /* NULL: no name */
	} rows[] = {
		{"postfix-1  | x", "x"},
		{"postfix-1 | ", ""},
		{"postfix-1 |", ""},
		{"a_b.c-1 |  x", " x"},
		{"\033[36mpostfix-1  |\033[0m x", "x"},
		{"\033[1;36mpostfix-1  | \033[0mx", "x"},
		{"[pod/mail-0/postfix] x", "x"},
		{"", NULL},
		{"| x", NULL},
		{" | x", NULL},
		{"a| x", NULL},
		{"a |x", NULL},
		{"a b | x", NULL},
		{"a: | x", NULL},
		{"\033[36", NULL},
		{"\033[36xpostfix-1 | x", NULL},
		{"\033[36;36;36;36;36mpostfix-1 | x", NULL},
		{"[pod/] x", NULL},
		{"[pod/a]x", NULL},
		{"[pod/a b] x", NULL},
		{"[job/a] x", NULL},
	};
	struct text rest = text_of(rows[_i].line);
	bool taken = outer_take_name(&rest);

	ck_assert_msg(taken == (rows[_i].rest != NULL), "%s", rows[_i].line);
	ck_assert(same(rest, taken ? rows[_i].rest : rows[_i].line));
}
END_TEST

START_TEST(levels)
{
	static const struct {
		const char *line, *rest;
	} rows[] = {
		{"mail.info x", "x"},
		{"mail:notice x", "x"},
		{"<local0.err> x", "x"},
		{"mail.info", NULL},
		{"mail.info: x", NULL},
		{"mail. x", NULL},
		{".info x", NULL},
		{"mail.nothing x", NULL},
		{"Mail.info x", NULL},
		{"<mail.info x", NULL},
		{"<mail:info> x", NULL},
		{"a-name-too-long.info x", NULL},
		{"", NULL},
	};
	struct text rest = text_of(rows[_i].line);
	bool taken = syslog_level_take(&rest);

	ck_assert_msg(taken == (rows[_i].rest != NULL), "%s", rows[_i].line);
	ck_assert(same(rest, taken ? rows[_i].rest : rows[_i].line));
}
END_TEST

START_TEST(message_ids)
{
	struct text rest = TEXT("[ID 801593 mail.info] x"), none = TEXT("[ID 801593 mail.info]x");

	ck_assert(syslog_level_take_id(&rest) && same(rest, "x"));
	ck_assert(!syslog_level_take_id(&none));
	none = TEXT("[ID mail.info] x");
	ck_assert(!syslog_level_take_id(&none));
	ck_assert(syslog_level_is_name(TEXT("INFO")) && syslog_level_is_name(TEXT("CRITICAL")));
	ck_assert(!syslog_level_is_name(TEXT("MX")) && !syslog_level_is_name(TEXT("info")));
	ck_assert(!syslog_level_is_name(TEXT("INFORMATION")) && !syslog_level_is_name(TEXT("")));
	ck_assert(syslog_level_is_mark(TEXT("[NOTICE]")) && !syslog_level_is_mark(TEXT("[]")));
	ck_assert(!syslog_level_is_mark(TEXT("[192.0.2.1]")));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("frame");
	TCase *json = tcase_create("json"), *frames = tcase_create("frames"),
	      *quick = tcase_create("quick"), *around = tcase_create("around");

	tcase_add_test(json, many_escapes);
	tcase_add_test(json, members);
	tcase_add_loop_test(json, no_members, 0, 12);
	tcase_add_loop_test(json, strings, 0, 16);
	tcase_add_test(json, nested);
	suite_add_tcase(s, json);
	tcase_add_test(frames, journal);
	tcase_add_test(frames, docker);
	tcase_add_test(frames, docker_too_long);
	suite_add_tcase(s, frames);
	tcase_add_loop_test(quick, alike, 0, (int)ORBL_COUNT(pairs));
	tcase_add_loop_test(quick, glances, 0, 15);
	suite_add_tcase(s, quick);
	tcase_add_loop_test(around, container_names, 0, 21);
	tcase_add_loop_test(around, levels, 0, 13);
	tcase_add_test(around, message_ids);
	suite_add_tcase(s, around);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
