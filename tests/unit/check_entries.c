#include "reader_fixture.h"

/* --- several lines, one entry ----------------------------------------------- */

START_TEST(joined)
{
	static const char input[] = CSV_HEAD CSV_EVENT("a@n.example", "\"\n")
		CSV_EVENT("b@n.example", "\"\r\n") "Error,11/21/2026 12:00:00 PM,Other,1,None,x\n";
	struct trace t;
	struct reader_summary s;

	for (size_t chunk = 1; chunk < sizeof(input); chunk += 7) {
		t = (struct trace){0};
		s = read_chunks(input, sizeof(input) - 1, chunk, &t);
		ck_assert_str_eq(t.text, "2 a@n.example x1 0.0\n5 b@n.example x1 0.0\n");
		ck_assert_uint_eq(s.lines, 8);
		ck_assert_uint_eq(s.understood, 8);
		ck_assert_uint_eq(s.not_understood, 0);
	}
}
END_TEST

/* Of a quote that is never closed nothing behind it counts: it may be a client's text. */
START_TEST(joined_without_end)
{
	static const char input[] = CSV_HEAD CSV_EVENT("a@n.example", "")
		DENIAL("b@n.example") "\n" DENIAL("c@n.example") "\n";
	struct trace t;
	struct reader_summary s = read_text(input, &t);

	ck_assert_str_eq(t.text, "");
	ck_assert_uint_eq(s.lines, 5);
	ck_assert_uint_eq(s.not_understood, 3);
	ck_assert_uint_eq(s.troubles[0].line, 2);
	ck_assert_str_eq(s.troubles[0].reason, "the entry has no end");
}
END_TEST

START_TEST(joined_too_long)
{
	static char input[65536];
	size_t n = (size_t)snprintf(input, sizeof(input), "%s",
		CSV_HEAD CSV_EVENT("a@n.example", ""));
	unsigned more = _i == 0 ? 500 : 1; /* many lines, or a long one */
	struct reader_summary s;
	struct trace t = {0};

	for (unsigned i = 0; i < more; i++)
		n += (size_t)snprintf(input + n, sizeof(input) - n, "# %0*u\n", _i == 0 ? 1 : 900,
			i);
	n += (size_t)snprintf(input + n, sizeof(input) - n,
		DENIAL("c@n.example") "\ndoubled \"\"\nthe end\"\n" DENIAL("b@n.example") "\n");
	s = read_chunks(input, n, 4000, &t);
	ck_assert_ptr_nonnull(strstr(t.text, "b@n.example x1 0.0\n"));
	ck_assert_uint_eq(s.denials, 1);
	ck_assert_uint_eq(s.lines, 7 + more);
	ck_assert_uint_eq(s.not_understood, 4 + more);
	ck_assert_uint_eq(s.troubles[0].line, 2);
}
END_TEST

/* What follows an entry without an end need not wait for the end of the log. */
START_TEST(joined_too_many)
{
	struct reader_conf conf = {.now_s = NOW_S, .line_max = LINE_MAX_BYTES};
	struct trace t = {0};
	struct reader *r = reader_new(&conf, record, &t);
	static const char start[] = CSV_HEAD CSV_EVENT("a@n.example", "");
	static const char denial[] = DENIAL("b@n.example") "\n";

	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(reader_feed(r, start, sizeof(start) - 1), OK);
	for (int i = 0; i < 110; i++)
		ck_assert_int_eq(reader_feed(r, "#\n", 2), OK);
	ck_assert_int_eq(reader_feed(r, "\"\n", 2), OK);
	ck_assert_int_eq(reader_feed(r, denial, sizeof(denial) - 1), OK);
	ck_assert_int_eq(reader_flush(r), OK);
	ck_assert_str_eq(t.text, "115 b@n.example x1 0.0\n");
	ck_assert_int_eq(reader_finish(r), OK);
	reader_free(r);
}
END_TEST

/* --- one entry, told later -------------------------------------------------- */

START_TEST(held)
{
	struct trace t;
	struct reader_summary s = read_text(
		SENDMAIL("8ALA01mk000001") "\n" SENDMAIL("8ALA01mk000002") "\n" SENDMAIL_FROM(
			"8ALA01mk000002") "\n" DENIAL("a@n.example") "\n",
		&t);

	ck_assert_str_eq(t.text,
		"2 8ALA01mk000002@n.example x1 0.0\n4 a@n.example x1 0.0\n"
		"1 8ALA01mk000001@n.example x1 0.0\n");
	ck_assert_uint_eq(s.denials, 3);
	ck_assert_uint_eq(s.understood, 4);
}
END_TEST

START_TEST(held_and_repeated)
{
	struct trace t;
	struct reader_summary s = read_text(
		SENDMAIL(
			"8ALA01mk000001") "\n" STAMP
					  "last message repeated 2 times\n" SENDMAIL_FROM(
						  "8ALA01mk000001") "\n" DENIAL("a@n.example") "\n",
		&t);

	ck_assert_str_eq(t.text,
		"1 8ALA01mk000001@n.example x1 0.0\n"
		"2 8ALA01mk000001@n.example x2 0.0\n4 a@n.example x1 0.0\n");
	ck_assert_uint_eq(s.denials, 4);
}
END_TEST

START_TEST(flush)
{
	static const char first[] = SENDMAIL("8ALA01mk000001") "\n" STAMP "kernel: ";
	struct reader_conf conf = {.now_s = NOW_S, .line_max = LINE_MAX_BYTES};
	struct trace t = {0};
	struct reader *r = reader_new(&conf, record, &t);

	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(reader_flush(r), OK);
	ck_assert_int_eq(reader_feed(r, first, sizeof(first) - 1), OK);
	ck_assert_str_eq(t.text, "");
	ck_assert_int_eq(reader_flush(r), OK);
	ck_assert_str_eq(t.text, "1 8ALA01mk000001@n.example x1 0.0\n");
	ck_assert_uint_eq(reader_summary(r)->lines, 1); /* the last line stays open */
	ck_assert_int_eq(reader_feed(r, "x\n", 2), OK);
	ck_assert_uint_eq(reader_summary(r)->lines, 2);
	ck_assert_int_eq(reader_finish(r), OK);
	ck_assert_uint_eq(reader_summary(r)->understood, 2);
	reader_free(r);
}
END_TEST

START_TEST(doubled)
{
	static const struct {
		const char *input, *wanted;
	} rows[] = {
		{EXIM("a@n.example") "\n" EXIM("a@n.example") "\n", "1 a@n.example x1 0.0\n"},
		{EXIM("a@n.example") "\n" EXIM("a@n.example") "\n" EXIM("a@n.example") "\n" EXIM(
			 "a@n.example") "\n",
			"1 a@n.example x1 0.0\n3 a@n.example x1 0.0\n"},
		{EXIM("a@n.example") "\n" EXIM("b@n.example") "\n" EXIM("a@n.example") "\n" EXIM(
			 "b@n.example") "\n",
			"1 a@n.example x1 0.0\n2 b@n.example x1 0.0\n"},
		{STAMP "exim[812]: message repeated 4 times: [ 2026-11-21 12:00:00 H=(h) "
		       "[198.51.100.7] F=<s@t.example> rejected RCPT <a@n.example>: relay not "
		       "permitted]\n",
			"1 a@n.example x2 0.0\n"},
		{EXIM("a@n.example") "\n" STAMP "exim[812]: message repeated 2 times: [ 2026-11-21 "
				     "12:00:00 H=(h) "
				     "[198.51.100.7] F=<s@t.example> rejected RCPT <a@n.example>: "
				     "relay not permitted]\n" EXIM("a@n.example") "\n",
			"1 a@n.example x1 0.0\n2 a@n.example x1 0.0\n"},
	};
	struct trace t;
	struct reader_summary s = read_text(rows[_i].input, &t);

	ck_assert_str_eq(t.text, rows[_i].wanted);
	ck_assert_uint_eq(s.understood, s.lines);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("entries");
	TCase *entries = tcase_create("entries");

	tcase_add_test(entries, joined);
	tcase_add_test(entries, joined_without_end);
	tcase_add_loop_test(entries, joined_too_long, 0, 2);
	tcase_add_test(entries, joined_too_many);
	tcase_add_test(entries, held);
	tcase_add_test(entries, held_and_repeated);
	tcase_add_test(entries, flush);
	tcase_add_loop_test(entries, doubled, 0, 5);
	suite_add_tcase(s, entries);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
