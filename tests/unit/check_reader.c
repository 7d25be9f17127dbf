#include "reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define STAMP "2026-11-21T12:00:00Z mx "
#define DENIAL(recipient)                                                                          \
	STAMP "postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[198.51.100.7]: 554 5.7.1 "     \
	      "<" recipient ">: Relay access denied; from=<s@t.example> to=<" recipient            \
	      "> proto=SMTP helo=<h>"
#define UNKNOWN_CLIENT                                                                             \
	STAMP "postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[unknown]: 554 5.7.1 "          \
	      "<a@n.example"                                                                       \
	      ">: Relay access denied; from=<s@t.example> to=<a@n.example> proto=SMTP helo=<h>"
#define USER_UNKNOWN                                                                               \
	STAMP "postfix/smtpd[1]: NOQUEUE: reject: RCPT from unknown[198.51.100.7]: 550 5.1.1 "     \
	      "<a@n.example"                                                                       \
	      ">: Recipient address rejected: User unknown; from=<> to=<a@n.example> proto=SMTP "  \
	      "helo=<h>"

enum { NOW_S = 1795262400, LINE_MAX_BYTES = 1000, TRACE = 8192 };

struct trace { /* what a reader handed over, as text */
	char text[TRACE];
	size_t len;
	int stop_after;
};

static enum err
record(const struct denial *d, void *context)
{
	struct trace *t = context;

	t->len += (size_t)snprintf(t->text + t->len, TRACE - t->len, "%d %.*s x%u %ld.%d\n",
		(int)d->line, TEXT_ARG(d->recipient), d->count, (long)(d->time_s - NOW_S),
		d->time_us);
	ck_assert_uint_lt(t->len, TRACE);
	ck_assert_ptr_nonnull(d->raw.p);
	ck_assert_ptr_nonnull(memmem(d->raw.p, d->raw.len, "Relay access denied", 19));
	return t->stop_after != 0 && --t->stop_after == 0 ? ERR_FULL : OK;
}

/* Read bytes in chunks of a size, each in memory of its own. */
static struct reader_summary
read_chunks(const char *bytes, size_t len, size_t chunk, struct trace *t)
{
	struct reader_conf conf = {.now_s = NOW_S, .line_max = LINE_MAX_BYTES};
	struct reader *r = reader_new(&conf, record, t);
	struct reader_summary s;

	ck_assert_ptr_nonnull(r);
	for (size_t at = 0; at < len; at += chunk) {
		size_t n = len - at < chunk ? len - at : chunk;
		char *copy = malloc(n);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, bytes + at, n);
		ck_assert_int_eq(reader_feed(r, copy, n), OK);
		free(copy);
	}
	ck_assert_int_eq(reader_finish(r), OK);
	s = *reader_summary(r);
	reader_free(r);
	return s;
}

static struct reader_summary
read_text(const char *bytes, struct trace *t)
{
	*t = (struct trace){0};
	return read_chunks(bytes, strlen(bytes), SIZE_MAX / 2, t);
}

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
		"kernel: \0\xff\x80\n\0\n\xff\n" DENIAL("a\xfc@n.example") "\n";
	struct trace t = {0};
	struct reader_summary s = read_chunks(input, sizeof(input) - 1, 3, &t);

	ck_assert_str_eq(t.text, "4 a\xfc@n.example x1 0.0\n");
	ck_assert_uint_eq(s.lines, 4);
	ck_assert_uint_eq(s.understood, 2);
	ck_assert_uint_eq(s.not_understood, 2);
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
	ck_assert_int_eq(reader_feed(r, input, sizeof(input) - 1), ERR_FULL);
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

static Suite *
suite(void)
{
	Suite *s = suite_create("reader");
	TCase *lines = tcase_create("lines"), *flow = tcase_create("flow");

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
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
