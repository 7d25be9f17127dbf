#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/file.h>
#include <orbl/log.h>

#include "list_fixture.h"
#include "reload.h"

static char dir[64], path[128];
static struct live *live;
static struct reload *reload;
static struct loader *loader;
static struct feed_zone zone;

static void
write_file(const char *name, const char *text)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

static void
publish_list(uint32_t serial)
{
	struct list_fixture f = {.origin = "dnsbl.test",
		.lines = "192.0.2.1 relay\n",
		.serial = serial};
	struct file_replacement r;

	ck_assert_int_eq(file_replace_begin(&r, path, 0644, NULL), OK);
	ck_assert_int_eq(list_fixture_write(&f, r.fd, NULL), OK);
	ck_assert_int_eq(file_replace_commit(&r, NULL), OK);
}

static void
set_up(void)
{
	snprintf(dir, sizeof(dir), "/tmp/check_reload.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/list", dir);
	live = live_new(1);
	memset(&zone, 0, sizeof(zone));
	snprintf(zone.origin, sizeof(zone.origin), "dnsbl.test");
	snprintf(zone.path, sizeof(zone.path), "%s", path);
	log_open("check_reload", LOG_LEVEL_ERROR);
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
}

static void
tear_down(void)
{
	char previous[160];

	live_free(live);
	reload_free(reload);
	loader_stop(loader);
	reload = NULL;
	loader = NULL;
	unlink(path);
	snprintf(previous, sizeof(previous), "%s.prev", path);
	unlink(previous);
	ck_assert_int_eq(rmdir(dir), 0);
}

static void
open_snapshot_zone(void)
{
	zone.source = FEED_SNAPSHOT;
	ck_assert_int_eq(reload_new(&zone, 1, NULL, live, &reload, NULL), OK);
}

static void
open_rbldnsd_zone(void)
{
	zone.source = FEED_RBLDNSD;
	snprintf(zone.type, sizeof(zone.type), "ip4set");
	ck_assert_int_eq(loader_start(&zone, 1, &loader, NULL), OK);
	ck_assert_int_eq(reload_new(&zone, 1, loader, live, &reload, NULL), OK);
}

static struct reload_status
status(void)
{
	struct reload_status s;

	reload_status(reload, 0, &s);
	return s;
}

/* Serial in service; 0: not ready. */
static uint32_t
serial(void)
{
	const struct zone_set *zones = live_zones(live, 0);
	const struct zone *z = zone_set_get(zones, 0);

	live_reclaim(live);
	ck_assert(z->snapshot == status().snapshot);
	return z->snapshot != NULL ? z->serial : 0;
}

START_TEST(waits_for_the_first_file)
{
	open_snapshot_zone();
	ck_assert_uint_eq(serial(), 0);
	reload_request(reload, true, 1);
	ck_assert_uint_eq(serial(), 0);
	ck_assert_str_ne(status().error, "");
	publish_list(5);
	reload_request(reload, false, 2);
	ck_assert_uint_eq(serial(), 5);
	ck_assert_str_eq(status().error, "");
	ck_assert_int_eq(status().loaded_s, 2);
}
END_TEST

START_TEST(looks_for_changes)
{
	open_snapshot_zone();
	publish_list(5);
	reload_request(reload, true, 1);
	reload_request(reload, false, 2);
	ck_assert_int_eq(status().loaded_s, 1); /* the same file: not loaded again */
	reload_request(reload, true, 3);
	ck_assert_int_eq(status().loaded_s, 3); /* asked for */
	publish_list(6);
	reload_request(reload, false, 4);
	ck_assert_uint_eq(serial(), 6);
}
END_TEST

START_TEST(keeps_the_old_for_a_bad_file)
{
	open_snapshot_zone();
	publish_list(5);
	reload_request(reload, true, 1);
	write_file(path, "rubbish");
	reload_request(reload, false, 2);
	ck_assert_uint_eq(serial(), 5);
	ck_assert_ptr_nonnull(strstr(status().error, path));
	ck_assert(!status().is_previous);
	unlink(path);
	reload_request(reload, false, 3);
	ck_assert_uint_eq(serial(), 5);
	publish_list(7);
	reload_request(reload, false, 4);
	ck_assert_uint_eq(serial(), 7);
	ck_assert_str_eq(status().error, "");
}
END_TEST

/* Every cut of a good file keeps the old one in service. */
START_TEST(keeps_the_old_for_any_cut)
{
	struct stat st;

	open_snapshot_zone();
	publish_list(5);
	reload_request(reload, true, 1);
	publish_list(6);
	ck_assert_int_eq(stat(path, &st), 0);
	for (off_t len = st.st_size - 1; len >= 0; len -= len > 64 ? 7 : 1) {
		ck_assert_int_eq(truncate(path, len), 0);
		reload_request(reload, true, 2);
		ck_assert_uint_eq(serial(), 5);
	}
}
END_TEST

START_TEST(falls_back_to_the_previous_generation)
{
	publish_list(5);
	publish_list(6);
	write_file(path, "rubbish");
	open_snapshot_zone();
	reload_request(reload, true, 1);
	ck_assert_uint_eq(serial(), 5);
	ck_assert(status().is_previous);
	ck_assert_str_ne(status().error, "");
	publish_list(8);
	reload_request(reload, false, 2);
	ck_assert_uint_eq(serial(), 8);
	ck_assert(!status().is_previous);
}
END_TEST

START_TEST(refuses_a_zone_given_twice)
{
	struct feed_zone zones[2] = {zone, zone};
	struct error e;

	ck_assert_int_eq(reload_new(zones, 2, NULL, live, &reload, &e), ERR_REFUSED);
	ck_assert_ptr_null(reload);
	ck_assert_ptr_nonnull(strstr(e.text, "dnsbl.test"));
}
END_TEST

/* --- the loader process ----------------------------------------------------------- */

static void
wait_for_loader(void)
{
	struct pollfd p = {.fd = loader_fd(loader), .events = POLLIN};

	while (reload_is_busy(reload)) {
		ck_assert_int_eq(poll(&p, 1, 20000), 1);
		if (!reload_loaded(reload, 9))
			break;
	}
}

#define RBLDNSD_HEAD "$SOA 3000 ns.test admin.test 7 600 300 86400 200\n$NS 3000 ns.test\n"

START_TEST(compiles_in_the_loader)
{
	open_rbldnsd_zone();
	write_file(path, RBLDNSD_HEAD ":127.0.0.3:text\n192.0.2.1\n");
	reload_request(reload, true, 1);
	ck_assert(reload_is_busy(reload));
	ck_assert(status().is_loading);
	wait_for_loader();
	ck_assert_uint_eq(serial(), 7);
	ck_assert_uint_eq(snapshot_entries(status().snapshot), 1);
	ck_assert_str_eq(status().error, "");
}
END_TEST

/* A change while the loader is at work must not be lost. */
START_TEST(compiles_again_when_asked_meanwhile)
{
	open_rbldnsd_zone();
	write_file(path, RBLDNSD_HEAD "192.0.2.1\n");
	reload_request(reload, true, 1);
	write_file(path, RBLDNSD_HEAD "192.0.2.1\n192.0.2.3\n");
	reload_request(reload, true, 2);
	wait_for_loader();
	ck_assert_uint_eq(snapshot_entries(status().snapshot), 2);
}
END_TEST

START_TEST(reports_what_the_loader_cannot_read)
{
	open_rbldnsd_zone();
	reload_request(reload, true, 1);
	wait_for_loader();
	ck_assert_uint_eq(serial(), 0);
	ck_assert_ptr_nonnull(strstr(status().error, path));
	write_file(path, RBLDNSD_HEAD "192.0.2.1\n");
	reload_request(reload, false, 1);
	wait_for_loader();
	ck_assert_uint_eq(serial(), 7);
	unlink(path);
	reload_request(reload, false, 1);
	wait_for_loader();
	ck_assert_uint_eq(serial(), 7);
	ck_assert_str_ne(status().error, "");
}
END_TEST

/* The loader is killed while it is asked: an error, and the old data stay. */
START_TEST(survives_the_end_of_the_loader)
{
	open_rbldnsd_zone();
	write_file(path, RBLDNSD_HEAD "192.0.2.1\n");
	reload_request(reload, true, 1);
	wait_for_loader();
	shutdown(loader_fd(loader), SHUT_RDWR);
	reload_request(reload, true, 2);
	wait_for_loader();
	ck_assert(!reload_is_busy(reload));
	ck_assert_uint_eq(serial(), 7);
	ck_assert_ptr_nonnull(strstr(status().error, "loader"));
}
END_TEST

START_TEST(gets_a_sealed_list)
{
	struct loader_result result;

	zone.source = FEED_RBLDNSD;
	snprintf(zone.type, sizeof(zone.type), "ip4set");
	write_file(path, RBLDNSD_HEAD "192.0.2.1\n");
	ck_assert_int_eq(loader_start(&zone, 1, &loader, NULL), OK);
	ck_assert_int_eq(loader_request(loader, 0, 1, NULL), OK);
	ck_assert_int_eq(loader_receive(loader, &result, NULL), OK);
	ck_assert_int_ge(result.fd, 0);
	ck_assert_int_lt(ftruncate(result.fd, 1), 0);
	ck_assert_int_lt(pwrite(result.fd, "x", 1, 0), 0);
	close(result.fd);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("reload");
	TCase *files = tcase_create("files"), *compiled = tcase_create("loader");

	tcase_add_checked_fixture(files, set_up, tear_down);
	tcase_set_timeout(files, 60);
	tcase_add_test(files, waits_for_the_first_file);
	tcase_add_test(files, looks_for_changes);
	tcase_add_test(files, keeps_the_old_for_a_bad_file);
	tcase_add_test(files, keeps_the_old_for_any_cut);
	tcase_add_test(files, falls_back_to_the_previous_generation);
	tcase_add_test(files, refuses_a_zone_given_twice);
	tcase_add_checked_fixture(compiled, set_up, tear_down);
	tcase_set_timeout(compiled, 60);
	tcase_add_test(compiled, compiles_in_the_loader);
	tcase_add_test(compiled, compiles_again_when_asked_meanwhile);
	tcase_add_test(compiled, reports_what_the_loader_cannot_read);
	tcase_add_test(compiled, survives_the_end_of_the_loader);
	tcase_add_test(compiled, gets_a_sealed_list);
	suite_add_tcase(s, files);
	suite_add_tcase(s, compiled);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
