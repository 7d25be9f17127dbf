#include "reader_fixture.h"

START_TEST(counts)
{
	struct trace t;
	struct reader_summary s = read_text(DENIAL("a@n.example") "\n" STAMP
								  "kernel: x\n\n" USER_UNKNOWN
								  "\nnot a log\n" UNKNOWN_CLIENT
								  "\n" DENIAL("b@n.example") "\n",
		&t);

	ck_assert_str_eq(t.text, "1 a@n.example x1 0.0\n7 b@n.example x1 0.0\n");
	ck_assert_uint_eq(s.lines, 7);
	ck_assert_uint_eq(s.denials, 2);
	ck_assert_uint_eq(s.rejections, 1);
	ck_assert_uint_eq(s.not_understood, 2);
	ck_assert_uint_eq(s.understood, 4);
	ck_assert_uint_eq(s.trouble_count, 2);
	ck_assert_uint_eq(s.troubles[0].line, 5);
	ck_assert_uint_eq(s.troubles[1].line, 6);
	ck_assert_str_eq(s.troubles[0].reason, "no syslog time stamp at the start of the line");
}
END_TEST

START_TEST(line_ends)
{
	static const char *const inputs[] = {DENIAL("a@n.example") "\n",
		DENIAL("a@n.example") "\r\n", DENIAL("a@n.example"), DENIAL("a@n.example") "\r"};
	struct trace t;
	struct reader_summary s = read_text(inputs[_i], &t);

	ck_assert_str_eq(t.text, "1 a@n.example x1 0.0\n");
	ck_assert_uint_eq(s.lines, 1);
	ck_assert_uint_eq(s.not_understood, 0);
}
END_TEST

START_TEST(empty)
{
	struct trace t;
	struct reader_summary s = read_text("", &t);

	ck_assert_uint_eq(s.lines, 0);
	s = read_text("\n\r\n\n", &t);
	ck_assert_uint_eq(s.lines, 3);
	ck_assert_uint_eq(s.not_understood, 0);
	ck_assert_uint_eq(s.understood, 0);
}
END_TEST

START_TEST(overlong)
{
	char input[4 * LINE_MAX_BYTES];
	struct reader_summary s;
	struct trace t;
	size_t n;

	memset(input, 'x', LINE_MAX_BYTES + 1);
	n = LINE_MAX_BYTES + 1;
	n += (size_t)snprintf(input + n, sizeof(input) - n, "\n%s\n", DENIAL("a@n.example"));
	memset(input + n, 'y', 2 * LINE_MAX_BYTES);
	n += 2 * LINE_MAX_BYTES; /* no line end */
	for (size_t chunk = 1; chunk < 1200; chunk += 37) {
		t = (struct trace){0};
		s = read_chunks(input, n, chunk, &t);
		ck_assert_str_eq(t.text, "2 a@n.example x1 0.0\n");
		ck_assert_uint_eq(s.lines, 3);
		ck_assert_uint_eq(s.not_understood, 2);
		ck_assert_str_eq(s.troubles[1].reason, "the line is longer than 1000 bytes");
		ck_assert_uint_eq(s.troubles[1].line, 3);
	}
}
END_TEST

START_TEST(longest)
{
	char input[LINE_MAX_BYTES + 2];
	struct trace t = {0};

	memset(input, ' ', sizeof(input));
	memcpy(input, STAMP "kernel: x", strlen(STAMP "kernel: x"));
	input[LINE_MAX_BYTES] = '\n';
	ck_assert_uint_eq(read_chunks(input, LINE_MAX_BYTES + 1, 7, &t).understood, 1);
	ck_assert_uint_eq(read_chunks(input, LINE_MAX_BYTES + 1, 5000, &t).understood, 1);
	ck_assert_uint_eq(read_chunks(input, LINE_MAX_BYTES, 7, &t).understood, 1);
}
END_TEST

START_TEST(nul_and_bytes)
{
	static const char input[] = STAMP
		"kernel: \0\xff\x80\n\0\n\xff\n\0\0" DENIAL("a\xfc@n.example") "\n";
	struct trace t = {0};
	struct reader_summary s = read_chunks(input, sizeof(input) - 1, 3, &t);

	ck_assert_str_eq(t.text, "4 a\xfc@n.example x1 0.0\n");
	ck_assert_uint_eq(s.lines, 4);
	ck_assert_uint_eq(s.understood, 2);
	ck_assert_uint_eq(s.not_understood, 1);
}
END_TEST

static const char mixed[] = DENIAL(
	"a@n.example") "\r\n\r\n\n"
		       "2026-11-21T12:00:01.5Z mx last message repeated 2 times\n"
		       "2026-11-21T12:00:02Z mx last message repeated 3 times\n"
		       "garbage\n" USER_UNKNOWN
		       "\n" DENIAL("\"c d\"@n.example") "\n"
							"2026-11-21T12:00:03Z mx last message "
							"repeated 9 times\n" DENIAL("b@n.example");

START_TEST(any_chunks)
{
	struct trace whole, t;
	struct reader_summary s = read_text(mixed, &whole);

	ck_assert_str_eq(whole.text,
		"1 a@n.example x1 0.0\n4 a@n.example x2 1.500000\n"
		"5 a@n.example x3 2.0\n8 \"c d\"@n.example x1 0.0\n9 \"c d\"@n.example x9 3.0\n"
		"10 b@n.example x1 0.0\n");
	for (size_t chunk = 1; chunk <= sizeof(mixed); chunk++) {
		struct reader_summary part;

		t = (struct trace){0};
		part = read_chunks(mixed, sizeof(mixed) - 1, chunk, &t);
		ck_assert_str_eq(t.text, whole.text);
		ck_assert_mem_eq(&part, &s, sizeof(s));
	}
}
END_TEST

START_TEST(repeats)
{
	static const struct {
		const char *between, *last, *wanted;
	} rows[] = {
		{"", STAMP "last message repeated 2 times",
			"1 a@n.example x1 0.0\n2 a@n.example x2 0.0\n"},
		{"", STAMP "postfix/smtpd[1]: last message repeated 2 times",
			"1 a@n.example x1 0.0\n2 a@n.example x2 0.0\n"},
		{"\n", STAMP "last message repeated 2 times",
			"1 a@n.example x1 0.0\n3 a@n.example x2 0.0\n"},
		{"", STAMP "postfix/smtp[1]: last message repeated 2 times",
			"1 a@n.example x1 0.0\n"},
		{"", "2026-11-21T12:00:00Z other last message repeated 2 times",
			"1 a@n.example x1 0.0\n"},
		{STAMP "kernel: x\n", STAMP "last message repeated 2 times",
			"1 a@n.example x1 0.0\n"},
		{USER_UNKNOWN "\n", STAMP "last message repeated 2 times",
			"1 a@n.example x1 0.0\n"},
		{"garbage\n", STAMP "last message repeated 2 times", "1 a@n.example x1 0.0\n"},
	};
	struct reader_summary s;
	char input[2048];
	struct trace t;

	(void)snprintf(input, sizeof(input), "%s\n%s%s\n", DENIAL("a@n.example"), rows[_i].between,
		rows[_i].last);
	s = read_text(input, &t);
	ck_assert_str_eq(t.text, rows[_i].wanted);
	ck_assert_uint_eq(s.denials, _i < 3 ? 3 : 1);
}
END_TEST

START_TEST(stops)
{
	static const char input[] = DENIAL("a@n.example") "\n" DENIAL("b@n.example") "\n" DENIAL(
		"c@n.example");
	struct reader_conf conf = {.now_s = NOW_S, .line_max = LINE_MAX_BYTES};
	struct trace t = {.stop_after = 2};
	struct reader *r = reader_new(&conf, record, &t);

	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(reader_feed(r, input, sizeof(input) - 1), OK); /* as a head */
	ck_assert_int_eq(reader_flush(r), ERR_FULL);
	ck_assert_int_eq(reader_feed(r, "\n", 1), ERR_FULL);
	ck_assert_int_eq(reader_finish(r), ERR_FULL);
	ck_assert_str_eq(t.text, "1 a@n.example x1 0.0\n2 b@n.example x1 0.0\n");
	reader_free(r);
}
END_TEST

START_TEST(many_troubles)
{
	char input[64];
	struct reader_summary s;
	struct trace t = {0};

	for (size_t i = 0; i < sizeof(input); i += 2)
		memcpy(input + i, "x\n", 2);
	s = read_chunks(input, sizeof(input), 5, &t);
	ck_assert_uint_eq(s.not_understood, 32);
	ck_assert_uint_eq(s.trouble_count, READER_TROUBLES_MAX);
	ck_assert_uint_eq(s.troubles[READER_TROUBLES_MAX - 1].line, READER_TROUBLES_MAX);
}
END_TEST

/* --- counts ----------------------------------------------------------------- */

START_TEST(rejections_repeat)
{
	struct trace t;
	struct reader_summary s = read_text(USER_UNKNOWN
		"\n" STAMP "last message repeated 4 times\n" STAMP
		"postfix/smtpd[1]: message repeated 2 times: [ warning: unknown[198.51.100.7]: "
		"SASL "
		"LOGIN authentication failed: x]\n",
		&t);

	ck_assert_uint_eq(s.rejections, 7);
	ck_assert_uint_eq(s.rejections_of[REJECTION_UNKNOWN_USER], 5);
	ck_assert_uint_eq(s.rejections_of[REJECTION_AUTHENTICATION], 2);
}
END_TEST

START_TEST(remarks)
{
	struct trace t;
	struct reader_summary s = read_text("# a header\n-- Boot 7c1a9a2b --\n--\nx # y\n", &t);

	ck_assert_uint_eq(s.understood, 2);
	ck_assert_uint_eq(s.not_understood, 2);
}
END_TEST

START_TEST(reasons)
{
	struct reader_summary s;
	struct trace t;

	s = read_text("x\n<999>y\nz\n" STAMP "a\nw\n", &t);
	ck_assert_uint_eq(s.reason_count, 2);
	ck_assert_str_eq(s.reasons[0].text, "no syslog time stamp at the start of the line");
	ck_assert_uint_eq(s.reasons[0].count, 3);
	ck_assert_uint_eq(s.reasons[1].count, 1);
}
END_TEST

START_TEST(formats)
{
	static const char input[] = DENIAL("a@n.example") "\n" EXIM("b@n.example") "\nx\n";
	struct reader_conf conf = {.now_s = NOW_S, .line_max = 100, .format = "nothing"};
	const char *name, *help;
	struct reader_summary s;
	struct trace t = {0};

	s = read_as("postfix", input, sizeof(input) - 1, 100, &t);
	ck_assert_str_eq(t.text, "1 a@n.example x1 0.0\n");
	ck_assert_uint_eq(s.understood, 2);
	ck_assert_str_eq(s.troubles[0].reason, "not a line of the format that was asked for");
	t = (struct trace){0};
	s = read_as("exim", input, sizeof(input) - 1, 100, &t);
	ck_assert_str_eq(t.text, "2 b@n.example x1 0.0\n");
	ck_assert_ptr_null(reader_new(&conf, record, &t));
	ck_assert(!reader_has_format("nothing") && !reader_has_format(""));
	for (size_t i = 0; reader_format(i, &name, &help); i++) {
		ck_assert(reader_has_format(name));
		ck_assert_uint_ne(strlen(help), 0);
		for (size_t j = 0; j < i; j++) {
			const char *other;

			ck_assert(reader_format(j, &other, &help));
			ck_assert_str_ne(name, other);
		}
	}
	ck_assert(reader_has_format("postfix") && reader_has_format("journal-export"));
}
END_TEST

START_TEST(another_now)
{
	static const char line[] = "Nov 21 12:00:00 mx " DENIAL("a@n.example") "\n";
	const char *tag = strstr(line, "postfix/");
	struct reader_conf conf = {.now_s = NOW_S, .line_max = LINE_MAX_BYTES};
	struct trace t = {0};
	struct reader *r = reader_new(&conf, record, &t);
	char input[512];
	int n = snprintf(input, sizeof(input), "Nov 21 12:00:00 mx %s", tag);

	ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(reader_feed(r, input, (size_t)n), OK);
	ck_assert_int_eq(reader_flush(r), OK);
	reader_set_now(r, NOW_S + 400 * 86400);
	ck_assert_int_eq(reader_feed(r, input, (size_t)n), OK);
	ck_assert_int_eq(reader_finish(r), OK);
	ck_assert_str_eq(t.text, "1 a@n.example x1 0.0\n2 a@n.example x1 31536000.0\n");
	reader_free(r);
}
END_TEST

/* --- other inputs ----------------------------------------------------------- */

static size_t
to_utf16(const char *s, bool is_big, char *out)
{
	size_t n = 0;

	out[n++] = is_big ? '\xfe' : '\xff';
	out[n++] = is_big ? '\xff' : '\xfe';
	for (; *s != '\0'; s++) {
		out[n++] = is_big ? '\0' : *s;
		out[n++] = is_big ? *s : '\0';
	}
	return n;
}

START_TEST(utf16)
{
	static char input[65536];
	size_t n = to_utf16(DENIAL("a@n.example") "\r\n" DENIAL("b@n.example"), _i == 1, input);
	struct trace t;

	for (size_t chunk = 1; chunk < 300; chunk++) {
		t = (struct trace){0};
		ck_assert_uint_eq(read_chunks(input, n, chunk, &t).lines, 2);
		ck_assert_str_eq(t.text, "1 a@n.example x1 0.0\n2 b@n.example x1 0.0\n");
	}
}
END_TEST

START_TEST(marks)
{
	struct trace t;

	ck_assert_uint_eq(read_text("\xef\xbb\xbf" DENIAL("a@n.example"), &t).denials, 1);
	ck_assert_uint_eq(read_text("\xef\xbb\xbf", &t).lines, 0);
	ck_assert_uint_eq(read_text("\xef\xbb", &t).not_understood, 1);
	ck_assert_uint_eq(read_text("\xff\xfe", &t).lines, 0);
	ck_assert_uint_eq(read_text("\xff", &t).not_understood, 1);
	ck_assert_uint_eq(read_text("x", &t).not_understood, 1);
}
END_TEST

#define EXPORT(recipient)                                                                          \
	"__REALTIME_TIMESTAMP=1795262400000000\n_HOSTNAME=mx\nSYSLOG_IDENTIFIER=postfix/smtpd\n"   \
	"_PID=1\nMESSAGE=NOQUEUE: reject: RCPT from unknown[198.51.100.7]: 554 5.7.1 <" recipient  \
	">: Relay access denied; from=<s@t.example> to=<" recipient "> proto=SMTP helo=<h>\n\n"

START_TEST(journal)
{
	static const char input[] = EXPORT("a@n.example") EXPORT("b@n.example")
		EXPORT("c@n.example") "__REALTIME_TIMESTAMP=1795262400000000\nMESSAGE\n\5";
	struct reader_summary whole = {0}, s;
	struct trace t;

	for (size_t chunk = sizeof(input); chunk > 0; chunk--) {
		t = (struct trace){0};
		s = read_chunks(input, sizeof(input) - 1, chunk, &t);
		ck_assert_str_eq(t.text,
			"1 a@n.example x1 0.0\n7 b@n.example x1 0.0\n"
			"13 c@n.example x1 0.0\n");
		if (chunk == sizeof(input))
			whole = s;
		ck_assert_mem_eq(&s, &whole, sizeof(s));
	}
	ck_assert_uint_eq(s.lines, 4);
	ck_assert_uint_eq(s.not_understood, 1);
	ck_assert_uint_eq(read_as("journal-export", "\n\n", 2, 1, &t).lines, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("reader");
	TCase *lines = tcase_create("lines"), *flow = tcase_create("flow"),
	      *counted = tcase_create("counted"), *inputs = tcase_create("inputs");

	tcase_add_test(lines, counts);
	tcase_add_loop_test(lines, line_ends, 0, 4);
	tcase_add_test(lines, empty);
	tcase_add_test(lines, overlong);
	tcase_add_test(lines, longest);
	tcase_add_test(lines, nul_and_bytes);
	tcase_add_test(lines, many_troubles);
	suite_add_tcase(s, lines);
	tcase_add_test(flow, any_chunks);
	tcase_add_loop_test(flow, repeats, 0, 8);
	tcase_add_test(flow, stops);
	suite_add_tcase(s, flow);
	tcase_add_test(counted, rejections_repeat);
	tcase_add_test(counted, remarks);
	tcase_add_test(counted, reasons);
	tcase_add_test(counted, formats);
	tcase_add_test(counted, another_now);
	suite_add_tcase(s, counted);
	tcase_add_loop_test(inputs, utf16, 0, 2);
	tcase_add_test(inputs, marks);
	tcase_add_test(inputs, journal);
	suite_add_tcase(s, inputs);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
