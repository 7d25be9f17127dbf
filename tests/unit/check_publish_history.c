/* The versions that were published before, kept for incremental transfers. */
#include "publish.h"

#include <unistd.h>

#include <orbl/snapshot_history.h>

#include "publish_fixture.h"

/* Serials of the deltas that are kept, the newest first, of the base in this file. */
static const char *
history(const char *base_file, char out[64])
{
	char path[SNAPSHOT_HISTORY_PATH];
	struct snapshot *base, *delta;
	size_t len = 0;

	out[0] = '\0';
	ck_ok(snapshot_open(base_file, &base, trouble()));
	for (size_t n = 1; n <= SNAPSHOT_HISTORY_MAX; n++) {
		snapshot_history_path("orbl.snapshot", n, path);
		if (access(path, F_OK) != 0)
			continue;
		ck_ok(snapshot_open(path, &delta, trouble()));
		if (snapshot_check_delta(base, delta, NULL) == OK)
			len += (size_t)snprintf(out + len, 64 - len, "%s%u", len != 0 ? " " : "",
				snapshot_serial(delta));
		snapshot_close(delta);
	}
	snapshot_close(base);
	return out;
}

START_TEST(versions_that_were_are_kept)
{
	char got[64];

	for (int i = 0; i < 5; i++)
		publish();
	ck_assert_str_eq(history("orbl.snapshot", got), "4 3 2");
	restart(); /* so that the next one is whole */
	publish();
	ck_assert_str_eq(history("orbl.snapshot", got), "");
	ck_assert_str_eq(history("orbl.snapshot.prev", got), "5 4 3 2");
	ck_assert_int_ne(access("orbl.snapshot.delta", F_OK), 0);
	publish();
	publish();
	ck_assert_str_eq(history("orbl.snapshot", got), "7");
	ck_assert_str_eq(history("orbl.snapshot.prev", got), "5 4 3 2");
	restart();
	publish();
	ck_assert_str_eq(history("orbl.snapshot.prev", got), "8 7");
	ck_assert_int_eq(access("orbl.snapshot.delta.2", F_OK), 0);
	ck_assert_int_ne(access("orbl.snapshot.delta.3", F_OK), 0);
}
END_TEST

START_TEST(no_more_versions_are_kept_than_asked_for)
{
	char got[64];

	conf->transfer.history = 2;
	for (int i = 0; i < 6; i++)
		publish();
	ck_assert_str_eq(history("orbl.snapshot", got), "5 4");
	conf->transfer.history = 0;
	publish();
	ck_assert_int_ne(access("orbl.snapshot.delta.1", F_OK), 0);
	ck_assert_int_ne(access("orbl.snapshot.delta.2", F_OK), 0);
}
END_TEST

/* Neither what is bad, nor what another base had, is kept as one of ours. */
START_TEST(a_bad_delta_is_no_version)
{
	publish();
	scratch_write("orbl.snapshot.delta", "nothing", 7);
	publish();
	ck_assert_int_ne(access("orbl.snapshot.delta.1", F_OK), 0);
	scratch_write("orbl.snapshot.delta", "nothing", 7);
	restart();
	publish();
	ck_assert_int_ne(access("orbl.snapshot.delta.1", F_OK), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("publish_history");
	TCase *versions = tcase_create("versions");

	tcase_add_checked_fixture(versions, set_up, tear_down);
	tcase_add_test(versions, versions_that_were_are_kept);
	tcase_add_test(versions, no_more_versions_are_kept_than_asked_for);
	tcase_add_test(versions, a_bad_delta_is_no_version);
	suite_add_tcase(s, versions);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
