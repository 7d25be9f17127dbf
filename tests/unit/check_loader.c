#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "channel.h"
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

/* --- the loader process ----------------------------------------------------------- */

static void
wait_for_loader(void)
{
	while (reload_is_busy(f.reload)) {
		struct pollfd p = {.fd = loader_fd(f.loader), .events = POLLIN};

		ck_assert_int_eq(poll(&p, 1, 20000), 1);
		reload_loaded(f.reload, 9);
	}
}

#define RBLDNSD_HEAD "$SOA 3000 ns.test admin.test 7 600 300 86400 200\n$NS 3000 ns.test\n"

START_TEST(compiles_in_the_loader)
{
	fixture_open_rbldnsd_zone(&f);
	fixture_write_file(f.path, RBLDNSD_HEAD ":127.0.0.3:text\n192.0.2.1\n");
	reload_request(f.reload, true, 1);
	ck_assert(reload_is_busy(f.reload));
	ck_assert(fixture_status(&f).is_loading);
	wait_for_loader();
	ck_assert(fixture_is_ready(&f, "dnsbl.test"));
	ck_assert_uint_eq(fixture_find_zone(&f, "dnsbl.test")->serial, 7);
	ck_assert_uint_eq(snapshot_entries(fixture_status(&f).snapshot), 1);
	ck_assert_str_eq(fixture_status(&f).error, "");
	ck_assert_int_eq(loader_fd(f.loader), -1);
}
END_TEST

START_TEST(tells_what_has_expired)
{
	fixture_open_rbldnsd_zone(&f);
	fixture_write_file(f.path, "$TIMESTAMP 1970:01:02 +100s\n192.0.2.1\n");
	reload_request(f.reload, true, 86400);
	wait_for_loader();
	ck_assert_str_eq(fixture_status(&f).error, "");
	ck_assert(!fixture_status(&f).is_old);
	reload_request(f.reload, false, 86500);
	ck_assert_uint_eq(fixture_count_logged(&f, "SERVFAIL until there are newer"), 1);
}
END_TEST

/* A change while the loader is at work must not be lost. */
START_TEST(compiles_again_when_asked_meanwhile)
{
	fixture_open_rbldnsd_zone(&f);
	fixture_write_file(f.path, RBLDNSD_HEAD "192.0.2.1\n");
	reload_request(f.reload, true, 1);
	fixture_write_file(f.path, RBLDNSD_HEAD "192.0.2.1\n192.0.2.3\n");
	reload_request(f.reload, true, 2);
	wait_for_loader();
	ck_assert_uint_eq(snapshot_entries(fixture_status(&f).snapshot), 2);
}
END_TEST

/* Each file of a source counts, the last one too; one that comes to be also. */
START_TEST(looks_at_each_file)
{
	char zone[200], second[160];

	snprintf(second, sizeof(second), "%s/second", f.dir);
	snprintf(zone, sizeof(zone), "dnsbl.test=rbldnsd:ip4set:%s,", f.path);
	fixture_add_zone(&f, zone, second);
	fixture_open_zones(&f);
	fixture_write_file(f.path, "192.0.2.1\n");
	fixture_write_file(second, "192.0.2.3\n");
	reload_request(f.reload, true, 1);
	wait_for_loader();
	ck_assert_uint_eq(snapshot_entries(fixture_status(&f).snapshot), 2);
	reload_request(f.reload, false, 2);
	ck_assert(!reload_is_busy(f.reload));
	fixture_write_file(second, "192.0.2.3\n192.0.2.5\n");
	reload_request(f.reload, false, 3);
	wait_for_loader();
	ck_assert_uint_eq(snapshot_entries(fixture_status(&f).snapshot), 3);
	unlink(f.path);
	reload_request(f.reload, false, 4);
	wait_for_loader();
	ck_assert_ptr_nonnull(strstr(fixture_status(&f).error, f.path));
	ck_assert_uint_eq(snapshot_entries(fixture_status(&f).snapshot), 3);
}
END_TEST

static void
overwrite_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (int)strlen(text));
	close(fd);
}

/* Of the same size, within the same second, in the same file. */
START_TEST(sees_a_change_within_a_second)
{
	fixture_open_rbldnsd_zone(&f);
	fixture_write_file(f.path, "192.0.2.0/24\n");
	reload_request(f.reload, true, 1);
	wait_for_loader();
	for (int i = 0; i < 5; i++) {
		usleep(20000); /* a tick of the file system's clock */
		overwrite_file(f.path, i % 2 == 0 ? "!92.0.2.0/24\n" : "192.0.2.0/24\n");
		reload_request(f.reload, false, 1);
		ck_assert(reload_is_busy(f.reload));
		wait_for_loader();
		ck_assert_uint_eq(snapshot_entries(fixture_status(&f).snapshot),
			i % 2 == 0 ? 0 : 1);
	}
}
END_TEST

START_TEST(reports_what_the_loader_cannot_read)
{
	fixture_open_rbldnsd_zone(&f);
	reload_request(f.reload, true, 1);
	wait_for_loader();
	ck_assert_uint_eq(fixture_serial(&f), 0);
	ck_assert_ptr_nonnull(strstr(fixture_status(&f).error, f.path));
	fixture_write_file(f.path, RBLDNSD_HEAD "192.0.2.1\n");
	reload_request(f.reload, false, 1);
	wait_for_loader();
	ck_assert_uint_ne(fixture_serial(&f), 0);
	unlink(f.path);
	reload_request(f.reload, false, 1);
	wait_for_loader();
	ck_assert_uint_ne(fixture_serial(&f), 0);
	ck_assert_str_ne(fixture_status(&f).error, "");
}
END_TEST

/* The child waits to be killed when this is set. */
static const char child_leaves_out[] = "CHECK_RELOAD_CHILD_LEAVES_OUT";
static const char child_waits[] = "CHECK_RELOAD_CHILD_WAITS";

static void
request_and_kill_child(int64_t now_s)
{
	char name[64];
	FILE *children;
	int pid;

	setenv(child_waits, "1", 1);
	reload_request(f.reload, true, now_s);
	unsetenv(child_waits);
	snprintf(name, sizeof(name), "/proc/self/task/%d/children", (int)getpid());
	children = fopen(name, "r");
	ck_assert_ptr_nonnull(children);
	ck_assert_int_eq(fscanf(children, "%d", &pid), 1);
	fclose(children);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
}

/* A child that was killed: an error, the old data stay, and the next look loads. */
START_TEST(survives_the_end_of_the_child)
{
	fixture_open_rbldnsd_zone(&f);
	fixture_write_file(f.path, RBLDNSD_HEAD "192.0.2.1\n");
	request_and_kill_child(1);
	wait_for_loader();
	ck_assert(!reload_is_busy(f.reload));
	ck_assert_ptr_nonnull(strstr(fixture_status(&f).error, "signal 9"));
	ck_assert_uint_eq(fixture_count_logged(&f, "signal 9"), 1);
	reload_request(f.reload, false, 2);
	wait_for_loader();
	ck_assert_str_eq(fixture_status(&f).error, "");
	request_and_kill_child(3);
	wait_for_loader();
	ck_assert(fixture_is_ready(&f, "dnsbl.test"));
	fixture_write_file(f.path, RBLDNSD_HEAD "192.0.2.1\n192.0.2.3\n");
	reload_request(f.reload, false, 4);
	wait_for_loader();
	ck_assert_uint_eq(snapshot_entries(fixture_status(&f).snapshot), 2);
	ck_assert_str_eq(fixture_status(&f).error, "");
}
END_TEST

START_TEST(survives_a_child_that_cannot_be_started)
{
	const struct feed_options feed = {.ttl_s = 2100};

	loader_free(f.loader);
	f.options.loader = f.loader = loader_new("/nowhere/orbl-dnsd", &feed);
	fixture_open_rbldnsd_zone(&f);
	fixture_write_file(f.path, "192.0.2.1\n");
	reload_request(f.reload, true, 1);
	wait_for_loader(); /* where vfork is a fork, the child is what fails */
	ck_assert_str_ne(fixture_status(&f).error, "");
	loader_free(f.loader);
	f.options.loader = f.loader = loader_new("/bin/true", &feed);
	reload_free(f.reload);
	fixture_open_zones(&f);
	reload_request(f.reload, true, 1);
	wait_for_loader();
	ck_assert_ptr_nonnull(strstr(fixture_status(&f).error, "the process that compiled it"));
}
END_TEST

START_TEST(gets_a_sealed_list)
{
	struct loader_result result;
	struct feed_zone zone;
	char text[200];

	snprintf(text, sizeof(text), "dnsbl.test=rbldnsd:ip4set:%s", f.path);
	ck_assert_int_eq(feed_zone_parse(text, &zone, NULL), OK);
	fixture_write_file(f.path, RBLDNSD_HEAD "192.0.2.1\n");
	ck_assert_int_eq(loader_request(f.loader, &zone.source, 1, NULL), OK);
	loader_receive(f.loader, &result);
	ck_assert_msg(result.fd >= 0, "%s", result.error.text);
	ck_assert_int_lt(ftruncate(result.fd, 1), 0);
	ck_assert_int_lt(pwrite(result.fd, "x", 1, 0), 0);
	close(result.fd);
}
END_TEST

/* One that the child could change after it was checked is refused. */
START_TEST(refuses_a_list_without_a_seal)
{
	static const int seals[] = {F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE};
	struct loader_result result;
	struct feed_zone zone;
	char text[200], seal[20];

	snprintf(seal, sizeof(seal), "%d", seals[_i]);
	ck_assert_int_eq(setenv(child_leaves_out, seal, 1), 0);
	snprintf(text, sizeof(text), "dnsbl.test=rbldnsd:ip4set:%s", f.path);
	ck_assert_int_eq(feed_zone_parse(text, &zone, NULL), OK);
	fixture_write_file(f.path, RBLDNSD_HEAD "192.0.2.1\n");
	ck_assert_int_eq(loader_request(f.loader, &zone.source, 1, NULL), OK);
	loader_receive(f.loader, &result);
	ck_assert_int_eq(result.fd, -1);
	ck_assert_ptr_nonnull(strstr(result.error.text, "not sealed"));
}
END_TEST

/* A child of ours does the work, and what it sent goes on, with all seals but this. */
static int
serve_without(long seal)
{
	int pair[2], copy = memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	static uint8_t bytes[1 << 16];
	struct channel_fds fds;
	size_t len = 0;
	ssize_t n;

	if (copy < 0 || channel_pair(pair, NULL) != OK)
		return EXIT_FAILURE;
	if (fork() == 0) {
		dup2(pair[1], STDIN_FILENO);
		_exit(loader_serve());
	}
	n = recv(STDIN_FILENO, bytes, sizeof(bytes), 0);
	if (n <= 0 || channel_send(pair[0], bytes, (size_t)n, NULL, true, NULL) != OK ||
		channel_receive(pair[0], bytes, sizeof(bytes), &len, &fds, NULL) != OK ||
		fds.count != 1)
		return EXIT_FAILURE;
	while (sendfile(copy, fds.fd[0], NULL, sizeof(bytes)) > 0)
		;
	fcntl(copy, F_ADD_SEALS,
		(F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) & ~(int)seal);
	channel_close_fds(&fds);
	fds = (struct channel_fds){.count = 1, .fd = {copy}};
	return channel_send(STDIN_FILENO, bytes, len, &fds, true, NULL) == OK ? EXIT_SUCCESS :
										EXIT_FAILURE;
}

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
	Suite *s = suite_create("loader");
	TCase *compiled = make_case("loader");

	tcase_add_test(compiled, compiles_in_the_loader);
	tcase_add_test(compiled, tells_what_has_expired);
	tcase_add_test(compiled, compiles_again_when_asked_meanwhile);
	tcase_add_test(compiled, looks_at_each_file);
	tcase_add_test(compiled, sees_a_change_within_a_second);
	tcase_add_test(compiled, reports_what_the_loader_cannot_read);
	tcase_add_test(compiled, survives_the_end_of_the_child);
	tcase_add_test(compiled, survives_a_child_that_cannot_be_started);
	tcase_add_test(compiled, gets_a_sealed_list);
	tcase_add_loop_test(compiled, refuses_a_list_without_a_seal, 0, 4);
	suite_add_tcase(s, compiled);
	return s;
}

int
main(int argc, char **argv)
{
	if (loader_is_child(argc, argv)) {
		const char *left_out = getenv(child_leaves_out);

		if (left_out != NULL)
			return serve_without(strtol(left_out, NULL, 10));
		if (getenv(child_waits) != NULL)
			pause();
		return loader_serve();
	}
	f.program = argv[0];
	return unit_run(suite());
}
