#include "probe_rate.h"

#include "analyzer_fixture.h"
#include "unit.h"

static struct probe_rate rate;

static void
set_up(uint32_t per_minute, uint32_t per_network, int64_t now_ms)
{
	const struct probe_rate_rules rules = {per_minute, per_network};

	ck_ok(probe_rate_init(&rate, &rules, 100, now_ms));
}

static void
tear_down(void)
{
	probe_rate_free(&rate);
}

static enum probe_rate_answer
ask(const char *host, int64_t now_ms)
{
	struct addr a = fixture_address(host);

	return probe_rate_ask(&rate, &a, now_ms);
}

static void
begin(const char *host, int64_t now_ms)
{
	struct addr a = fixture_address(host);

	ck_assert_int_eq(probe_rate_ask(&rate, &a, now_ms), PROBE_RATE_OK);
	probe_rate_begin(&rate, &a, now_ms);
}

static void
end(const char *host)
{
	struct addr a = fixture_address(host);

	probe_rate_end(&rate, &a);
}

START_TEST(a_burst_is_what_a_second_allows)
{
	set_up(600, 100, 1000);
	for (int i = 0; i < 10; i++)
		begin("192.0.2.1", 1000);
	ck_assert_int_eq(ask("192.0.2.1", 1000), PROBE_RATE_MINUTE);
	ck_assert_int_eq(probe_rate_wait_ms(&rate, 1000), 100);
	ck_assert_int_eq(ask("192.0.2.1", 1099), PROBE_RATE_MINUTE);
	ck_assert_int_eq(probe_rate_wait_ms(&rate, 1099), 1);
	begin("192.0.2.1", 1100);
	ck_assert_int_eq(ask("192.0.2.1", 1100), PROBE_RATE_MINUTE);
	/* However long nothing began. */
	for (int i = 0; i < 10; i++)
		begin("192.0.2.2", 1000000);
	ck_assert_int_eq(ask("192.0.2.2", 1000000), PROBE_RATE_MINUTE);
}
END_TEST

START_TEST(a_slow_rate_has_no_burst)
{
	set_up(1, 100, 0);
	begin("192.0.2.1", 0);
	ck_assert_int_eq(probe_rate_wait_ms(&rate, 0), 60000);
	ck_assert_int_eq(ask("192.0.2.2", 59999), PROBE_RATE_MINUTE);
	begin("192.0.2.2", 60000);
	ck_assert_int_eq(ask("192.0.2.2", 60001), PROBE_RATE_MINUTE);
}
END_TEST

START_TEST(so_many_begin_in_an_hour_and_no_more)
{
	unsigned begun = 0;
	struct addr a = fixture_address("192.0.2.1");

	set_up(90, 1000, 0);
	for (int64_t ms = 0; ms < 3600000; ms += 7)
		if (probe_rate_ask(&rate, &a, ms) == PROBE_RATE_OK) {
			probe_rate_begin(&rate, &a, ms);
			probe_rate_end(&rate, &a);
			begun++;
		}
	ck_assert_uint_ge(begun, 60 * 90 - 1);
	ck_assert_uint_le(begun, 60 * 90 + 1);
}
END_TEST

START_TEST(a_clock_may_jump)
{
	set_up(60, 100, 1000000);
	begin("192.0.2.1", 1000000);
	ck_assert_int_eq(ask("192.0.2.1", 5000), PROBE_RATE_MINUTE); /* back: nothing for free */
	ck_assert_int_eq(probe_rate_wait_ms(&rate, 5000), 1000);     /* and no wait for ever */
	begin("192.0.2.1", 6000);
	begin("192.0.2.1", INT64_MAX / 2); /* forward: one bucket */
	ck_assert_int_eq(ask("192.0.2.1", INT64_MAX / 2), PROBE_RATE_MINUTE);
}
END_TEST

START_TEST(a_network_has_so_many_at_once)
{
	set_up(1000000, 2, 0);
	begin("192.0.2.1", 0);
	begin("192.0.2.200", 0);
	ck_assert_int_eq(ask("192.0.2.77", 0), PROBE_RATE_NETWORK);
	begin("192.0.3.1", 0); /* another /24 */
	begin("2001:db8:1:2::1", 0);
	begin("2001:db8:1:ffff::1", 0);
	ck_assert_int_eq(ask("2001:db8:1:3::1", 0), PROBE_RATE_NETWORK);
	begin("2001:db8:2::1", 0); /* another /48 */
	begin("c000:200::1", 0);   /* whose bytes begin as those of 192.0.2 */
	end("192.0.2.200");
	begin("192.0.2.77", 0);
	ck_assert_int_eq(ask("192.0.2.78", 0), PROBE_RATE_NETWORK);
	end("10.9.9.9"); /* never began: nothing happens */
	ck_assert_int_eq(ask("192.0.2.78", 0), PROBE_RATE_NETWORK);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("probe_rate");
	TCase *t = tcase_create("rates");

	tcase_add_checked_fixture(t, NULL, tear_down);
	tcase_add_test(t, a_burst_is_what_a_second_allows);
	tcase_add_test(t, a_slow_rate_has_no_burst);
	tcase_add_test(t, so_many_begin_in_an_hour_and_no_more);
	tcase_add_test(t, a_clock_may_jump);
	tcase_add_test(t, a_network_has_so_many_at_once);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
