#include "store_fixture.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static enum err
open_fails(const char *path)
{
	struct store *s = (struct store *)trouble();
	enum err err = store_open(path, &s, trouble());

	ck_assert_int_ne(err, OK);
	ck_assert_int_eq(err, trouble()->code);
	ck_assert_ptr_null(s);
	ck_assert_ptr_nonnull(strstr(trouble()->text, path));
	return err;
}

START_TEST(a_second_analyzer_is_refused)
{
	struct store *s = open_store();

	ck_assert_int_eq(open_fails("orbl.db"), ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "another orbl-analyzer"));
	store_close(reopen_store(s));
}
END_TEST

START_TEST(a_newer_schema_is_refused_and_left_alone)
{
	struct store *s;

	store_close(open_store());
	store_meddle("PRAGMA user_version = 99; INSERT INTO submission (reporter, file, received_s)"
		     " VALUES (1, 'x', 1)");
	ck_assert_int_eq(open_fails("orbl.db"), ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "99"));
	store_meddle("PRAGMA user_version = 5");
	s = open_store();
	ck_assert_int_eq(store_count(s,
				 "SELECT seq FROM sqlite_sequence"
				 " WHERE name = 'submission'"),
		1);
	store_close(s);
}
END_TEST

START_TEST(a_corrupt_file_is_refused_with_a_remedy)
{
	static const char garbage[] =
		"this is no database, but long enough to look like one at a"
		" first glance, which is more than a hundred bytes, and then some";

	scratch_write("orbl.db", garbage, sizeof(garbage));
	ck_assert_int_eq(open_fails("orbl.db"), ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(trouble()->text, ".recover"));
	ck_assert(scratch_holds("orbl.db", "") == 0); /* nothing was done to it */
}
END_TEST

START_TEST(a_file_with_torn_pages_is_refused)
{
	char path[] = "orbl.db", page[4096];
	FILE *f;

	store_close(open_store());
	f = fopen(path, "r+b");
	ck_assert_ptr_nonnull(f);
	memset(page, 0xa5, sizeof(page));
	ck_assert_int_eq(fseek(f, 100, SEEK_SET), 0); /* behind the header: the schema */
	ck_assert_uint_eq(fwrite(page, 1, 3900, f), 3900);
	fclose(f);
	ck_assert_int_eq(open_fails(path), ERR_CORRUPT);
}
END_TEST

START_TEST(a_directory_that_is_missing_is_named)
{
	ck_assert_int_eq(open_fails("missing/orbl.db"), ERR_IO);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "directory must exist"));
}
END_TEST

/* Root may write anywhere: whoever runs the tests as root becomes nobody. */
START_TEST(a_directory_that_is_read_only_is_named)
{
	int status;
	pid_t child;

	ck_assert_int_eq(mkdir("ro", 0755), 0);
	ck_assert_int_eq(chmod(".", 0755), 0);
	ck_assert_int_eq(chmod("ro", 0555), 0);
	child = fork();
	if (child == 0) {
		if (geteuid() == 0 && setuid(65534) != 0)
			_exit(1);
		_exit(open_fails("ro/orbl.db") == ERR_IO &&
					strstr(trouble()->text, "writable") != NULL ?
				0 :
				2);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

/* Submit until it fails; what was acknowledged before must be there, and nothing else. */
static void
fill(struct store *s, unsigned *acknowledged)
{
	char raw[1500], host[32];
	enum err err = OK;
	int64_t id;

	memset(raw, 'x', sizeof(raw));
	for (unsigned i = 0; err == OK; i++) {
		struct store_submission sub = {.lines = 1};
		struct store_denial d = {.time_s = NOW, .count = 1, .raw = {raw, sizeof(raw)}};

		ck_assert_uint_lt(i, 100000);
		snprintf(raw, sizeof(raw), "line %u", i);
		raw[strlen(raw)] = ' ';
		snprintf(host, sizeof(host), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
		d.host = fixture_address(host);
		err = store_submission_begin(s, "mx1", "log", NOW, &id, trouble());
		d.submission = sub.id = id;
		if (err == OK)
			err = store_begin_lazily(s, trouble());
		if (err != OK)
			break;
		err = store_denials_add(s, &d, 1, NULL, trouble());
		if (err == OK)
			err = store_commit(s, trouble());
		else
			store_rollback(s);
		if (err == OK)
			err = store_submission_commit(s, &sub, trouble());
		*acknowledged += err == OK;
		if (err != OK && store_submission_abort(s, id, trouble()) != OK)
			break;
	}
	ck_assert_int_eq(trouble()->code, ERR_FULL);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "make room"));
	ck_assert_int_eq(store_count(s, "PRAGMA synchronous"), 2);
}

static void
check_filled(struct store *s, unsigned acknowledged)
{
	int64_t facts = store_count(s, "SELECT count(*) FROM evidence");

	ck_assert_uint_gt(acknowledged, 10);
	ck_assert_int_eq(facts, acknowledged);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM submission WHERE committed = 1"),
		acknowledged);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM seen"), acknowledged);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM submission WHERE committed = 0"), 0);
}

START_TEST(a_limit_of_pages_acknowledges_nothing_that_is_not_stored)
{
	struct store *s = open_store();
	unsigned acknowledged = 0;

	ck_assert_int_ge(store_count(s, "PRAGMA max_page_count = 100"), 100);
	fill(s, &acknowledged);
	s = reopen_store(s);
	check_filled(s, acknowledged);
	store_close(s);
}
END_TEST

/* A disk that really is full, then has room again. Needs root, as the README says of the tests. */
START_TEST(a_full_disk_acknowledges_nothing_that_is_not_stored)
{
	unsigned acknowledged = 0;
	struct store *s;
	bool is_new;
	int64_t id;

	ck_assert_int_eq(mkdir("disk", 0700), 0);
	ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
	/* In a chroot "/" is no mount; then nothing is shared with the outside either. */
	(void)mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL);
	ck_assert_int_eq(mount("tmpfs", "disk", "tmpfs", 0, "size=1m"), 0);
	ck_ok(store_open("disk/orbl.db", &s, trouble()));
	fill(s, &acknowledged);
	ck_assert_int_eq(mount("tmpfs", "disk", "tmpfs", MS_REMOUNT, "size=4m"), 0);
	/* It goes on where it was; lines that were not acknowledged are new. */
	id = begin_submission(s, "mx1");
	is_new = add_denial(s, id, "192.0.2.1", NOW, "line with room again");
	ck_assert(is_new);
	commit_submission(s, id);
	store_close(s);
	ck_ok(store_open("disk/orbl.db", &s, trouble()));
	check_filled(s, acknowledged + 1);
	store_close(s);
	ck_assert_int_eq(umount("disk"), 0);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const files[] = {a_second_analyzer_is_refused,
		a_newer_schema_is_refused_and_left_alone, a_corrupt_file_is_refused_with_a_remedy,
		a_file_with_torn_pages_is_refused, a_directory_that_is_missing_is_named,
		a_directory_that_is_read_only_is_named,
		a_limit_of_pages_acknowledges_nothing_that_is_not_stored,
		a_full_disk_acknowledges_nothing_that_is_not_stored};
	Suite *s = suite_create("store");

	suite_add_tcase(s, store_tests("files", files, ORBL_COUNT(files)));
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
