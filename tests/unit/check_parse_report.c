#include "parse_report.h"

#include <stdio.h>
#include <string.h>

#include "unit.h"

static void
set_reason(struct reader_summary *s, size_t i, unsigned number, uint64_t count)
{
	(void)snprintf(s->reasons[i].text, sizeof(s->reasons[i].text), "reason %u", number);
	s->reasons[i].count = count;
	s->not_understood += count;
	if (s->reason_count <= i)
		s->reason_count = i + 1;
}

START_TEST(files_add_up)
{
	struct parse_totals t = {0};
	struct reader_summary one = {.lines = 10, .understood = 8, .denials = 5, .rejections = 3};
	struct reader_summary two = {.lines = 1, .understood = 1, .known = 1, .denials = 4};

	one.rejections_of[REJECTION_GREYLIST] = 3;
	set_reason(&one, 0, 7, 2);
	set_reason(&two, 0, 6, 1);
	set_reason(&two, 1, 7, 3);
	parse_report_add(&t, &one, 0);
	parse_report_add(&t, &two, 3);
	ck_assert_uint_eq(t.files, 2);
	ck_assert_uint_eq(t.duplicates, 3);
	ck_assert_uint_eq(t.sum.lines, 11);
	ck_assert_uint_eq(t.sum.understood, 9);
	ck_assert_uint_eq(t.sum.known, 1);
	ck_assert_uint_eq(t.sum.denials, 6);
	ck_assert_uint_eq(t.sum.rejections, 3);
	ck_assert_uint_eq(t.sum.rejections_of[REJECTION_GREYLIST], 3);
	ck_assert_uint_eq(t.sum.not_understood, 6);
	ck_assert_uint_eq(t.sum.reason_count, 2);
	ck_assert_str_eq(t.sum.reasons[0].text, "reason 7");
	ck_assert_uint_eq(t.sum.reasons[0].count, 5);
	ck_assert_str_eq(t.sum.reasons[1].text, "reason 6");
	ck_assert_uint_eq(t.sum.reasons[1].count, 1);
}
END_TEST

/* More reasons than there is room for: none is lost from the count. */
START_TEST(many_reasons)
{
	struct parse_totals t = {0};
	uint64_t all = 0;

	for (unsigned file = 0; file < 4; file++) {
		struct reader_summary s = {0};

		for (unsigned i = 0; i < READER_REASONS_MAX; i++)
			set_reason(&s, i, file * 10 + i, 1 + i);
		parse_report_add(&t, &s, 0);
	}
	ck_assert_uint_eq(t.sum.reason_count, READER_REASONS_MAX);
	for (size_t i = 0; i < t.sum.reason_count; i++)
		all += t.sum.reasons[i].count;
	ck_assert_uint_eq(all, t.sum.not_understood);
	ck_assert_uint_eq(t.sum.reasons[0].count, 1);
	ck_assert_uint_eq(t.sum.reasons[10].count, 11 + 1);
}
END_TEST

START_TEST(useless)
{
	static const struct {
		uint64_t lines, known, not_understood;
		const char *format;
		bool wanted;
	} rows[] = {
		{0, 0, 0, NULL, false},
		{0, 0, 0, "exim", false},
		{9, 0, 0, NULL, false}, /* a quiet log */
		{9, 0, 0, "exim", true},
		{9, 0, 1, NULL, true},
		{9, 1, 8, NULL, false},
		{9, 1, 8, "exim", false},
	};
	struct parse_totals t = {0};

	t.sum.lines = rows[_i].lines;
	t.sum.known = rows[_i].known;
	t.sum.not_understood = rows[_i].not_understood;
	ck_assert(parse_report_is_useless(&t, rows[_i].format) == rows[_i].wanted);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("parse_report");
	TCase *c = tcase_create("totals");

	tcase_add_test(c, files_add_up);
	tcase_add_test(c, many_reasons);
	tcase_add_loop_test(c, useless, 0, 7);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
