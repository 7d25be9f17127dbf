#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "access_report.h"
#include "gate.h"

/* --- options -------------------------------------------------------------------- */

static struct conf conf;
static struct feed_zone zones[2];
static char *names[1], *exempt[2];
static char none[] = "", some[] = "/keys";

static void
set_up(void)
{
	memset(&conf, 0, sizeof(conf));
	conf.access.keys = some;
	ck_assert_int_eq(feed_zone_parse("bl.test=snapshot:/x", &zones[0], NULL), OK);
	ck_assert_int_eq(feed_zone_parse("=rbldnsd:acl:/x", &zones[1], NULL), OK);
}

static const struct {
	const char *name;
	bool is_served;
} keys_only[] = {
	{"bl.test", true},
	{"BL.test.", true},
	{"relays.bl.test", true},
	{"a.bl.test", true},
	{"a.relays.bl.test.", true},
	{"xbl.test", false},
	{"test", false},
	{"l.test", false},
	{".bl.test", false},
	{"bl.test.example", false},
	{"", false},
	{".", false},
};

/* A zone that is none of ours is a slip of the pen, and would leave the right one open. */
START_TEST(knows_the_zones)
{
	struct error e = {.text = ""};
	char name[64];
	enum err err;

	snprintf(name, sizeof(name), "%s", keys_only[_i].name);
	names[0] = name;
	conf.access.keys_only = (struct conf_list){1, names};
	err = access_check(&conf, zones, ORBL_COUNT(zones), &e);
	ck_assert_int_eq(err, keys_only[_i].is_served ? OK : ERR_RANGE);
	if (err != OK)
		ck_assert_ptr_nonnull(strstr(e.text, "is none of dnsd.zones"));
}
END_TEST

START_TEST(needs_keys)
{
	static char name[] = "bl.test";
	struct error e = {.text = ""};

	conf.access.keys = none;
	ck_assert_int_eq(access_check(&conf, zones, ORBL_COUNT(zones), &e), OK);
	names[0] = name;
	conf.access.keys_only = (struct conf_list){1, names};
	ck_assert_int_eq(access_check(&conf, zones, ORBL_COUNT(zones), &e), ERR_RANGE);
	ck_assert_ptr_nonnull(strstr(e.text, "needs access.keys"));
}
END_TEST

START_TEST(reads_exempt)
{
	static char first[] = "192.0.2.0/24", second[] = "2001:db8::1", bad[] = "192.0.2.0/33";
	struct gate_options o;
	struct prefix *prefixes;
	struct error e;

	ck_assert_int_eq(gate_options_read(&conf, 3, &o, &prefixes, &e), OK);
	ck_assert_uint_eq(o.exempt_count, 0);
	ck_assert_uint_eq(o.workers, 3);
	ck_assert(o.has_keys);
	free(prefixes);
	exempt[0] = first;
	exempt[1] = second;
	conf.access.exempt = (struct conf_list){2, exempt};
	conf.access.keys = none;
	ck_assert_int_eq(gate_options_read(&conf, 3, &o, &prefixes, &e), OK);
	ck_assert_uint_eq(o.exempt_count, 2);
	ck_assert(!o.has_keys);
	ck_assert_uint_eq(o.exempt[0].len, 24);
	ck_assert_uint_eq(o.exempt[1].len, 128);
	free(prefixes);
	exempt[1] = bad;
	ck_assert_int_ne(gate_options_read(&conf, 3, &o, &prefixes, &e), OK);
	ck_assert_ptr_nonnull(strstr(e.text, "access.exempt"));
	free(prefixes);
}
END_TEST

/* --- the report, over shared memory ------------------------------------------------ */

START_TEST(reports_cross)
{
	struct access_shared *s = access_shared_new();
	static struct access_report in, out;

	ck_assert_ptr_nonnull(s);
	ck_assert(!access_shared_read(NULL, &out));
	memset(&in, 'x', sizeof(in));
	in.client_count = in.key_count = ACCESS_TOP;
	access_shared_write(s, &in);
	ck_assert(access_shared_read(s, &out));
	ck_assert_uint_eq(out.client_count, ACCESS_TOP);
	ck_assert_uint_eq(out.key_count, ACCESS_TOP);
	in.key_count = 1;
	access_shared_write(s, &in);
	ck_assert(access_shared_read(s, &out));
	ck_assert_uint_eq(out.key_count, 1);
	access_shared_free(s);
	access_shared_free(NULL);
}
END_TEST

/* The writer may have been taken over: no count is too large, and each name ends. */
START_TEST(believes_no_report)
{
	struct access_shared *s = access_shared_new();
	static struct access_report in, out;

	ck_assert_ptr_nonnull(s);
	memset(&in, 0xff, sizeof(in));
	access_shared_write(s, &in);
	ck_assert(access_shared_read(s, &out));
	ck_assert_uint_eq(out.client_count, ACCESS_TOP);
	ck_assert_uint_eq(out.key_count, ACCESS_TOP);
	for (size_t i = 0; i < ACCESS_TOP; i++) {
		ck_assert_uint_eq(strlen(out.client_top[i].name), ACCESS_NAME - 1);
		ck_assert_uint_eq(strlen(out.key_top[i].name), ACCESS_NAME - 1);
	}
	access_shared_free(s);
}
END_TEST

/* It writes for ever: the reader does not wait for it. */
START_TEST(waits_for_no_writer)
{
	struct access_shared *s = access_shared_new();
	static struct access_report out;

	ck_assert_ptr_nonnull(s);
	*(uint64_t *)(void *)s = 1; /* the version is its first word */
	ck_assert(!access_shared_read(s, &out));
	*(uint64_t *)(void *)s = 2;
	ck_assert(access_shared_read(s, &out));
	access_shared_free(s);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("access");
	TCase *options = tcase_create("options"), *report = tcase_create("report");

	tcase_add_checked_fixture(options, set_up, NULL);
	tcase_add_loop_test(options, knows_the_zones, 0, ORBL_COUNT(keys_only));
	tcase_add_test(options, needs_keys);
	tcase_add_test(options, reads_exempt);
	suite_add_tcase(s, options);
	tcase_add_test(report, reports_cross);
	tcase_add_test(report, believes_no_report);
	tcase_add_test(report, waits_for_no_writer);
	suite_add_tcase(s, report);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
