#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <orbl/file.h>

#include "scratch.h"
#include "unit.h"

enum { LIMIT = 1 << 20 };

static bool
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static ino_t
inode(const char *path)
{
	struct stat st;

	ck_assert_int_eq(lstat(path, &st), 0);
	return st.st_ino;
}

/* --- reading ------------------------------------------------------------ */

START_TEST(read_whole)
{
	struct error e;
	char *bytes;
	size_t len;

	scratch_write("f", "a\0b", 3);
	ck_assert_int_eq(file_read("f", 3, &bytes, &len, &e), OK);
	ck_assert_uint_eq(len, 3);
	ck_assert_mem_eq(bytes, "a\0b", 4); /* and the NUL behind */
	free(bytes);
	scratch_write("empty", "", 0);
	ck_assert_int_eq(file_read("empty", 0, &bytes, &len, &e), OK);
	ck_assert_uint_eq(len, 0);
	ck_assert_str_eq(bytes, "");
	free(bytes);
}
END_TEST

START_TEST(read_large)
{
	/* About the sizes at which the buffer grows. */
	static const size_t sizes[] = {65535, 65536, 65537, 131072, 300000};
	char *wanted = malloc(sizes[_i]), *bytes;
	size_t len;

	ck_assert_ptr_nonnull(wanted);
	for (size_t i = 0; i < sizes[_i]; i++)
		wanted[i] = (char)(i * 31);
	scratch_write("f", wanted, sizes[_i]);
	ck_assert_int_eq(file_read("f", sizes[_i], &bytes, &len, NULL), OK);
	ck_assert_uint_eq(len, sizes[_i]);
	ck_assert_int_eq(memcmp(bytes, wanted, len), 0);
	ck_assert_int_eq(bytes[len], '\0');
	free(bytes);
	ck_assert_int_eq(file_read("f", sizes[_i] - 1, &bytes, &len, NULL), ERR_FULL);
	free(wanted);
}
END_TEST

START_TEST(read_limit)
{
	struct error e;
	char *bytes;
	size_t len;

	scratch_write("f", "abcd", 4);
	ck_assert_int_eq(file_read("f", 3, &bytes, &len, &e), ERR_FULL);
	ck_assert_str_eq(e.text, "f: larger than the limit of 3 bytes");
	ck_assert_int_eq(file_read("f", 0, &bytes, &len, &e), ERR_FULL);
}
END_TEST

START_TEST(read_what_is_no_file)
{
	struct error e;
	char *bytes;
	size_t len;

	ck_assert_int_eq(file_read("missing", LIMIT, &bytes, &len, &e), ERR_IO);
	ck_assert_str_eq(e.text, "missing: cannot open: No such file or directory");
	ck_assert_int_eq(file_read(".", LIMIT, &bytes, &len, &e), ERR_IO);
	ck_assert_str_eq(e.text, ".: is a directory, not a regular file");
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	ck_assert_int_eq(file_read("fifo", LIMIT, &bytes, &len, &e), ERR_IO); /* and no waiting */
	ck_assert_str_eq(e.text, "fifo: is a device, pipe or socket, not a regular file");
	ck_assert_int_eq(file_read("/dev/zero", LIMIT, &bytes, &len, &e), ERR_IO);
	ck_assert_int_eq(symlink("loop", "loop"), 0);
	ck_assert_int_eq(file_read("loop", LIMIT, &bytes, &len, &e), ERR_IO);
}
END_TEST

/* --- replacing ---------------------------------------------------------- */

static void
replace(const char *path, const char *text)
{
	struct file_replacement r;
	struct error e = {.text = ""};

	ck_assert_int_eq(file_replace_begin(&r, path, 0644, &e), OK);
	ck_assert_int_eq(file_write_all(r.fd, text, strlen(text), &e), OK);
	ck_assert_msg(file_replace_commit(&r, &e) == OK, "%s", e.text);
	ck_assert_int_eq(r.fd, -1);
	file_replace_abort(&r); /* does nothing after a commit */
	ck_assert(scratch_holds(path, text));
	ck_assert(!exists("f.new"));
	ck_assert(!exists("f.old"));
}

START_TEST(replace_keeps_previous)
{
	ino_t first;

	replace("f", "one");
	ck_assert(!exists("f.prev"));
	first = inode("f");
	replace("f", "two");
	ck_assert(scratch_holds("f.prev", "one"));
	ck_assert_uint_eq(inode("f.prev"), first); /* the file itself, no copy */
	replace("f", "three");
	ck_assert(scratch_holds("f.prev", "two"));
}
END_TEST

START_TEST(old_file_is_there_until_commit)
{
	struct file_replacement r;

	replace("f", "old");
	ck_assert_int_eq(file_replace_begin(&r, "f", 0644, NULL), OK);
	ck_assert_int_eq(file_write_all(r.fd, "new", 3, NULL), OK);
	ck_assert(scratch_holds("f", "old"));
	file_replace_abort(&r);
	file_replace_abort(&r);
	ck_assert(scratch_holds("f", "old"));
	ck_assert(!exists("f.new"));
	ck_assert(!exists("f.prev"));
}
END_TEST

START_TEST(leftover_is_overwritten)
{
	scratch_write("f.new", "left by a crash, and longer", 27);
	scratch_write("f.old", "x", 1);
	replace("f", "one");
	replace("f", "two");
	ck_assert(scratch_holds("f.prev", "one"));
}
END_TEST

START_TEST(mode_is_kept_by_umask)
{
	struct file_replacement r;
	struct stat st;

	umask(027);
	ck_assert_int_eq(file_replace_begin(&r, "f", 0644, NULL), OK);
	ck_assert_int_eq(file_replace_commit(&r, NULL), OK);
	ck_assert_int_eq(stat("f", &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0640);
}
END_TEST

START_TEST(symlink_is_refused)
{
	struct file_replacement r;
	struct error e;

	scratch_write("victim", "precious", 8);
	ck_assert_int_eq(symlink("victim", "f.new"), 0);
	ck_assert_int_eq(file_replace_begin(&r, "f", 0644, &e), ERR_IO);
	ck_assert_int_eq(r.fd, -1);
	ck_assert_ptr_nonnull(strstr(e.text, "f.new: cannot create"));
	ck_assert(scratch_holds("victim", "precious"));
	file_replace_abort(&r);
	ck_assert(exists("f.new")); /* not ours to remove */
}
END_TEST

START_TEST(symlink_target_is_not_touched)
{
	struct stat st;

	scratch_write("victim", "precious", 8);
	ck_assert_int_eq(symlink("victim", "f"), 0);
	replace("f", "new");
	ck_assert(scratch_holds("victim", "precious"));
	ck_assert_int_eq(lstat("f", &st), 0);
	ck_assert(S_ISREG(st.st_mode));
}
END_TEST

START_TEST(commit_failure_keeps_old)
{
	struct file_replacement r;
	struct error e;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	replace("f", "old");
	ck_assert_int_eq(file_replace_begin(&r, "f", 0644, &e), OK);
	/* /dev/full cannot be synced: the commit fails where a broken disk would. */
	ck_assert_int_ge(dup2(full, r.fd), 0);
	ck_assert_int_ne(file_replace_commit(&r, &e), OK);
	ck_assert_ptr_nonnull(strstr(e.text, "f.new: cannot sync"));
	ck_assert(scratch_holds("f", "old"));
	ck_assert(!exists("f.new"));
	ck_assert(!exists("f.prev"));
	close(full);
}
END_TEST

START_TEST(rename_failure_keeps_old)
{
	struct file_replacement r;
	struct error e;

	ck_assert_int_eq(mkdir("f", 0755), 0);
	ck_assert_int_eq(file_replace_begin(&r, "f", 0644, &e), OK);
	ck_assert_int_eq(file_replace_commit(&r, &e), ERR_IO);
	ck_assert_ptr_nonnull(strstr(e.text, "cannot rename to f"));
	ck_assert(!exists("f.new"));
	ck_assert(exists("f"));
}
END_TEST

START_TEST(begin_refusals)
{
	struct file_replacement r;
	struct error e;
	char path[5000];

	ck_assert_int_eq(file_replace_begin(&r, "missing/f", 0644, &e), ERR_IO);
	ck_assert_int_eq(r.fd, -1);
	memset(path, 'p', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(file_replace_begin(&r, path, 0644, &e), ERR_RANGE);
	path[4094] = '\0'; /* fits by itself, not with .new */
	ck_assert_int_eq(file_replace_begin(&r, path, 0644, &e), ERR_RANGE);
}
END_TEST

/* --- writing ------------------------------------------------------------ */

START_TEST(full_disk)
{
	struct error e;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(file_write_all(fd, "x", 1, &e), ERR_FULL);
	ck_assert_str_eq(e.text, "cannot write: No space left on device");
	ck_assert_int_eq(file_write_all(fd, NULL, 0, &e), OK);
	close(fd);
	ck_assert_int_eq(file_write_all(fd, "x", 1, &e), ERR_IO);
}
END_TEST

static void
on_alarm(int number)
{
	(void)number;
}

static void
interrupt_often(void)
{
	const struct sigaction action = {.sa_handler = on_alarm}; /* without SA_RESTART */
	const struct itimerval often = {{0, 200}, {0, 200}};

	ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
	ck_assert_int_eq(setitimer(ITIMER_REAL, &often, NULL), 0);
}

START_TEST(short_writes)
{
	static uint32_t wanted[1 << 18];
	size_t total = 0;
	uint32_t number;
	int ends[2];

	for (uint32_t i = 0; i < ORBL_COUNT(wanted); i++)
		wanted[i] = i;
	ck_assert_int_eq(pipe(ends), 0);
	/* A signal that interrupts a write to a full pipe leaves it short, or with EINTR. */
	if (check_fork() == 0) {
		close(ends[0]);
		interrupt_often();
		exit(file_write_all(ends[1], wanted, sizeof(wanted), NULL) == OK ? 0 : 1);
	}
	close(ends[1]);
	while (read(ends[0], &number, sizeof(number)) == (ssize_t)sizeof(number))
		ck_assert_uint_eq(number, total++);
	ck_assert_uint_eq(total, ORBL_COUNT(wanted));
	close(ends[0]);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("file");
	TCase *reading = tcase_create("reading"), *replacing = tcase_create("replacing"),
	      *writing = tcase_create("writing");

	tcase_add_checked_fixture(reading, scratch_enter, scratch_leave);
	tcase_add_test(reading, read_whole);
	tcase_add_loop_test(reading, read_large, 0, 5);
	tcase_add_test(reading, read_limit);
	tcase_add_test(reading, read_what_is_no_file);
	suite_add_tcase(s, reading);
	tcase_add_checked_fixture(replacing, scratch_enter, scratch_leave);
	tcase_add_test(replacing, replace_keeps_previous);
	tcase_add_test(replacing, old_file_is_there_until_commit);
	tcase_add_test(replacing, leftover_is_overwritten);
	tcase_add_test(replacing, mode_is_kept_by_umask);
	tcase_add_test(replacing, symlink_is_refused);
	tcase_add_test(replacing, symlink_target_is_not_touched);
	tcase_add_test(replacing, commit_failure_keeps_old);
	tcase_add_test(replacing, rename_failure_keeps_old);
	tcase_add_test(replacing, begin_refusals);
	suite_add_tcase(s, replacing);
	tcase_add_test(writing, full_disk);
	tcase_add_test(writing, short_writes);
	suite_add_tcase(s, writing);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
