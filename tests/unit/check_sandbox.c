#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sockios.h>

#include <orbl/sandbox.h>

#include "unit.h"

static const struct sandbox prober = {
	.user = "nobody",
	.option = "probe.user",
	.opens_tcp = true,
	.accepts = true,
};
static struct error error;

static bool
is_forbidden(long result)
{
	return result < 0 && (errno == EPERM || errno == EACCES);
}

static bool
cannot_open(const char *path, int flags)
{
	return is_forbidden(open(path, flags, 0600));
}

static bool
cannot_read_files(void)
{
	return cannot_open("/etc/passwd", O_RDONLY);
}
static bool
cannot_open_root(void)
{
	return cannot_open("/", O_RDONLY | O_DIRECTORY);
}
static bool
cannot_make_files(void)
{
	return cannot_open("/tmp/orbl-x", O_WRONLY | O_CREAT);
}
static bool
cannot_unlink(void)
{
	return is_forbidden(unlink("/tmp/orbl-x"));
}

static bool
cannot_stat(void)
{
	struct stat st;

	return is_forbidden(stat("/etc", &st));
}

static bool
cannot_use_unix_sockets(void)
{
	int pair[2];

	return is_forbidden(socket(AF_UNIX, SOCK_STREAM, 0)) &&
		is_forbidden(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static bool
cannot_use_udp(void)
{
	return is_forbidden(socket(AF_INET, SOCK_DGRAM, 0));
}
static bool
cannot_use_raw(void)
{
	return is_forbidden(socket(AF_INET, SOCK_RAW, 1));
}
static bool
cannot_use_netlink(void)
{
	return is_forbidden(socket(AF_NETLINK, SOCK_RAW, 0));
}

static bool
cannot_exec(void)
{
	char *const argv[] = {(char *)(uintptr_t) "/bin/true", NULL};

	return is_forbidden(execv("/bin/true", argv));
}

static bool
cannot_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return is_forbidden(pid);
}

static bool
cannot_signal_others(void)
{
	return is_forbidden(kill(getppid(), 0)) || errno == EPERM;
}
static bool
cannot_signal_threads_of_others(void)
{
	return is_forbidden(syscall(SYS_tgkill, getppid(), getppid(), 0));
}
static bool
can_signal_itself(void)
{
	return syscall(SYS_tgkill, getpid(), gettid(), 0) == 0;
}

static bool
cannot_signal_by_descriptor(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	return fd >= 0 && is_forbidden(fcntl(fd, F_SETOWN, getppid())) &&
		is_forbidden(fcntl(fd, F_SETSIG, SIGKILL)) &&
		is_forbidden(fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK)) &&
		is_forbidden(ioctl(fd, FIOASYNC, &on)) && is_forbidden(ioctl(fd, SIOCSPGRP, &on));
}

static bool
can_set_flags(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), ready = 0;

	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0 &&
		fcntl(fd, F_SETFD, fcntl(fd, F_GETFD) | FD_CLOEXEC) == 0 &&
		(ioctl(fd, FIONREAD, &ready) == 0 || errno != EPERM) &&
		(ioctl(fd, SIOCOUTQ, &ready) == 0 || errno != EPERM);
}

static bool
cannot_become_root(void)
{
	return is_forbidden(setuid(0));
}

static bool
cannot_run_data(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
		MAP_FAILED &&
		errno == EPERM;
}

static bool
can_use_tcp(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) >= 0 &&
		socket(AF_INET6, SOCK_STREAM, 0) >= 0;
}

static bool
can_have_memory(void)
{
	void *p = malloc(10 << 20);
	bool ok = p != NULL;

	free(p);
	return ok;
}

static bool (*const attempts[])(void) = {
	cannot_read_files,
	cannot_open_root,
	cannot_make_files,
	cannot_unlink,
	cannot_stat,
	cannot_use_unix_sockets,
	cannot_use_udp,
	cannot_use_raw,
	cannot_use_netlink,
	cannot_exec,
	cannot_fork,
	cannot_signal_others,
	cannot_signal_threads_of_others,
	can_signal_itself,
	cannot_signal_by_descriptor,
	can_set_flags,
	cannot_become_root,
	cannot_run_data,
	can_use_tcp,
	can_have_memory,
};

/* Exit status of a child that tries one thing in the sandbox. */
static int
try_in_sandbox(bool (*attempt)(void), bool as_root)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (!as_root && geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(3);
		if (sandbox_enter(&prober, &error) != OK)
			_exit(2);
		_exit(attempt() ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

START_TEST(sandbox)
{
	ck_assert_int_eq(try_in_sandbox(attempts[_i], true), 0);
	ck_assert_int_eq(try_in_sandbox(attempts[_i], false), 0);
}
END_TEST

START_TEST(other_descriptors_are_closed)
{
	int keep = dup(1), other = dup(1), last = dup(1), status;
	pid_t pid = fork();

	if (pid == 0) {
		sandbox_close_others((int[]){last, -1, keep}, 3);
		_exit(fcntl(keep, F_GETFD) >= 0 && fcntl(last, F_GETFD) >= 0 &&
					fcntl(other, F_GETFD) < 0 && fcntl(last + 1, F_GETFD) < 0 ?
				0 :
				1);
	}
	waitpid(pid, &status, 0);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* As far as the hard limit, and told when that is not far enough. */
START_TEST(descriptors_are_raised)
{
	struct rlimit limit = {64, 100};

	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_uint_eq(sandbox_raise_descriptors(32), 32);
	ck_assert_uint_eq(sandbox_raise_descriptors(90), 90);
	ck_assert_uint_eq(sandbox_raise_descriptors(1000), 100);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	ck_assert_uint_eq(limit.rlim_cur, 100);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("sandbox");
	TCase *rights = tcase_create("rights"), *descriptors = tcase_create("descriptors");

	tcase_add_loop_test(rights, sandbox, 0, (int)ORBL_COUNT(attempts));
	tcase_add_test(descriptors, other_descriptors_are_closed);
	tcase_add_test(descriptors, descriptors_are_raised);
	suite_add_tcase(s, rights);
	suite_add_tcase(s, descriptors);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
