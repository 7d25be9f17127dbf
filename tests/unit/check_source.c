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

/* --- deltas ----------------------------------------------------------------------- */

START_TEST(serves_a_delta)
{
	const struct snapshot *base;

	fixture_publish_base(&f, 5);
	fixture_open_snapshot_zone(&f);
	reload_request(f.reload, true, 1);
	ck_assert_uint_eq(fixture_delta_serial(&f), 0);
	base = fixture_status(&f).snapshot;
	fixture_publish_delta(&f, 6);
	reload_request(f.reload, false, 2);
	ck_assert_uint_eq(fixture_delta_serial(&f), 6);
	ck_assert_ptr_eq(fixture_status(&f).snapshot, base); /* not read again */
	fixture_publish_delta(&f, 7);
	reload_request(f.reload, false, 3);
	ck_assert_uint_eq(fixture_delta_serial(&f), 7);
	ck_assert_ptr_eq(fixture_status(&f).snapshot, base);
	ck_assert_int_eq(fixture_status(&f).loaded_s, 3);
}
END_TEST

/* A copy that leaves the delta out, or brings an old one, does not undo what was published. */
START_TEST(keeps_a_delta_that_is_gone_or_older)
{
	fixture_open_snapshot_zone(&f);
	fixture_publish_base(&f, 5);
	fixture_publish_delta(&f, 7);
	reload_request(f.reload, true, 1);
	unlink(f.delta_path);
	reload_request(f.reload, false, 2);
	ck_assert_uint_eq(fixture_delta_serial(&f), 7);
	ck_assert_ptr_nonnull(strstr(fixture_status(&f).error, "delta: is gone"));
	fixture_publish_delta(&f, 6);
	reload_request(f.reload, false, 3);
	ck_assert_uint_eq(fixture_delta_serial(&f), 7);
	ck_assert_ptr_nonnull(strstr(fixture_status(&f).error, "older than before"));
	fixture_publish_delta(&f, 8);
	reload_request(f.reload, false, 4);
	ck_assert_uint_eq(fixture_delta_serial(&f), 8);
	ck_assert_str_eq(fixture_status(&f).error, "");
	unlink(f.delta_path);
	fixture_publish_base(&f, 9);
	reload_request(f.reload, false, 5);
	ck_assert_uint_eq(fixture_delta_serial(&f), 0);
	ck_assert_uint_eq(fixture_serial(&f), 9);
	ck_assert_str_eq(fixture_status(&f).error, "");
}
END_TEST

START_TEST(serves_a_delta_from_the_start)
{
	fixture_publish_base(&f, 5);
	fixture_publish_delta(&f, 6);
	fixture_open_snapshot_zone(&f);
	reload_request(f.reload, true, 1);
	ck_assert_uint_eq(fixture_serial(&f), 5);
	ck_assert_uint_eq(fixture_delta_serial(&f), 6);
	fixture_publish_base(&f, 7);
	fixture_publish_delta(&f, 8);
	reload_request(f.reload, false, 1);
	ck_assert_uint_eq(fixture_serial(&f), 7);
	ck_assert_uint_eq(fixture_delta_serial(&f), 8);
	reload_request(f.reload, true, 1);
	ck_assert_uint_eq(fixture_delta_serial(&f), 8);
	ck_assert_str_eq(fixture_status(&f).error, "");
}
END_TEST

/* After a new base: the old delta is not newer, and nothing is said of it. */
START_TEST(ignores_a_delta_left_over)
{
	fixture_publish_base(&f, 5);
	fixture_publish_delta(&f, 6);
	fixture_open_snapshot_zone(&f);
	reload_request(f.reload, true, 1);
	fixture_publish_small(f.path, NULL, "", 6, 3);
	reload_request(f.reload, false, 2);
	ck_assert_uint_eq(fixture_serial(&f), 6);
	ck_assert_uint_eq(fixture_delta_serial(&f), 0);
	ck_assert_str_eq(fixture_status(&f).error, "");
}
END_TEST

START_TEST(refuses_a_delta_of_another_base)
{
	fixture_publish_base(&f, 5);
	fixture_publish_delta(&f, 9);
	fixture_publish_small(f.path, NULL, "", 6, 3);
	fixture_open_snapshot_zone(&f);
	reload_request(f.reload, true, 1);
	ck_assert_uint_eq(fixture_serial(&f), 6);
	ck_assert_uint_eq(fixture_delta_serial(&f), 0);
	ck_assert_ptr_nonnull(strstr(fixture_status(&f).error, f.delta_path));
	reload_request(f.reload, false, 2);
	ck_assert_uint_eq(fixture_count_logged(&f, fixture_status(&f).error), 1);
	fixture_publish_delta(&f, 10);
	reload_request(f.reload, false, 3);
	ck_assert_uint_eq(fixture_delta_serial(&f), 10);
	ck_assert_str_eq(fixture_status(&f).error, "");
}
END_TEST

START_TEST(refuses_a_whole_list_as_delta)
{
	fixture_publish_base(&f, 5);
	fixture_publish_small(f.delta_path, NULL, "", 6, 2);
	fixture_open_snapshot_zone(&f);
	reload_request(f.reload, true, 1);
	ck_assert_uint_eq(fixture_serial(&f), 5);
	ck_assert_uint_eq(fixture_delta_serial(&f), 0);
	ck_assert_str_ne(fixture_status(&f).error, "");
}
END_TEST

START_TEST(refuses_a_delta_as_list)
{
	fixture_publish_base(&f, 5);
	fixture_publish_delta(&f, 6);
	ck_assert_int_eq(rename(f.delta_path, f.path), 0);
	fixture_open_snapshot_zone(&f);
	reload_request(f.reload, true, 1);
	ck_assert_uint_eq(fixture_serial(&f), 0);
	ck_assert_ptr_nonnull(strstr(fixture_status(&f).error, "is a delta"));
}
END_TEST

/* Every cut and some flips keep the old delta, over a base that is read again too. */
START_TEST(keeps_the_old_delta_for_a_bad_one)
{
	struct stat st;
	uint8_t byte;
	int fd;

	fixture_publish_base(&f, 5);
	fixture_publish_delta(&f, 6);
	fixture_open_snapshot_zone(&f);
	reload_request(f.reload, true, 1);
	fixture_publish_delta(&f, 7);
	ck_assert_int_eq(stat(f.delta_path, &st), 0);
	fd = open(f.delta_path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	for (off_t at = 0; at < st.st_size; at += 13) {
		ck_assert_int_eq(pread(fd, &byte, 1, at), 1);
		byte ^= 1;
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
		reload_request(f.reload, at % 2 != 0, 2);
		ck_assert_uint_eq(fixture_delta_serial(&f), 6);
		ck_assert_str_ne(fixture_status(&f).error, "");
		byte ^= 1;
		ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	}
	for (off_t len = st.st_size - 1; len >= 0; len -= len > 64 ? 7 : 1) {
		ck_assert_int_eq(ftruncate(fd, len), 0);
		reload_request(f.reload, len % 2 != 0, 2);
		ck_assert_uint_eq(fixture_serial(&f), 5);
		ck_assert_uint_eq(fixture_delta_serial(&f), 6);
	}
	close(fd);
	fixture_publish_delta(&f, 8);
	reload_request(f.reload, false, 3);
	ck_assert_uint_eq(fixture_delta_serial(&f), 8);
	ck_assert_str_eq(fixture_status(&f).error, "");
}
END_TEST

START_TEST(serves_a_new_base_without_its_bad_delta)
{
	fixture_publish_base(&f, 5);
	fixture_publish_delta(&f, 6);
	fixture_open_snapshot_zone(&f);
	reload_request(f.reload, true, 1);
	fixture_publish_small(f.path, NULL, "", 7, 3);
	fixture_write_file(f.delta_path, "rubbish");
	reload_request(f.reload, false, 2);
	ck_assert_uint_eq(fixture_serial(&f), 7);
	ck_assert_uint_eq(fixture_delta_serial(&f), 0);
	ck_assert_ptr_nonnull(strstr(fixture_status(&f).error, f.delta_path));
}
END_TEST

START_TEST(serves_the_previous_generation_without_delta)
{
	fixture_publish_base(&f, 5);
	fixture_publish_base(&f, 6);
	fixture_publish_delta(&f, 7);
	fixture_write_file(f.path, "rubbish");
	fixture_open_snapshot_zone(&f);
	reload_request(f.reload, true, 1);
	ck_assert_uint_eq(fixture_serial(&f), 5);
	ck_assert_uint_eq(fixture_delta_serial(&f), 0);
	ck_assert(fixture_status(&f).is_previous);
}
END_TEST

/* --- older versions ------------------------------------------------------------------ */

static char older_path[SNAPSHOT_HISTORY_PATH];

/* The serial of the n-th file; 0: there is none. Its name is in older_path. */
static uint32_t
older(size_t n)
{
	int fd = source_open_older(reload_source(f.reload, 0), n, older_path);
	struct snapshot *s;
	uint32_t serial;

	if (fd < 0)
		return 0;
	ck_assert_int_eq(snapshot_open_fd(fd, older_path, &s, NULL), OK);
	serial = snapshot_serial(s);
	snapshot_close(s);
	close(fd);
	return serial;
}

static const char *
beside(const char *suffix)
{
	static char path[200];

	snprintf(path, sizeof(path), "%s%s", f.path, suffix);
	return path;
}

START_TEST(opens_older_versions)
{
	fixture_publish_base(&f, 5);
	fixture_publish_base(&f, 8);
	fixture_publish_delta(&f, 9);
	ck_assert_int_eq(rename(f.delta_path, beside(".delta.1")), 0);
	fixture_publish_delta(&f, 7);
	ck_assert_int_eq(rename(f.delta_path, beside(".delta.100")), 0);
	fixture_open_snapshot_zone(&f);
	ck_assert_uint_eq(older(0), 5);
	ck_assert_str_eq(older_path, beside(".prev"));
	ck_assert_uint_eq(older(1), 9);
	ck_assert_str_eq(older_path, beside(".delta.1"));
	ck_assert_uint_eq(older(2), 0);
	ck_assert_uint_eq(older(100), 7);
	/* They change nothing of what is served. */
	reload_request(f.reload, true, 1);
	ck_assert_uint_eq(fixture_serial(&f), 8);
	ck_assert_uint_eq(fixture_delta_serial(&f), 0);
}
END_TEST

START_TEST(opens_no_older_version_that_is_no_file)
{
	fixture_publish_base(&f, 5);
	fixture_open_snapshot_zone(&f);
	ck_assert_int_eq(mkfifo(beside(".delta.1"), 0600), 0);
	ck_assert_int_eq(mkdir(beside(".delta.2"), 0700), 0);
	ck_assert_int_eq(symlink(f.path, beside(".delta.3")), 0);
	ck_assert_int_eq(symlink("/dev/zero", beside(".delta.4")), 0);
	fixture_write_file(beside(".delta.5"), "");
	ck_assert_int_eq(truncate(beside(".delta.5"), SNAPSHOT_HISTORY_BYTES + 1), 0);
	ck_assert_int_eq(mkfifo(beside(".prev"), 0600), 0);
	for (size_t n = 0; n <= 6; n++)
		ck_assert_uint_eq(older(n), 0);
}
END_TEST

START_TEST(what_is_compiled_has_no_older_versions)
{
	fixture_publish_base(&f, 5);
	fixture_publish_base(&f, 8);
	fixture_open_rbldnsd_zone(&f);
	ck_assert_uint_eq(older(0), 0);
	ck_assert_uint_eq(older(1), 0);
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
	Suite *s = suite_create("source");
	TCase *deltas = make_case("deltas"), *versions = make_case("older versions");

	tcase_add_test(deltas, serves_a_delta);
	tcase_add_test(deltas, keeps_a_delta_that_is_gone_or_older);
	tcase_add_test(deltas, serves_a_delta_from_the_start);
	tcase_add_test(deltas, ignores_a_delta_left_over);
	tcase_add_test(deltas, refuses_a_delta_of_another_base);
	tcase_add_test(deltas, refuses_a_whole_list_as_delta);
	tcase_add_test(deltas, refuses_a_delta_as_list);
	tcase_add_test(deltas, keeps_the_old_delta_for_a_bad_one);
	tcase_add_test(deltas, serves_a_new_base_without_its_bad_delta);
	tcase_add_test(deltas, serves_the_previous_generation_without_delta);
	suite_add_tcase(s, deltas);
	tcase_add_test(versions, opens_older_versions);
	tcase_add_test(versions, opens_no_older_version_that_is_no_file);
	tcase_add_test(versions, what_is_compiled_has_no_older_versions);
	suite_add_tcase(s, versions);
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
