/* orbl report and orbl publish, from the analyzer's side. */
#include <stdio.h>
#include <string.h>

#include <orbl/store_publish.h>

#include "analyzer_fixture.h"
#include "scratch.h"
#include "unit.h"

enum { NOW = 1900000000, LIFE = 30 * 86400 };

static struct analyzer a;

static void
set_up(void)
{
	scratch_enter();
	analyzer_open(&a, "publish.max_change_floor = 3\n");
}

static void
tear_down(void)
{
	analyzer_close(&a);
	scratch_leave();
}

static void
put(const char *prefix, enum category category, uint32_t asn, const char *country)
{
	const struct store_listing l = {.prefix = fixture_prefix(prefix),
		.category = category,
		.since_s = NOW,
		.expires_s = NOW + LIFE,
		.probe = 1,
		.reason = "it came back",
		.asn = asn,
		.as_org = asn == 64500 ? "Example Net" : "",
		.country = country};

	ck_ok(store_listing_put(a.store, &l, trouble()));
}

/* Takes request. */
static json_t *
ask(json_t *request)
{
	const struct command_request r = {.json = request, .author = "alice", .now_s = NOW};
	struct command_answer answer;

	ck_assert_ptr_nonnull(request);
	answer = command_run(&a.context, &r);
	json_decref(request);
	ck_assert_ptr_nonnull(answer.object);
	return answer.object;
}

static void
put_some(void)
{
	put("192.0.2.1", CATEGORY_RELAY, 64500, "SE");
	put("192.0.2.1", CATEGORY_BOUNCER, 64500, "SE");
	put("192.0.2.2", CATEGORY_RELAY, 64500, "DE");
	put("192.0.2.3", CATEGORY_BOUNCER, 0, "");
	put("2001:db8::/64", CATEGORY_RELAY, 64501, "SE");
}

/* "NAME/LABEL=PREFIXES/LISTINGS ..." */
static const char *
rows(const char *by, int count)
{
	static char text[512];
	json_t *answer = ask(
		json_pack("{s:s, s:s, s:i}", "cmd", "report", "by", by, "rows", count));
	const json_t *row;
	size_t i, n = 0;

	ck_assert(json_is_true(json_object_get(answer, "ok")));
	ck_assert_int_eq(json_integer_value(json_object_get(answer, "prefixes")), 4);
	ck_assert_int_eq(json_integer_value(json_object_get(answer, "listings")), 5);
	text[0] = '\0';
	json_array_foreach (json_object_get(answer, "rows"), i, row) {
		const char *name = json_string_value(json_object_get(row, "name"));
		const char *label = json_string_value(json_object_get(row, "label"));

		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s/%s=%d/%d",
			i != 0 ? " " : "", name != NULL ? name : "-", label != NULL ? label : "-",
			(int)json_integer_value(json_object_get(row, "prefixes")),
			(int)json_integer_value(json_object_get(row, "listings")));
	}
	snprintf(text + n, sizeof(text) - n, " +%d",
		(int)json_integer_value(json_object_get(answer, "others")));
	json_decref(answer);
	return text;
}

START_TEST(counts_listings)
{
	put_some();
	ck_assert_str_eq(rows("category", 10), "relay/-=3/3 bouncer/-=2/2 +0");
	ck_assert_str_eq(rows("asn", 10), "64500/Example Net=2/3 -/-=1/1 64501/-=1/1 +0");
	ck_assert_str_eq(rows("country", 10), "SE/-=2/3 -/-=1/1 DE/-=1/1 +0");
	ck_assert_str_eq(rows("country", 1), "SE/-=2/3 +2");
	ck_assert_str_eq(rows("reporter", 10), "-/-=4/5 +0");
}
END_TEST

START_TEST(rows_are_bounded)
{
	json_t *answer;
	char prefix[PREFIX_TEXT];

	ck_ok(store_begin(a.store, trouble()));
	for (uint32_t i = 0; i < 1200; i++) {
		snprintf(prefix, sizeof(prefix), "198.18.%u.%u", i / 250, i % 250);
		put(prefix, CATEGORY_RELAY, 100000 + i, "");
	}
	ck_ok(store_commit(a.store, trouble()));
	for (int n = 0; n < 4; n++) {
		static const int asked[] = {1, 1000, 0, 1001};
		bool may = n < 2;

		answer = ask(json_pack("{s:s, s:s, s:i}", "cmd", "report", "by", "asn", "rows",
			asked[n]));
		ck_assert(json_is_true(json_object_get(answer, "ok")) == may);
		ck_assert_uint_eq(json_array_size(json_object_get(answer, "rows")),
			may ? (size_t)asked[n] : 0);
		if (may)
			ck_assert_int_eq(json_integer_value(json_object_get(answer, "others")),
				1200 - asked[n]);
		json_decref(answer);
	}
}
END_TEST

START_TEST(refuses_what_cannot_be_counted_by)
{
	json_t *answer = ask(json_pack("{s:s, s:s}", "cmd", "report", "by", "colour"));

	ck_assert(json_is_false(json_object_get(answer, "ok")));
	json_decref(answer);
}
END_TEST

START_TEST(tells_what_is_held_and_publishes_by_force)
{
	json_t *answer, *held;

	put_some();
	put("192.0.2.9", CATEGORY_RELAY, 0, "");
	answer = ask(json_pack("{s:s}", "cmd", "publish"));
	held = json_object_get(answer, "held");
	ck_assert(json_is_true(json_object_get(answer, "ok")));
	ck_assert_str_eq(json_string_value(json_object_get(held, "kind")), "share");
	ck_assert(json_is_true(json_object_get(held, "removals_published")));
	json_decref(answer);
	answer = ask(json_pack("{s:s}", "cmd", "status"));
	ck_assert(json_is_object(json_object_get(answer, "held")));
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "alarms")), 1);
	json_decref(answer);
	answer = ask(json_pack("{s:s, s:b}", "cmd", "publish", "force", 1));
	ck_assert(json_is_false(json_object_get(answer, "ok"))); /* why? */
	json_decref(answer);
	answer = ask(json_pack("{s:s, s:b, s:s}", "cmd", "publish", "force", 1, "reason", "seen"));
	ck_assert(json_is_null(json_object_get(answer, "held")));
	ck_assert_int_gt(json_integer_value(json_object_get(answer, "serial")), 1);
	json_decref(answer);
	answer = ask(json_pack("{s:s}", "cmd", "status"));
	ck_assert(json_is_null(json_object_get(answer, "held")));
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "alarms")), 0);
	json_decref(answer);
}
END_TEST

/* 1200 listings are two pages; none is missing, none comes twice. */
START_TEST(a_long_list_comes_in_pages)
{
	char prefix[PREFIX_TEXT], last[PREFIX_TEXT] = "", request[128];
	json_t *answer = NULL, *l;
	size_t count = 0, i;

	ck_ok(store_begin(a.store, trouble()));
	for (uint32_t n = 0; n < 1200; n++) {
		snprintf(prefix, sizeof(prefix), "198.18.%u.%u", n / 250, n % 250);
		put(prefix, CATEGORY_RELAY, 1, "");
	}
	ck_ok(store_commit(a.store, trouble()));
	for (int page = 0; page < 2; page++) {
		snprintf(request, sizeof(request), "%s",
			page == 0 ? "" : json_string_value(json_object_get(answer, "next")));
		json_decref(answer);
		answer = ask(page == 0 ? json_pack("{s:s}", "cmd", "list") :
					 json_pack("{s:s, s:s}", "cmd", "list", "after", request));
		json_array_foreach (json_object_get(answer, "listings"), i, l) {
			const char *name = json_string_value(json_object_get(l, "prefix"));

			ck_assert_int_lt(strcmp(last, name), 0);
			snprintf(last, sizeof(last), "%s", name);
			count++;
		}
		ck_assert(json_is_string(json_object_get(answer, "next")) == (page == 0));
	}
	ck_assert_uint_eq(count, 1200);
	json_decref(answer);
	answer = ask(json_pack("{s:s, s:s}", "cmd", "list", "after", "x"));
	ck_assert_str_eq(json_string_value(json_object_get(answer, "error")), "syntax");
	json_decref(answer);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("report");
	TCase *all = tcase_create("commands");

	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_add_test(all, counts_listings);
	tcase_add_test(all, rows_are_bounded);
	tcase_add_test(all, a_long_list_comes_in_pages);
	tcase_add_test(all, refuses_what_cannot_be_counted_by);
	tcase_add_test(all, tells_what_is_held_and_publishes_by_force);
	suite_add_tcase(s, all);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
