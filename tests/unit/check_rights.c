/* Each process in its sandbox: what it needs it can do, and nothing else. */
#include "rights.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

static struct conf conf;
static char user[] = "nobody", empty[] = "";
static int file; /* open, with a page in it */
static int listening;

static bool
is_forbidden(long result)
{
	return result < 0 && (errno == EPERM || errno == EACCES);
}

/* --- attempts -------------------------------------------------------------------- */

static bool
can_open(void)
{
	return !is_forbidden(open("/", O_RDONLY | O_DIRECTORY)) ||
		!is_forbidden(open("/etc/passwd", O_RDONLY)) ||
		!is_forbidden(open("/tmp/orbl-x", O_WRONLY | O_CREAT, 0600)) ||
		!is_forbidden(open("/proc/self/fdinfo/2", O_RDONLY));
}

static bool
can_make_unix_socket(void)
{
	int pair[2];

	return !is_forbidden(socket(AF_UNIX, SOCK_STREAM, 0)) ||
		!is_forbidden(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
}

static bool
can_make_raw_socket(void)
{
	return !is_forbidden(socket(AF_INET, SOCK_RAW, 1)) ||
		!is_forbidden(socket(AF_NETLINK, SOCK_RAW, 0)) ||
		!is_forbidden(socket(AF_PACKET, SOCK_RAW, 0));
}

static bool
can_make_tcp_socket(void)
{
	return !is_forbidden(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

static bool
can_make_udp_socket(void)
{
	return !is_forbidden(socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0));
}

static bool
can_connect(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9)};

	return !is_forbidden(connect(listening, (struct sockaddr *)&to, sizeof(to)));
}

static bool
can_bind(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET};

	return !is_forbidden(bind(listening, (struct sockaddr *)&to, sizeof(to)));
}

static bool
can_accept(void)
{
	return !is_forbidden(accept4(listening, NULL, NULL, SOCK_NONBLOCK));
}

static bool
can_exec(void)
{
	char *const argv[] = {(char *)(uintptr_t) "/bin/true", NULL};

	return !is_forbidden(execv("/bin/true", argv)) ||
		!is_forbidden(fexecve(file, argv, argv + 1));
}

static bool
can_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return !is_forbidden(pid);
}

static void *
do_nothing(void *argument)
{
	return argument;
}

static bool
can_start_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, do_nothing, NULL) == 0;
}

static bool
can_trace(void)
{
	return !is_forbidden(ptrace(PTRACE_TRACEME, 0, NULL, NULL)) ||
		!is_forbidden(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static bool
can_signal_others(void)
{
	return !is_forbidden(kill(getppid(), 0));
}

static bool
can_become_root(void)
{
	return !is_forbidden(setuid(0));
}

static bool
can_run_data(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED || mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ||
		mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
		MAP_FAILED ||
		mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE, file, 0) != MAP_FAILED;
}

static bool
can_map_file(void)
{
	struct stat st;

	return fstat(file, &st) == 0 &&
		mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0) != MAP_FAILED;
}

static bool
can_make_memory_file(void)
{
	int fd = memfd_create("x", MFD_ALLOW_SEALING);

	return fd >= 0 && ftruncate(fd, 8) == 0 && pwrite(fd, "x", 1, 3) == 1 &&
		fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0;
}

static bool
can_have_memory(void)
{
	void *p = malloc(10 << 20);
	bool ok = p != NULL;

	free(p);
	return ok;
}

static bool
can_log(void)
{
	return write(file, "x", 1) == 1;
}

/* --- who may what ------------------------------------------------------------------ */

enum { QUERY = 1, TRANSFER = 2, OBSERVER = 4, ALL = 7 };

static const struct {
	bool (*attempt)(void);
	unsigned may;
} attempts[] = {
	{can_open, 0},
	{can_make_unix_socket, 0},
	{can_make_raw_socket, 0},
	{can_make_tcp_socket, TRANSFER},
	{can_make_udp_socket, TRANSFER},
	{can_connect, TRANSFER},
	{can_bind, TRANSFER},
	{can_accept, QUERY | OBSERVER},
	{can_exec, 0},
	{can_fork, 0},
	{can_start_thread, 0},
	{can_trace, 0},
	{can_signal_others, 0},
	{can_become_root, 0},
	{can_run_data, 0},
	{can_map_file, QUERY | TRANSFER},
	{can_make_memory_file, TRANSFER},
	{can_have_memory, ALL},
	{can_log, ALL},
};

static const struct {
	unsigned who;
	struct sandbox (*rights)(const struct conf *);
} processes[] = {
	{QUERY, rights_of_query_process},
	{TRANSFER, rights_of_transfer_process},
	{OBSERVER, rights_of_observer},
};

static void
set_up(void)
{
	char name[] = "/tmp/check_rights.XXXXXX";

	conf.dnsd.user = user;
	file = mkstemp(name);
	ck_assert_int_ge(file, 0);
	unlink(name);
	ck_assert_int_eq(ftruncate(file, 4096), 0);
	listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
}

static void
tear_down(void)
{
	close(file);
	close(listening);
}

/* Exit status of a child that tries one thing. */
static int
try(const struct sandbox *sandbox, bool (*attempt)(void), bool as_root)
{
	struct error e;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (!as_root && geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(3);
		if (sandbox_enter(sandbox, &e) != OK)
			_exit(2);
		_exit(attempt() ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

START_TEST(may_do_what_it_needs_and_nothing_else)
{
	for (size_t i = 0; i < ORBL_COUNT(processes); i++) {
		struct sandbox sandbox = processes[i].rights(&conf);
		int wanted = (attempts[_i].may & processes[i].who) != 0 ? 0 : 1;

		ck_assert_msg(try(&sandbox, attempts[_i].attempt, true) == wanted,
			"process %u as root", processes[i].who);
		ck_assert_msg(try(&sandbox, attempts[_i].attempt, false) == wanted,
			"process %u as another user", processes[i].who);
	}
}
END_TEST

/* --- threads --------------------------------------------------------------------------- */

static atomic_int step;

static void *
wait_and_try(void *argument)
{
	while (atomic_load(&step) == 0)
		;
	*(bool *)argument = can_connect() || can_make_tcp_socket() || can_run_data();
	atomic_store(&step, 2);
	while (true)
		pause();
	return NULL;
}

START_TEST(the_filter_is_that_of_all_threads)
{
	struct sandbox sandbox = rights_of_query_process(&conf);
	struct error e;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		bool could = true;
		pthread_t thread;

		if (sandbox_prepare(&sandbox, &e) != OK ||
			pthread_create(&thread, NULL, wait_and_try, &could) != 0 ||
			sandbox_seal(&sandbox, &e) != OK)
			_exit(2);
		atomic_store(&step, 1);
		while (atomic_load(&step) != 2)
			;
		_exit(could);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* --- the keeper -------------------------------------------------------------------------- */

/* received: where a zone from a primary is stored; forbidden has a list that is read alone. */
static char allowed[64], received[64], forbidden[64];

static bool
can_write_in(const char *directory)
{
	char name[96];

	snprintf(name, sizeof(name), "%s/new", directory);
	return open(name, O_WRONLY | O_CREAT, 0600) >= 0 && unlink(name) == 0;
}

static bool
keeper_is_shut_in(void)
{
	char name[96];

	snprintf(name, sizeof(name), "%s/new", forbidden);
	if (!is_forbidden(open(name, O_WRONLY | O_CREAT, 0600)))
		return false;
	if (!can_write_in(allowed) || !can_write_in(received))
		return false;
	return open("/etc/passwd", O_RDONLY) >= 0 && !can_become_root() && !can_connect() &&
		is_forbidden(chroot("/tmp")) && can_fork();
}

START_TEST(the_keeper_writes_only_where_it_must)
{
	static struct feed_zone zones[2];
	struct server_options options = {.conf = &conf, .zones = zones, .zone_count = 2};
	char control[96], zone[128];
	struct error e;
	int status;
	pid_t pid;

	conf.dnsd.statistics_file = conf.dnsd.query_log = conf.dnsd.dnstap = empty;
	conf.transfer.catalog = empty;
	snprintf(allowed, sizeof(allowed), "/tmp/check_rights.XXXXXX");
	snprintf(forbidden, sizeof(forbidden), "/tmp/check_rights.XXXXXX");
	snprintf(received, sizeof(received), "/tmp/check_rights.XXXXXX");
	ck_assert(mkdtemp(allowed) != NULL && mkdtemp(forbidden) != NULL);
	ck_assert_ptr_nonnull(mkdtemp(received));
	ck_assert_int_eq(chmod(allowed, 0777), 0);
	ck_assert_int_eq(chmod(received, 0777), 0);
	ck_assert_int_eq(chmod(forbidden, 0777), 0);
	snprintf(control, sizeof(control), "%s/dnsd.sock", allowed);
	options.control_path = control;
	snprintf(zone, sizeof(zone), "a.test=snapshot:%s/x", forbidden);
	ck_assert_int_eq(feed_zone_parse(zone, &zones[0], &e), OK);
	snprintf(zone, sizeof(zone), "b.test=transfer:%s/x", received);
	ck_assert_int_eq(feed_zone_parse(zone, &zones[1], &e), OK);
	pid = fork();
	if (pid == 0)
		_exit(rights_leave_keeper(&options, &e) != OK ? 2 : keeper_is_shut_in() ? 0 : 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(rmdir(allowed), 0);
	ck_assert_int_eq(rmdir(received), 0);
	ck_assert_int_eq(rmdir(forbidden), 0);
	ck_assert_int_eq(status, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("rights");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(all, set_up, tear_down);
	tcase_set_timeout(all, 60);
	tcase_add_loop_test(all, may_do_what_it_needs_and_nothing_else, 0,
		(int)ORBL_COUNT(attempts));
	tcase_add_test(all, the_filter_is_that_of_all_threads);
	tcase_add_test(all, the_keeper_writes_only_where_it_must);
	suite_add_tcase(s, all);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
