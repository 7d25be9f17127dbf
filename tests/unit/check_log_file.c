#include "unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log_file.h"
#include "scratch.h"

static const char *path;

static void
set_up(void)
{
	scratch_enter();
	path = "log";
}

static void
write_line(const char *line)
{
	struct error e = {.code = OK};
	int fd = log_file_open(path, 0640, &e);

	ck_assert_msg(fd >= 0, "%s", e.text);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_WRONLY);
	ck_assert_int_eq(write(fd, line, strlen(line)), (ssize_t)strlen(line));
	close(fd);
}

static void
check_refused(enum err code, const char *why)
{
	struct error e = {.code = OK};

	ck_assert_int_eq(log_file_open(path, 0640, &e), -1);
	ck_assert_int_eq(e.code, code);
	ck_assert_msg(strstr(e.text, why) != NULL, "%s", e.text);
}

START_TEST(makes_a_file_and_appends)
{
	struct stat st;

	umask(0);
	write_line("one\n");
	write_line("two\n");
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_size, 8);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
}
END_TEST

/* Who may write beside it must not choose what root writes to. */
START_TEST(follows_no_link)
{
	struct stat st;

	ck_assert_int_eq(symlink("target", path), 0);
	check_refused(ERR_UNSUPPORTED, "symbolic link");
	ck_assert_int_ne(stat("target", &st), 0);
}
END_TEST

START_TEST(takes_a_device)
{
	path = "/dev/null";
	write_line("nowhere\n");
}
END_TEST

/* With a reader it could be opened, and would be full one day. */
START_TEST(takes_no_fifo)
{
	int reader;

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	check_refused(ERR_UNSUPPORTED, "neither a file nor a character device");
	reader = open(path, O_RDONLY | O_NONBLOCK);
	ck_assert_int_ge(reader, 0);
	check_refused(ERR_UNSUPPORTED, "neither a file nor a character device");
	/* Closed again: the reader sees the end. */
	ck_assert_int_eq(read(reader, (char[1]){0}, 1), 0);
	close(reader);
}
END_TEST

START_TEST(takes_no_socket)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_uint_lt(strlen(path), sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path));
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	check_refused(ERR_UNSUPPORTED, "neither a file nor a character device");
	close(fd);
}
END_TEST

START_TEST(says_why_not)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	check_refused(ERR_IO, "cannot open");
	path = "none/log";
	check_refused(ERR_IO, "cannot open");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("log_file");
	TCase *t = tcase_create("files");

	tcase_add_checked_fixture(t, set_up, scratch_leave);
	tcase_add_test(t, makes_a_file_and_appends);
	tcase_add_test(t, follows_no_link);
	tcase_add_test(t, takes_a_device);
	tcase_add_test(t, takes_no_fifo);
	tcase_add_test(t, takes_no_socket);
	tcase_add_test(t, says_why_not);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
