#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reload_fixture.h"

static struct reload_fixture f;

static void
set_up(void)
{
	fixture_set_up(&f);
}

static void
tear_down(void)
{
	fixture_tear_down(&f);
}

/* --- snapshots -------------------------------------------------------------------------- */

START_TEST(waits_for_the_first_file)
{
	fixture_open_snapshot_zone(&f);
	ck_assert_uint_eq(fixture_serial(&f), 0);
	reload_request(f.reload, true, 1);
	ck_assert_uint_eq(fixture_serial(&f), 0);
	ck_assert_str_ne(fixture_status(&f).error, "");
	fixture_publish_list(&f, 5);
	reload_request(f.reload, false, 2);
	ck_assert_uint_eq(fixture_serial(&f), 5);
	ck_assert(fixture_is_ready(&f, "relays.dnsbl.test"));
	ck_assert_str_eq(fixture_status(&f).error, "");
	ck_assert_int_eq(fixture_status(&f).loaded_s, 2);
}
END_TEST

START_TEST(waits_for_the_first_transfer)
{
	fixture_add_zone(&f, "dnsbl.test=transfer:", f.path);
	fixture_open_zones(&f);
	reload_request(f.reload, true, 1);
	reload_request(f.reload, false, 2);
	ck_assert_uint_eq(fixture_count_logged(&f, "waiting for its first transfer"), 1);
	ck_assert_uint_eq(fixture_count_logged(&f, "error: "), 0);
	ck_assert_str_eq(fixture_status(&f).error, "waiting for its first transfer");
	fixture_publish_list(&f, 5);
	reload_request(f.reload, false, 3);
	ck_assert_str_eq(fixture_status(&f).error, "");
	ck_assert_int_eq(unlink(f.path), 0);
	reload_request(f.reload, false, 4); /* what was there is missing */
	ck_assert_uint_eq(fixture_count_logged(&f, "error: "), 1);
}
END_TEST

/* While other zones are loaded at the start. */
START_TEST(a_catalog_waits_in_silence)
{
	fixture_add_zone(&f, "dnsbl.test=snapshot:", f.path);
	f.zones[f.zone_count++] = (struct feed_zone){.origin = "catalog.test",
		.source = {.kind = FEED_CATALOG, .paths = "all zones"}};
	fixture_open_zones(&f);
	reload_request(f.reload, true, 100);
	reload_request(f.reload, false, 159);
	ck_assert_uint_eq(fixture_count_logged(&f, "not made anew"), 0);
	reload_request(f.reload, false, 160);
	reload_request(f.reload, false, 300);
	ck_assert_uint_eq(fixture_count_logged(&f, "not made anew while zone dnsbl.test"), 1);
}
END_TEST

/* Of what is in service, not of what was refused. */
START_TEST(counts_lines_that_are_skipped)
{
	fixture_open_rbldnsd_zone(&f);
	fixture_write_file(f.path, "192.0.2.1\nbad\nworse\n");
	reload_request(f.reload, true, 1);
	reload_loaded(f.reload, 1);
	ck_assert_uint_eq(fixture_status(&f).skipped, 2);
	fixture_write_file(f.path, "bad\n");
	reload_request(f.reload, true, 2);
	reload_loaded(f.reload, 2);
	ck_assert_str_ne(fixture_status(&f).error, "");
	ck_assert_uint_eq(fixture_status(&f).skipped, 2);
	fixture_write_file(f.path, "192.0.2.1\n");
	reload_request(f.reload, true, 3);
	reload_loaded(f.reload, 3);
	ck_assert_uint_eq(fixture_status(&f).skipped, 0);
}
END_TEST

START_TEST(looks_for_changes)
{
	fixture_open_snapshot_zone(&f);
	fixture_publish_list(&f, 5);
	reload_request(f.reload, true, 1);
	reload_request(f.reload, false, 2);
	ck_assert_int_eq(fixture_status(&f).loaded_s, 1); /* the same file: not loaded again */
	reload_request(f.reload, true, 3);
	ck_assert_int_eq(fixture_status(&f).loaded_s, 3); /* asked for */
	fixture_publish_list(&f, 6);
	reload_request(f.reload, false, 4);
	ck_assert_uint_eq(fixture_serial(&f), 6);
}
END_TEST

START_TEST(keeps_the_old_for_a_bad_file)
{
	fixture_open_snapshot_zone(&f);
	fixture_publish_list(&f, 5);
	reload_request(f.reload, true, 1);
	fixture_write_file(f.path, "rubbish");
	reload_request(f.reload, false, 2);
	ck_assert_uint_eq(fixture_serial(&f), 5);
	ck_assert_ptr_nonnull(strstr(fixture_status(&f).error, f.path));
	ck_assert(!fixture_status(&f).is_previous);
	unlink(f.path);
	reload_request(f.reload, false, 3);
	ck_assert_uint_eq(fixture_serial(&f), 5);
	fixture_publish_list(&f, 7);
	reload_request(f.reload, false, 4);
	ck_assert_uint_eq(fixture_serial(&f), 7);
	ck_assert_str_eq(fixture_status(&f).error, "");
}
END_TEST

START_TEST(says_a_reason_once)
{
	fixture_open_snapshot_zone(&f);
	fixture_publish_list(&f, 5);
	reload_request(f.reload, true, 1);
	fixture_write_file(f.path, "rubbish");
	for (int64_t now_s = 2; now_s < 5; now_s++)
		reload_request(f.reload, false, now_s);
	ck_assert_uint_eq(fixture_count_logged(&f, "serial 5 stays in service"), 1);
}
END_TEST

/* Every cut of a good file keeps the old one in service. */
START_TEST(keeps_the_old_for_any_cut)
{
	struct stat st;

	fixture_open_snapshot_zone(&f);
	fixture_publish_list(&f, 5);
	reload_request(f.reload, true, 1);
	fixture_publish_list(&f, 6);
	ck_assert_int_eq(stat(f.path, &st), 0);
	for (off_t len = st.st_size - 1; len >= 0; len -= len > 64 ? 7 : 1) {
		ck_assert_int_eq(truncate(f.path, len), 0);
		reload_request(f.reload, true, 2);
		ck_assert_uint_eq(fixture_serial(&f), 5);
	}
}
END_TEST

START_TEST(falls_back_to_the_previous_generation)
{
	fixture_publish_list(&f, 5);
	fixture_publish_list(&f, 6);
	fixture_write_file(f.path, "rubbish");
	fixture_open_snapshot_zone(&f);
	reload_request(f.reload, true, 1);
	ck_assert_uint_eq(fixture_serial(&f), 5);
	ck_assert(fixture_status(&f).is_previous);
	ck_assert_str_ne(fixture_status(&f).error, "");
	unlink(f.path); /* what is not there is not what is in service */
	reload_request(f.reload, false, 2);
	ck_assert_str_ne(fixture_status(&f).error, "");
	fixture_publish_list(&f, 8);
	reload_request(f.reload, false, 3);
	ck_assert_uint_eq(fixture_serial(&f), 8);
	ck_assert(!fixture_status(&f).is_previous);
}
END_TEST

/* --- several zones and sources ------------------------------------------------------------- */

static const struct {
	const char *zones[2], *mentions;
} bad_pairs[] = {
	{{"a.test=snapshot:/x", "A.test=snapshot:/y"}, "two snapshots"},
	{{"a.test=rbldnsd:ip4set:/x", "a.test=rbldnsd:ip4set:/x"}, "\"/x\" is given twice"},
	{{"a.test=rbldnsd:acl:/x", "a.test=rbldnsd:acl:/y"}, "two access control lists"},
	{{"=rbldnsd:acl:/x", "=rbldnsd:acl:/y"}, "zone (all)"},
};

START_TEST(refuses_what_does_not_go_together)
{
	struct error e = {.text = ""};

	fixture_add_zone(&f, "other.test=snapshot:", "/z");
	fixture_add_zone(&f, bad_pairs[_i].zones[0], "");
	fixture_add_zone(&f, bad_pairs[_i].zones[1], "");
	ck_assert_int_eq(fixture_try_to_open(&f, &e), ERR_REFUSED);
	ck_assert_ptr_null(f.reload);
	ck_assert_msg(strstr(e.text, bad_pairs[_i].mentions) != NULL, "%s", e.text);
}
END_TEST

START_TEST(loads_a_source_once_for_all_its_zones)
{
	fixture_publish_base(&f, 5);
	fixture_add_zone(&f, "a.test=snapshot:", f.path);
	fixture_add_zone(&f, "b.test=snapshot:", f.path);
	fixture_open_zones(&f);
	reload_request(f.reload, true, 1);
	ck_assert(fixture_is_ready(&f, "a.test"));
	ck_assert(fixture_is_ready(&f, "b.test"));
	ck_assert_ptr_eq(fixture_status_of(&f, 0).snapshot, fixture_status_of(&f, 1).snapshot);
	ck_assert_uint_eq(fixture_count_logged(&f, "zone a.test, b.test: serving"), 1);
}
END_TEST

START_TEST(joins_the_sources_of_a_zone)
{
	char other[160];

	snprintf(other, sizeof(other), "%s/data", f.dir);
	fixture_publish_base(&f, 5);
	fixture_write_file(other, "192.0.2.1\n");
	fixture_add_zone(&f, "dnsbl.test=snapshot:", f.path);
	fixture_add_zone(&f, "dnsbl.test=rbldnsd:ip4set:", other);
	fixture_open_zones(&f);
	reload_request(f.reload, true, 1);
	ck_assert(!fixture_is_ready(&f, "dnsbl.test")); /* the second one is being compiled */
	while (reload_is_busy(f.reload))
		reload_loaded(f.reload, 1);
	ck_assert(fixture_is_ready(&f, "dnsbl.test"));
	ck_assert_uint_eq(fixture_find_zone(&f, "dnsbl.test")->layer_count, 2);
}
END_TEST

/* With an origin in front of it this is longer than a name can be. */
#define LABEL "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char too_long[] = LABEL "." LABEL "." LABEL "." LABEL;

START_TEST(a_zone_that_cannot_be_takes_no_other_down)
{
	char bad[160], third[160];

	snprintf(bad, sizeof(bad), "%s/bad", f.dir);
	snprintf(third, sizeof(third), "%s/third", f.dir);
	fixture_publish_small(bad, NULL, too_long, 6, 1);
	fixture_publish_small(third, NULL, "", 7, 1);
	fixture_add_zone(&f, "long-enough.a.test=snapshot:", bad);
	fixture_add_zone(&f, "t=snapshot:", bad);
	fixture_add_zone(&f, "c.test=snapshot:", third);
	fixture_open_zones(&f);
	reload_request(f.reload, true, 1);
	ck_assert(!fixture_is_ready(&f, "long-enough.a.test"));
	ck_assert(!fixture_status_of(&f, 0).is_served);
	ck_assert_ptr_nonnull(strstr(fixture_status_of(&f, 0).error, too_long));
	ck_assert(fixture_is_ready(&f, "t"));
	ck_assert(fixture_status_of(&f, 1).is_served);
	ck_assert_str_eq(fixture_status_of(&f, 1).error, "");
	ck_assert(fixture_is_ready(&f, "c.test"));
	fixture_publish_small(third, NULL, "", 8, 1);
	reload_request(f.reload, false, 2);
	ck_assert_uint_eq(fixture_find_zone(&f, "c.test")->serial, 8);
	ck_assert_uint_eq(fixture_count_logged(&f, "it answers SERVFAIL"), 1);
	/* What is wrong goes, and the zone comes. */
	fixture_publish_small(bad, NULL, "", 9, 1);
	reload_request(f.reload, false, 3);
	ck_assert(fixture_is_ready(&f, "long-enough.a.test"));
	ck_assert_str_eq(fixture_status_of(&f, 0).error, "");
}
END_TEST

/* New data that make a zone impossible are refused, and the old stay. */
START_TEST(keeps_the_old_for_a_zone_that_cannot_be)
{
	char other[160];

	snprintf(other, sizeof(other), "%s/other", f.dir);
	fixture_publish_base(&f, 5);
	fixture_publish_small(other, NULL, "", 6, 1);
	fixture_add_zone(&f, "b.test=snapshot:", f.path);
	fixture_add_zone(&f, "long-enough.a.test=snapshot:", other);
	fixture_open_zones(&f);
	reload_request(f.reload, true, 1);
	fixture_publish_small(other, NULL, too_long, 7, 1);
	reload_request(f.reload, false, 2);
	ck_assert(fixture_is_ready(&f, "b.test"));
	ck_assert(fixture_is_ready(&f, "long-enough.a.test"));
	ck_assert_uint_eq(fixture_find_zone(&f, "long-enough.a.test")->serial, 6);
	ck_assert_ptr_nonnull(strstr(fixture_status_of(&f, 1).error, too_long));
	ck_assert_uint_eq(fixture_count_logged(&f, "serial 6 stays in service"), 1);
}
END_TEST

START_TEST(tells_what_is_old)
{
	f.options.max_age_s = 1000; /* made at 1000, looked at at 2000 */
	fixture_publish_base(&f, 5);
	fixture_open_snapshot_zone(&f);
	reload_request(f.reload, true, 1);
	ck_assert(fixture_status(&f).is_old);
	f.options.max_age_s = 1001;
	reload_free(f.reload);
	fixture_open_zones(&f);
	reload_request(f.reload, true, 1);
	ck_assert(!fixture_status(&f).is_old);
}
END_TEST

START_TEST(logs_what_grows_old)
{
	f.options.max_age_s = 1000;
	fixture_publish_base(&f, 5);
	fixture_open_snapshot_zone(&f);
	reload_request(f.reload, true, 1999);
	ck_assert_uint_eq(fixture_count_logged(&f, "SERVFAIL until there are newer"), 0);
	reload_request(f.reload, false, 2000);
	reload_request(f.reload, false, 2001);
	ck_assert_uint_eq(fixture_count_logged(&f, "SERVFAIL until there are newer"), 1);
	reload_request(f.reload, false, 1999); /* as when newer data come */
	ck_assert_uint_eq(fixture_count_logged(&f, "new enough again, serial 5"), 1);
}
END_TEST

START_TEST(logs_the_end_of_trouble)
{
	fixture_open_snapshot_zone(&f);
	fixture_publish_list(&f, 5);
	reload_request(f.reload, true, 1);
	fixture_write_file(f.path, "rubbish");
	reload_request(f.reload, false, 2);
	ck_assert_uint_eq(fixture_count_logged(&f, "notice: "), 0);
	fixture_publish_list(&f, 6);
	reload_request(f.reload, false, 3);
	ck_assert_uint_eq(fixture_count_logged(&f, "notice: zone dnsbl.test: serving"), 1);
	fixture_publish_list(&f, 7);
	reload_request(f.reload, false, 4);
	ck_assert_uint_eq(fixture_count_logged(&f, "notice: zone dnsbl.test: serving"), 1);
}
END_TEST

static TCase *
make_case(const char *name)
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	return t;
}

static Suite *
suite(void)
{
	Suite *s = suite_create("reload");
	TCase *files = make_case("files");
	TCase *many = make_case("zones");

	tcase_add_test(files, waits_for_the_first_file);
	tcase_add_test(files, waits_for_the_first_transfer);
	tcase_add_test(files, counts_lines_that_are_skipped);
	tcase_add_test(many, a_catalog_waits_in_silence);
	tcase_add_test(files, looks_for_changes);
	tcase_add_test(files, keeps_the_old_for_a_bad_file);
	tcase_add_test(files, says_a_reason_once);
	tcase_add_test(files, keeps_the_old_for_any_cut);
	tcase_add_test(files, falls_back_to_the_previous_generation);
	tcase_add_loop_test(many, refuses_what_does_not_go_together, 0, (int)ORBL_COUNT(bad_pairs));
	tcase_add_test(many, loads_a_source_once_for_all_its_zones);
	tcase_add_test(many, joins_the_sources_of_a_zone);
	tcase_add_test(many, a_zone_that_cannot_be_takes_no_other_down);
	tcase_add_test(many, keeps_the_old_for_a_zone_that_cannot_be);
	tcase_add_test(many, tells_what_is_old);
	tcase_add_test(many, logs_what_grows_old);
	tcase_add_test(many, logs_the_end_of_trouble);
	suite_add_tcase(s, files);
	suite_add_tcase(s, many);
	return s;
}

int
main(int argc, char **argv)
{
	if (loader_is_child(argc, argv))
		return loader_serve();
	f.program = argv[0];
	return unit_run(suite());
}
