#include "locale_date.h"

#include "unit.h"

static const struct {
	const char *text;
	bool day_first; /* known before */
	int year, month, day;
	bool then;        /* known afterwards */
	const char *rest; /* NULL: no date */
} dates[] = {
	{"4/2/01 11", false, 2001, 4, 2, false, " 11"},
	{"4/2/01", true, 2001, 2, 4, true, ""},
	{"13/2/2001,", false, 2001, 2, 13, true, ","},
	{"2/13/2001", true, 2001, 2, 13, false, ""},
	{"11/21/1999", false, 1999, 11, 21, false, ""},
	{"02.04.2001\t", false, 2001, 4, 2, false, "\t"},
	{"2. 4. 2001 7", false, 2001, 4, 2, false, " 7"},
	{"2001-04-02", false, 2001, 4, 2, false, ""},
	{"2001/4/2", true, 2001, 4, 2, true, ""},
	{"2-4-2001", false, 2001, 4, 2, false, ""},
	{"1/1/70", false, 1970, 1, 1, false, ""},
	{"1/1/69", false, 2069, 1, 1, false, ""},
	{"31/2/2001", false, 0, 0, 0, true, NULL},
	{"13/13/2001", false, 0, 0, 0, false, NULL},
	{"0/1/2001", false, 0, 0, 0, false, NULL},
	{"4/2-01", false, 0, 0, 0, false, NULL},
	{"4:2:01", false, 0, 0, 0, false, NULL},
	{"4/2", false, 0, 0, 0, false, NULL},
	{"4/2/", false, 0, 0, 0, false, NULL},
	{"", false, 0, 0, 0, false, NULL},
};

START_TEST(take_date)
{
	struct locale_date locale = {dates[_i].day_first};
	struct text rest = text_of(dates[_i].text);
	struct stamp stamp = {0};

	if (dates[_i].rest == NULL) {
		ck_assert(!locale_date_take(&rest, &locale, &stamp));
		ck_assert(text_equal(rest, text_of(dates[_i].text)));
		return;
	}
	ck_assert(locale_date_take(&rest, &locale, &stamp));
	ck_assert(text_equal(rest, text_of(dates[_i].rest)));
	ck_assert_int_eq(stamp.year, dates[_i].year);
	ck_assert_int_eq(stamp.month, dates[_i].month);
	ck_assert_int_eq(stamp.day, dates[_i].day);
	ck_assert(stamp.is_local);
	ck_assert_int_eq(locale.day_first, dates[_i].then);
}
END_TEST

static const struct {
	const char *text;
	int hour, minute, second;
	const char *rest;
} clocks[] = {
	{"11:44:31 AM,", 11, 44, 31, ","},
	{"12:00:05 AM", 0, 0, 5, ""},
	{"12:00:05 PM", 12, 0, 5, ""},
	{"1:02:03 pm", 13, 2, 3, ""},
	{"7:00:56\xe2\x80\xafPM", 19, 0, 56, ""},
	{"7:00:56 p.m.", 19, 0, 56, ""},
	{"23:44", 23, 44, 0, ""},
	{"23.44.05", 23, 44, 5, ""},
	{"11:44:31 a", 11, 44, 31, " a"},
	{"13:00 PM", 0, 0, 0, NULL},
	{"0:00 AM", 0, 0, 0, NULL},
	{"24:00", 0, 0, 0, NULL},
	{"11:60", 0, 0, 0, NULL},
	{"11", 0, 0, 0, NULL},
	{"11:4", 0, 0, 0, NULL},
	{"11:44:", 0, 0, 0, NULL},
};

START_TEST(take_clock)
{
	struct text rest = text_of(clocks[_i].text);
	struct stamp stamp = {0};

	if (clocks[_i].rest == NULL) {
		ck_assert(!locale_date_take_clock(&rest, &stamp));
		return;
	}
	ck_assert(locale_date_take_clock(&rest, &stamp));
	ck_assert(text_equal(rest, text_of(clocks[_i].rest)));
	ck_assert_int_eq(stamp.hour, clocks[_i].hour);
	ck_assert_int_eq(stamp.minute, clocks[_i].minute);
	ck_assert_int_eq(stamp.second, clocks[_i].second);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("locale_date");
	TCase *t = tcase_create("dates");

	tcase_add_loop_test(t, take_date, 0, ORBL_COUNT(dates));
	suite_add_tcase(s, t);
	t = tcase_create("clocks");
	tcase_add_loop_test(t, take_clock, 0, ORBL_COUNT(clocks));
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
