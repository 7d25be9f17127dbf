#include "etiquette.h"

#include <limits.h>
#include <string.h>

#include "unit.h"

enum { NOW = 1900000000, DAY = 86400 };

static char why[ETIQUETTE_WHY];

static struct prefix
prefix(const char *s)
{
	struct prefix p;

	ck_assert_int_eq(prefix_parse(text_of(s), &p), OK);
	return p;
}

static enum etiquette_answer
ask(const char *address, bool automated, int64_t last_s)
{
	struct prefix allow[] = {prefix("127.0.0.0/8"), prefix("fd00::/8")};
	struct prefix opt_out[] = {prefix("198.41.0.0/24"), prefix("127.0.0.66")};
	struct etiquette_rules rules = {.allow_count = 2,
		.allow = allow,
		.opt_out_count = 2,
		.opt_out = opt_out,
		.interval_s = DAY};
	struct etiquette_question q = {.automated = automated,
		.last_probe_s = last_s,
		.now_s = NOW};

	ck_assert_int_eq(addr_parse(text_of(address), &q.addr), OK);
	return etiquette_check(&rules, &q, why);
}

START_TEST(addresses)
{
	static const struct {
		const char *address;
		enum etiquette_answer answer;
	} rows[] = {
		{"8.8.8.8", ETIQUETTE_PROBE}, {"2a00:1450::1", ETIQUETTE_PROBE},
		{"127.0.0.2", ETIQUETTE_PROBE}, /* allowed */
		{"fd00::1", ETIQUETTE_PROBE}, {"::ffff:127.0.0.2", ETIQUETTE_PROBE},
		{"0.0.0.0", ETIQUETTE_RESERVED}, {"10.1.2.3", ETIQUETTE_RESERVED},
		{"100.64.0.1", ETIQUETTE_RESERVED}, {"169.254.1.1", ETIQUETTE_RESERVED},
		{"172.16.0.1", ETIQUETTE_RESERVED}, {"192.0.0.1", ETIQUETTE_RESERVED},
		{"192.0.2.1", ETIQUETTE_RESERVED}, {"192.168.1.1", ETIQUETTE_RESERVED},
		{"198.18.0.1", ETIQUETTE_RESERVED}, {"198.51.100.1", ETIQUETTE_RESERVED},
		{"203.0.113.1", ETIQUETTE_RESERVED}, {"224.0.0.1", ETIQUETTE_RESERVED},
		{"255.255.255.255", ETIQUETTE_RESERVED}, {"::1", ETIQUETTE_RESERVED},
		{"::", ETIQUETTE_RESERVED}, {"fc00::1", ETIQUETTE_RESERVED},
		{"fe80::1", ETIQUETTE_RESERVED}, {"ff02::1", ETIQUETTE_RESERVED},
		{"2001:db8::1", ETIQUETTE_RESERVED}, {"::ffff:10.1.2.3", ETIQUETTE_RESERVED},
		{"198.41.0.4", ETIQUETTE_OPTED_OUT},
		{"127.0.0.66", ETIQUETTE_OPTED_OUT}, /* stronger than allowed */
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		ck_assert_msg(ask(rows[i].address, true, 0) == rows[i].answer, "%s: %s",
			rows[i].address, why);
		ck_assert_int_eq(why[0] != '\0', rows[i].answer != ETIQUETTE_PROBE);
		/* Being asked for makes a difference for the interval only. */
		ck_assert_int_eq(ask(rows[i].address, false, NOW - 1), rows[i].answer);
	}
}
END_TEST

START_TEST(interval)
{
	ck_assert_int_eq(ask("8.8.8.8", true, NOW - DAY), ETIQUETTE_PROBE);
	ck_assert_int_eq(ask("8.8.8.8", true, NOW - DAY + 1), ETIQUETTE_TOO_SOON);
	ck_assert_ptr_nonnull(strstr(why, "again in 1 s"));
	ck_assert_int_eq(ask("8.8.8.8", true, NOW), ETIQUETTE_TOO_SOON);
	ck_assert_int_eq(ask("8.8.8.8", true, NOW + 500), ETIQUETTE_TOO_SOON);
	ck_assert_int_eq(ask("8.8.8.8", false, NOW), ETIQUETTE_PROBE);
	ck_assert_int_eq(ask("8.8.8.8", true, 0), ETIQUETTE_PROBE);
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(etiquette_answer_name(ETIQUETTE_PROBE), "probe");
	ck_assert_str_eq(etiquette_answer_name(ETIQUETTE_RESERVED), "reserved");
	ck_assert_str_eq(etiquette_answer_name(ETIQUETTE_OPTED_OUT), "opted-out");
	ck_assert_str_eq(etiquette_answer_name(ETIQUETTE_TOO_SOON), "too-soon");
	ck_assert_int_eq(ask("198.41.0.4", true, 0), ETIQUETTE_OPTED_OUT);
	ck_assert_ptr_nonnull(strstr(why, "198.41.0.0/24"));
}
END_TEST

START_TEST(what_led_to_nothing_waits_longer)
{
	static const struct {
		unsigned fruitless;
		int64_t days;
	} waits[] = {{0, 1}, {1, 1}, {2, 2}, {3, 4}, {6, 32}, {7, 32}, {UINT_MAX, 32}};
	struct etiquette_question q = {.automated = true, .now_s = NOW};
	const struct etiquette_rules rules = {.interval_s = DAY};

	ck_assert_int_eq(addr_parse(TEXT("8.8.8.8"), &q.addr), OK);
	for (size_t i = 0; i < ORBL_COUNT(waits); i++) {
		q.fruitless = waits[i].fruitless;
		q.last_probe_s = NOW - waits[i].days * DAY;
		ck_assert_int_eq(etiquette_check(&rules, &q, why), ETIQUETTE_PROBE);
		q.last_probe_s++;
		ck_assert_int_eq(etiquette_check(&rules, &q, why), ETIQUETTE_TOO_SOON);
	}
	q.automated = false; /* asked for */
	ck_assert_int_eq(etiquette_check(&rules, &q, why), ETIQUETTE_PROBE);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("etiquette");
	TCase *who = tcase_create("who"), *when = tcase_create("when");

	tcase_add_test(who, addresses);
	tcase_add_test(who, names);
	tcase_add_test(when, interval);
	tcase_add_test(when, what_led_to_nothing_waits_longer);
	suite_add_tcase(s, who);
	suite_add_tcase(s, when);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
