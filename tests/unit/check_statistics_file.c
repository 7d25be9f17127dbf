#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"
#include "statistics_file.h"

static char dir[64], path[96], with_plus[100];
static struct stats *stats;
static struct zone_set *zones;
static struct statistics_file *file;
static struct feed_zone given[4];

static void
set_up(void)
{
	static const char *const origins[] = {"a.example", "b.example", "a.example", ""};
	const struct zone_source nothing = {.snapshot = NULL};

	snprintf(dir, sizeof(dir), "/tmp/check_statistics.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	snprintf(with_plus, sizeof(with_plus), "+%s", path);
	for (size_t i = 0; i < 4; i++)
		snprintf(given[i].origin, sizeof(given[i].origin), "%s", origins[i]);
	stats = stats_new(1, 8);
	zones = zone_set_new();
	ck_assert_int_eq(zone_set_add(zones, text_of("a.example"), &nothing, NULL), OK);
	ck_assert_int_eq(zone_set_add(zones, text_of("b.example"), &nothing, NULL), OK);
	ck_assert_int_eq(zone_set_add(zones, text_of("sub.b.example"), &nothing, NULL), OK);
	ck_assert_int_eq(zone_set_finish(zones, NULL), OK);
	stats_register(stats, zones);
}

static void
tear_down(void)
{
	statistics_file_close(file);
	file = NULL;
	unlink(path);
	rmdir(dir);
	zone_set_free(zones);
	stats_free(stats);
}

static void
open_file(const char *name)
{
	struct statistics_file_options options = {.path = name,
		.interval_s = 10,
		.zone_count = 4,
		.zones = given,
		.stats = stats};

	ck_assert_int_eq(statistics_file_open(&options, 5000, &file, NULL), OK);
}

static void
count(size_t zone, uint8_t rcode, unsigned answers, size_t in, size_t out)
{
	uint8_t header[12] = {0, 0, 0x84, rcode, 0, 0, 0, (uint8_t)answers};

	stats_count(stats_worker(stats, 0), zone < 3 ? zone_set_get(zones, zone) : NULL, ANSWER_UDP,
		header, in, out);
}

/* The lines without their times, which are numbers. */
static void
check_file(const char *wanted)
{
	char line[512], all[2048] = "";
	size_t len = 0;
	FILE *in = fopen(path, "r");

	ck_assert_ptr_nonnull(in);
	while (fgets(line, sizeof(line), in) != NULL) {
		size_t digits = strspn(line, "0123456789");

		ck_assert_uint_eq(digits, 10);
		len += (size_t)snprintf(all + len, sizeof(all) - len, "%s", line + digits);
		ck_assert_uint_lt(len, sizeof(all));
	}
	fclose(in);
	ck_assert_str_eq(all, wanted);
}

START_TEST(writes_sums)
{
	open_file(path);
	ck_assert_int_eq(statistics_file_tick(file, 6000), 9000);
	check_file("\n");
	count(0, 0, 1, 10, 20);
	count(0, 3, 0, 10, 20);
	count(0, 5, 0, 10, 20);
	count(2, 0, 0, 30, 50);
	count(9, 5, 0, 7, 8);
	count(9, 0, 0, 100, 0);
	ck_assert_int_eq(statistics_file_tick(file, 15000), 10000);
	check_file("\n a.example:3:1:1:30:60 b.example:1:1:0:30:50 *:5:2:1:67:118\n");
	count(1, 3, 0, 1, 2);
	statistics_file_close(file);
	file = NULL;
	check_file("\n a.example:3:1:1:30:60 b.example:1:1:0:30:50 *:5:2:1:67:118\n"
		   " a.example:3:1:1:30:60 b.example:2:1:1:31:52 *:6:2:2:68:120\n\n");
}
END_TEST

START_TEST(writes_differences)
{
	open_file(with_plus);
	count(0, 0, 1, 10, 20);
	statistics_file_tick(file, 15000);
	count(0, 0, 1, 11, 21);
	statistics_file_tick(file, 25000);
	check_file("\n a.example:1:1:0:10:20 b.example:0:0:0:0:0 *:1:1:0:10:20\n"
		   " a.example:1:1:0:11:21 b.example:0:0:0:0:0 *:1:1:0:11:21\n");
}
END_TEST

/* What could not be written comes with the next line. */
START_TEST(survives_a_file_that_is_gone)
{
	open_file(with_plus);
	unlink(path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	count(0, 0, 1, 10, 20);
	statistics_file_tick(file, 15000);
	ck_assert_int_eq(rmdir(path), 0);
	count(0, 0, 1, 11, 21);
	statistics_file_tick(file, 25000);
	check_file(" a.example:2:2:0:21:41 b.example:0:0:0:0:0 *:2:2:0:21:41\n");
}
END_TEST

START_TEST(survives_a_full_disk)
{
	ck_assert_int_eq(symlink("/dev/full", path), 0);
	open_file(path);
	for (int i = 2; i < 5; i++)
		statistics_file_tick(file, 10000 * i);
}
END_TEST

START_TEST(there_may_be_none)
{
	open_file("");
	ck_assert_ptr_null(file);
	ck_assert_int_eq(statistics_file_tick(file, 15000), -1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("statistics_file");
	TCase *t = tcase_create("lines");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, writes_sums);
	tcase_add_test(t, writes_differences);
	tcase_add_test(t, survives_a_file_that_is_gone);
	tcase_add_test(t, survives_a_full_disk);
	tcase_add_test(t, there_may_be_none);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
