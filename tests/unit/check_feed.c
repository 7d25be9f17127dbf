#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <orbl/feed.h>

#include "scratch.h"

static struct feed_zone
parse(const char *argument)
{
	struct feed_zone zone;
	struct error e = {.text = ""};

	ck_assert_msg(feed_zone_parse(argument, &zone, &e) == OK, "%s: %s", argument, e.text);
	return zone;
}

START_TEST(test_zone_snapshot)
{
	struct feed_zone zone = parse("BL.Example.org.=snapshot:/var/lib/orbl/a=b:c.snapshot");

	ck_assert_str_eq(zone.origin, "bl.example.org");
	ck_assert_int_eq(zone.source, FEED_SNAPSHOT);
	ck_assert_str_eq(zone.type, "");
	ck_assert_str_eq(zone.path, "/var/lib/orbl/a=b:c.snapshot");
}
END_TEST

START_TEST(test_zone_rbldnsd)
{
	struct feed_zone zone = parse("bl=rbldnsd:ip4set:list");

	ck_assert_str_eq(zone.origin, "bl");
	ck_assert_int_eq(zone.source, FEED_RBLDNSD);
	ck_assert_str_eq(zone.type, "ip4set");
	ck_assert_str_eq(zone.path, "list");
}
END_TEST

START_TEST(test_zone_refused)
{
	static const char *const bad[] = {
		"",
		"=",
		"bl",
		"bl=",
		"bl=snapshot",
		"bl=snapshot:",
		"=snapshot:x",
		".=snapshot:x",
		"a..b=snapshot:x",
		".a=snapshot:x",
		"a b=snapshot:x",
		"a/b=snapshot:x",
		"bl=rbldnsd",
		"bl=rbldnsd:",
		"bl=rbldnsd:ip4set",
		"bl=rbldnsd:ip4set:",
		"bl=rbldnsd:ip4trie:x",
		"bl=rbldnsd::x",
		"bl=ip4set:x",
		"bl=file:x",
		"bl=Snapshot:x",
		"b\xc3\xb6=snapshot:x",
		"a\\.b=snapshot:x",
		"0123456789012345678901234567890123456789012345678901234567890123.a=snapshot:x",
	};
	struct feed_zone zone;
	struct error e;

	for (size_t i = 0; i < ORBL_COUNT(bad); i++) {
		ck_assert_msg(feed_zone_parse(bad[i], &zone, &e) == ERR_SYNTAX, "%s", bad[i]);
		ck_assert_ptr_nonnull(strstr(e.text, "zone "));
	}
}
END_TEST

START_TEST(test_zone_error_names_types)
{
	struct feed_zone zone;
	struct error e;

	ck_assert_int_eq(feed_zone_parse("bl=rbldnsd:dnset:x", &zone, &e), ERR_SYNTAX);
	ck_assert_ptr_nonnull(strstr(e.text, "dnset"));
	ck_assert_ptr_nonnull(strstr(e.text, "ip4set"));
}
END_TEST

START_TEST(test_zone_lengths)
{
	struct feed_zone zone;
	struct error e;
	char argument[5000];

	memset(argument, 'x', sizeof(argument));
	memcpy(argument, "bl=snapshot:", 12);
	argument[12 + 4095] = '\0';
	ck_assert_int_eq(feed_zone_parse(argument, &zone, &e), OK);
	argument[12 + 4095] = 'x';
	argument[12 + 4096] = '\0';
	ck_assert_int_eq(feed_zone_parse(argument, &zone, &e), ERR_SYNTAX);
	for (size_t i = 0; i < 254; i++)
		argument[i] = i % 2 == 0 ? 'a' : '.';
	memcpy(argument + 253, "=snapshot:x", 12);
	ck_assert_int_eq(feed_zone_parse(argument, &zone, &e), OK);
	memcpy(argument + 253, ".a=snapshot:x", 14);
	ck_assert_int_eq(feed_zone_parse(argument, &zone, &e), ERR_SYNTAX);
}
END_TEST

/* --- compiling files --- */

static enum err
compile(const char *path, FILE *warnings, struct snapshot **out, struct error *e)
{
	struct feed_zone zone = {.origin = "bl.example", .source = FEED_RBLDNSD, .type = "ip4set"};
	int fd = memfd_create("feed", MFD_CLOEXEC);
	enum err err;

	snprintf(zone.path, sizeof(zone.path), "%s", path);
	*out = NULL;
	err = feed_compile(&zone, 1000, fd, warnings, e);
	if (err == OK)
		err = snapshot_open_fd(fd, path, out, e);
	close(fd);
	return err;
}

static void
assert_refused(const char *path, enum err wanted, const char *part)
{
	struct snapshot *s;
	struct error e = {.text = ""};

	ck_assert_int_eq(compile(path, NULL, &s, &e), wanted);
	ck_assert_msg(strstr(e.text, part) != NULL, "\"%s\" has no \"%s\"", e.text, part);
	ck_assert_ptr_null(s);
}

START_TEST(test_compile)
{
	const struct timespec times[2] = {{.tv_sec = 77}, {.tv_sec = 77}};
	struct snapshot *s;
	struct snapshot_zone zone;
	struct addr a = addr_from_ipv4(0xc0000201);
	struct error e = {.text = ""};

	scratch_write("list", "192.0.2.1\n", 10);
	ck_assert_int_eq(utimensat(AT_FDCWD, "list", times, 0), 0);
	ck_assert_msg(compile("list", NULL, &s, &e) == OK, "%s", e.text);
	ck_assert_uint_eq(snapshot_serial(s), 77);
	ck_assert_int_eq(snapshot_created_s(s), 1000);
	ck_assert_uint_eq(snapshot_zone_count(s), 1);
	snapshot_zone(s, 0, &zone);
	ck_assert_uint_eq(zone.name.len, 0);
	ck_assert_uint_eq(snapshot_find(zone.set, &a), 1);
	snapshot_close(s);
}
END_TEST

START_TEST(test_compile_unreadable)
{
	ck_assert_int_eq(mkdir("directory", 0700), 0);
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	assert_refused("missing", ERR_IO, "missing: cannot open");
	assert_refused("directory", ERR_IO, "directory: is not a regular file");
	assert_refused("fifo", ERR_IO, "fifo: is not a regular file");
}
END_TEST

START_TEST(test_compile_nothing_usable)
{
	scratch_write("empty", "", 0);
	assert_refused("empty", ERR_SYNTAX, "empty:0: file has no entries");
	scratch_write("comments", "# a\n; b\n\n", 9);
	assert_refused("comments", ERR_SYNTAX, "comments:3: ");
	scratch_write("page", "\n<html>\n<p>\n", 12);
	assert_refused("page", ERR_SYNTAX, "page:2: not an IPv4 address");
	scratch_write("zeros", "\0\0\0\0\0\0\0\0", 8);
	assert_refused("zeros", ERR_SYNTAX, "zeros:1: not an IPv4 address");
}
END_TEST

START_TEST(test_compile_disk_full)
{
	struct feed_zone zone = parse("bl=rbldnsd:ip4set:list");
	int fd = open("/dev/full", O_WRONLY);
	struct error e;

	scratch_write("list", "192.0.2.1\n", 10);
	ck_assert_int_eq(feed_compile(&zone, 1000, fd, NULL, &e), ERR_FULL);
	close(fd);
}
END_TEST

START_TEST(test_compile_warnings)
{
	FILE *f = fopen("list", "w");
	char *text = NULL, *at;
	size_t size, lines = 0;
	FILE *warnings = open_memstream(&text, &size);
	struct snapshot *s;
	struct error e;

	fputs("192.0.2.1\n", f);
	for (int i = 0; i < 30; i++)
		fputs("bad\n", f);
	fputs("192.0.2.2", f); /* no newline */
	fclose(f);
	ck_assert_int_eq(compile("list", warnings, &s, &e), OK);
	fclose(warnings);
	ck_assert_ptr_nonnull(strstr(text, "list:2: not an IPv4 address or range\n"));
	ck_assert_ptr_nonnull(strstr(text, "list:21: not"));
	ck_assert_ptr_null(strstr(text, "list:22:"));
	ck_assert_ptr_nonnull(strstr(text, "list:32: the last line does not end"));
	ck_assert_ptr_nonnull(strstr(text, "list: 30 lines rejected in all"));
	for (at = text; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	ck_assert_uint_eq(lines, 22);
	ck_assert_uint_eq(snapshot_entries(s), 1); /* .1 and .2 joined */
	snapshot_close(s);
	free(text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("feed");
	TCase *zone = tcase_create("zone");
	TCase *compiling = tcase_create("compile");

	tcase_add_test(zone, test_zone_snapshot);
	tcase_add_test(zone, test_zone_rbldnsd);
	tcase_add_test(zone, test_zone_refused);
	tcase_add_test(zone, test_zone_error_names_types);
	tcase_add_test(zone, test_zone_lengths);
	suite_add_tcase(s, zone);
	tcase_add_checked_fixture(compiling, scratch_enter, scratch_leave);
	tcase_add_test(compiling, test_compile);
	tcase_add_test(compiling, test_compile_unreadable);
	tcase_add_test(compiling, test_compile_nothing_usable);
	tcase_add_test(compiling, test_compile_disk_full);
	tcase_add_test(compiling, test_compile_warnings);
	suite_add_tcase(s, compiling);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
