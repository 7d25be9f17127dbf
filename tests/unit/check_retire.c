#include "retire.h"

#include <stdio.h>
#include <string.h>

#include "store_fixture.h"

enum { DAY = 86400 };

static struct retirement
state(enum retire_stage stage)
{
	struct retirement r = {.stage = stage};

	if (stage != RETIRE_NOT) {
		r.announced_s = NOW - 40 * DAY;
		r.since_s = NOW - 5 * DAY;
		r.at_s = NOW - DAY;
	}
	return r;
}

/* All pairs of where it is and what is ordered, without force and with it; the announced day is
 * over. */
static const struct {
	enum retire_stage from, order;
	bool force, allowed;
} steps[] = {
	{RETIRE_NOT, RETIRE_NOT, false, false},
	{RETIRE_NOT, RETIRE_NOT, true, false},
	{RETIRE_NOT, RETIRE_ANNOUNCED, false, true},
	{RETIRE_NOT, RETIRE_ANNOUNCED, true, true},
	{RETIRE_NOT, RETIRE_EMPTY, false, false},
	{RETIRE_NOT, RETIRE_EMPTY, true, true},
	{RETIRE_NOT, RETIRE_GONE, false, false},
	{RETIRE_NOT, RETIRE_GONE, true, false},
	{RETIRE_ANNOUNCED, RETIRE_NOT, false, true},
	{RETIRE_ANNOUNCED, RETIRE_NOT, true, true},
	{RETIRE_ANNOUNCED, RETIRE_ANNOUNCED, false, true},
	{RETIRE_ANNOUNCED, RETIRE_ANNOUNCED, true, true},
	{RETIRE_ANNOUNCED, RETIRE_EMPTY, false, true},
	{RETIRE_ANNOUNCED, RETIRE_EMPTY, true, true},
	{RETIRE_ANNOUNCED, RETIRE_GONE, false, false},
	{RETIRE_ANNOUNCED, RETIRE_GONE, true, false},
	{RETIRE_EMPTY, RETIRE_NOT, false, true},
	{RETIRE_EMPTY, RETIRE_NOT, true, true},
	{RETIRE_EMPTY, RETIRE_ANNOUNCED, false, false},
	{RETIRE_EMPTY, RETIRE_ANNOUNCED, true, false},
	{RETIRE_EMPTY, RETIRE_EMPTY, false, true},
	{RETIRE_EMPTY, RETIRE_EMPTY, true, true},
	{RETIRE_EMPTY, RETIRE_GONE, false, true},
	{RETIRE_EMPTY, RETIRE_GONE, true, true},
	{RETIRE_GONE, RETIRE_NOT, false, true},
	{RETIRE_GONE, RETIRE_NOT, true, true},
	{RETIRE_GONE, RETIRE_ANNOUNCED, false, false},
	{RETIRE_GONE, RETIRE_ANNOUNCED, true, false},
	{RETIRE_GONE, RETIRE_EMPTY, false, false},
	{RETIRE_GONE, RETIRE_EMPTY, true, false},
	{RETIRE_GONE, RETIRE_GONE, false, true},
	{RETIRE_GONE, RETIRE_GONE, true, true},
};

START_TEST(each_step)
{
	struct retirement from = state(steps[_i].from), to;
	const struct retire_order order = {.stage = steps[_i].order,
		.now_s = NOW,
		.force = steps[_i].force};
	enum err err = retire_next(&from, &order, &to, trouble());

	ck_assert_int_eq(err, steps[_i].allowed ? OK : ERR_REFUSED);
	ck_assert_int_eq(to.stage, steps[_i].allowed ? steps[_i].order : steps[_i].from);
	ck_assert_int_eq(to.stage == RETIRE_NOT, to.at_s == 0 && to.since_s == 0);
}
END_TEST

START_TEST(a_month_of_warning)
{
	struct retirement r = state(RETIRE_NOT), announced, empty;
	struct retire_order order = {.stage = RETIRE_ANNOUNCED,
		.now_s = NOW,
		.at_s = NOW + 29 * DAY};

	ck_assert_int_eq(retire_next(&r, &order, &announced, trouble()), ERR_REFUSED);
	order.force = true;
	ck_ok(retire_next(&r, &order, &announced, trouble()));
	order = (struct retire_order){.stage = RETIRE_ANNOUNCED, .now_s = NOW};
	ck_ok(retire_next(&r, &order, &announced, trouble()));
	ck_assert_int_eq(announced.at_s, NOW + 30 * DAY);
	ck_assert_int_eq(announced.announced_s, NOW);
	order = (struct retire_order){.stage = RETIRE_EMPTY, .now_s = NOW + 30 * DAY - 1};
	ck_assert_int_eq(retire_next(&announced, &order, &empty, trouble()), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "announced for 2030-"));
	order.now_s++;
	ck_ok(retire_next(&announced, &order, &empty, trouble()));
	ck_assert_int_eq(empty.at_s, announced.at_s);
	order.now_s = NOW + DAY;
	order.force = true;
	ck_ok(retire_next(&announced, &order, &empty, trouble()));
	ck_assert_int_eq(empty.at_s, NOW + DAY); /* what is told is what was done */
}
END_TEST

START_TEST(what_is_published)
{
	char notice[RETIRE_NOTICE];
	struct retirement r = state(RETIRE_NOT);

	ck_assert_str_eq(retire_notice(&r, notice), "");
	ck_assert(!retire_is_empty(&r) && !retire_is_gone(&r));
	ck_assert_uint_eq(retire_ttl(&r, 300), 300);
	r = state(RETIRE_ANNOUNCED);
	r.at_s = 1772323200;
	ck_assert_str_eq(retire_notice(&r, notice), "retire=2026-03-01");
	ck_assert(!retire_is_empty(&r) && !retire_is_gone(&r));
	ck_assert_uint_eq(retire_ttl(&r, 300), 300);
	r.stage = RETIRE_EMPTY;
	ck_assert_str_eq(retire_notice(&r, notice), "retire=2026-03-01");
	ck_assert(retire_is_empty(&r) && !retire_is_gone(&r));
	ck_assert_uint_eq(retire_ttl(&r, 300), 604800);
	ck_assert_uint_eq(retire_ttl(&r, 700000), 700000);
	r.stage = RETIRE_GONE;
	ck_assert(retire_is_empty(&r) && retire_is_gone(&r));
	r.at_s = INT64_MAX; /* what a store may hold */
	ck_assert_str_eq(retire_notice(&r, notice), "retire=?");
}
END_TEST

START_TEST(it_is_kept)
{
	struct store *s = open_store();
	struct retirement r = state(RETIRE_EMPTY), kept;

	ck_ok(retire_load(s, &kept, trouble()));
	ck_assert_int_eq(kept.stage, RETIRE_NOT);
	ck_ok(store_begin(s, trouble()));
	ck_ok(retire_save(s, &r, trouble()));
	ck_ok(store_commit(s, trouble()));
	s = reopen_store(s);
	ck_ok(retire_load(s, &kept, trouble()));
	ck_assert_int_eq(kept.stage, RETIRE_EMPTY);
	ck_assert_int_eq(kept.announced_s, r.announced_s);
	ck_assert_int_eq(kept.since_s, r.since_s);
	ck_assert_int_eq(kept.at_s, r.at_s);
	store_meddle("UPDATE number SET value = 4 WHERE name = 'retire_stage'");
	ck_assert_int_eq(retire_load(s, &kept, trouble()), ERR_CORRUPT);
	ck_assert_int_eq(kept.stage, RETIRE_NOT);
	store_close(s);
}
END_TEST

START_TEST(records_of_the_parent)
{
	char out[RETIRE_RECORDS];

	ck_ok(retire_records(TEXT("dnsbl.example.org"), out, trouble()));
	ck_assert_str_eq(out,
		"dnsbl.example.org. 604800 IN NS u1.example.org.\n"
		"dnsbl.example.org. 604800 IN NS u2.example.org.\n"
		"u1.example.org. 604800 IN A 192.0.2.1\n"
		"u2.example.org. 604800 IN A 192.0.2.2\n");
	ck_ok(retire_records(TEXT("example.org."), out, trouble()));
	ck_assert_ptr_nonnull(strstr(out, "example.org. 604800 IN NS u1.example.org.\n"));
}
END_TEST

START_TEST(no_record_lists_the_world)
{
	static const char *const names[] = {"*.example.org", "dnsbl.*.org", "*", "", ".", "a..b",
		"a b.example", "a\nb.example", "a;b.example", "$a.example", "@.example",
		"x.example\n*"};
	char out[RETIRE_RECORDS], longest[254], label[66];

	for (size_t i = 0; i < ORBL_COUNT(names); i++)
		ck_assert_msg(retire_records(text_of(names[i]), out, trouble()) == ERR_REFUSED,
			"%s", names[i]);
	for (size_t i = 0; i < sizeof(longest) - 1; i++)
		longest[i] = i % 64 == 63 ? '.' : 'a';
	longest[sizeof(longest) - 1] = '\0';
	ck_ok(retire_records(text_of(longest), out, trouble()));
	ck_assert_ptr_null(strchr(out, '*'));
	memset(label, 'a', sizeof(label));
	ck_assert_int_eq(retire_records((struct text){label, 64}, out, trouble()), ERR_REFUSED);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("retire");
	TCase *t = tcase_create("steps");
	const TTest *const kept[] = {it_is_kept};

	tcase_add_loop_test(t, each_step, 0, (int)ORBL_COUNT(steps));
	tcase_add_test(t, a_month_of_warning);
	tcase_add_test(t, what_is_published);
	tcase_add_test(t, records_of_the_parent);
	tcase_add_test(t, no_record_lists_the_world);
	suite_add_tcase(s, t);
	suite_add_tcase(s, store_tests("kept", kept, ORBL_COUNT(kept)));
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
