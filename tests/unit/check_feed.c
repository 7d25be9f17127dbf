#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zlib.h>

#include "feed_fixture.h"
#include "scratch.h"

typedef enum err parse_fn(const char *argument, struct feed_zone *out, struct error *e);

static struct feed_zone
parse(parse_fn *fn, const char *argument)
{
	struct feed_zone zone;
	struct error e = {.text = ""};

	ck_assert_msg(fn(argument, &zone, &e) == OK, "%s: %s", argument, e.text);
	return zone;
}

/* --- zones ------------------------------------------------------------------ */

START_TEST(test_zones)
{
	static const struct {
		parse_fn *fn;
		const char *argument, *origin;
		enum feed_kind kind;
		const char *type, *paths;
	} rows[] = {
		{feed_zone_parse, "BL.Example.org.=snapshot:/a=b:c,d", "bl.example.org",
			FEED_SNAPSHOT, "", "/a=b:c,d"},
		{feed_zone_parse, "BL.example=transfer:/a,b", "bl.example", FEED_TRANSFER, "",
			"/a,b"},
		{feed_zone_parse, "bl=rbldnsd:ip4set:list", "bl", FEED_RBLDNSD, "ip4set", "list"},
		{feed_zone_parse, "a.b=rbldnsd:ip6trie:x,y:z", "a.b", FEED_RBLDNSD, "ip6trie",
			"x,y:z"},
		{feed_zone_parse, "=rbldnsd:acl:clients", "", FEED_RBLDNSD, "acl", "clients"},
		{feed_zone_parse, "a=rbldnsd:acl:clients", "a", FEED_RBLDNSD, "acl", "clients"},
		{feed_zone_parse_rbldnsd, "BL.example:ip4set:a,b", "bl.example", FEED_RBLDNSD,
			"ip4set", "a,b"},
		{feed_zone_parse_rbldnsd, "bl.example.:combined:/x=y", "bl.example", FEED_RBLDNSD,
			"combined", "/x=y"},
		{feed_zone_parse_rbldnsd, ":acl:f", "", FEED_RBLDNSD, "acl", "f"},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct feed_zone zone = parse(rows[i].fn, rows[i].argument);

		ck_assert_str_eq(zone.origin, rows[i].origin);
		ck_assert_int_eq(zone.source.kind, rows[i].kind);
		ck_assert_str_eq(zone.source.type, rows[i].type);
		ck_assert_str_eq(zone.source.paths, rows[i].paths);
	}
}
END_TEST

static void
assert_refused(parse_fn *fn, const char *argument, const char *part)
{
	struct feed_zone zone;
	struct error e = {.text = ""};

	ck_assert_msg(fn(argument, &zone, &e) == ERR_SYNTAX, "%s", argument);
	ck_assert_msg(strncmp(e.text, "zone ", 5) == 0, "%s", e.text);
	ck_assert_msg(strstr(e.text, part) != NULL, "%s: \"%s\" has no \"%s\"", argument, e.text,
		part);
}

START_TEST(test_zones_refused)
{
	static const struct {
		const char *argument, *part;
	} rows[] = {
		{"", "there is no ="},
		{"bl", "there is no ="},
		{"=", "is not a source"},
		{"bl=", "is not a source"},
		{"bl=file:x",
			"file is not a source; one is snapshot:FILE, transfer:FILE or rbldnsd:"},
		{"bl=transfer:", "no file named"},
		{"bl=transfer:/dir/", "a directory; name the file"},
		{"bl=Snapshot:x", "is not a source"},
		{"bl=ip4set:x", "is not a source"},
		{"bl=snapshot", "no file named"},
		{"bl=snapshot:", "no file named"},
		{"bl=rbldnsd", "type  is not known; there are ip4set, ip4trie,"},
		{"bl=rbldnsd:", "is not known"},
		{"bl=rbldnsd::x", "is not known"},
		{"bl=rbldnsd:ip5set:x", "type ip5set is not known"},
		{"bl=rbldnsd:IP4SET:x", "is not known"},
		{"bl=rbldnsd:ip4set", "no file named"},
		{"bl=rbldnsd:ip4set:", "no file named"},
		{"bl=rbldnsd:ip4set:,", "empty name between commas"},
		{"bl=rbldnsd:ip4set:a,,b", "empty name between commas"},
		{"bl=rbldnsd:ip4set:a,", "empty name between commas"},
		{"=snapshot:x", "the name is missing"},
		{"=rbldnsd:ip4set:x", "the name is missing"},
		{".=snapshot:x", ". is not a domain name; write NAME=SOURCE"},
		{".=rbldnsd:acl:x", "is not a domain name"},
		{"a..b=snapshot:x", "a..b is not a domain name"},
		{".a=snapshot:x", "is not a domain name"},
		{"a b=snapshot:x", "is not a domain name"},
		{"a/b=snapshot:x", "is not a domain name"},
		{"b\xc3\xb6=snapshot:x", "is not a domain name"},
		{"a\\.b=snapshot:x", "is not a domain name"},
		{"0123456789012345678901234567890123456789012345678901234567890123.a=snapshot:x",
			"is not a domain name"},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		assert_refused(feed_zone_parse, rows[i].argument, rows[i].part);
}
END_TEST

START_TEST(test_rbldnsd_zones_refused)
{
	assert_refused(feed_zone_parse_rbldnsd, "", "there is no colon; write NAME:TYPE:FILE");
	assert_refused(feed_zone_parse_rbldnsd, "bl", "there is no colon");
	assert_refused(feed_zone_parse_rbldnsd, "bl:", "is not known");
	assert_refused(feed_zone_parse_rbldnsd, "bl:x:y", "type x is not known");
	assert_refused(feed_zone_parse_rbldnsd, "bl:ip4set", "no file named");
	assert_refused(feed_zone_parse_rbldnsd, "bl:ip4set:", "no file named");
	assert_refused(feed_zone_parse_rbldnsd, ":ip4set:x", "the name is missing");
	assert_refused(feed_zone_parse_rbldnsd, "a..b:ip4set:x", "write NAME:TYPE:FILE,FILE...");
	assert_refused(feed_zone_parse_rbldnsd, "a=b:ip4set:x", "a=b is not a domain name");
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
	assert_refused(feed_zone_parse, argument, "paths of more than 4095 bytes");
	for (size_t i = 0; i < 254; i++)
		argument[i] = i % 2 == 0 ? 'a' : '.';
	memcpy(argument + 253, "=snapshot:x", 12);
	ck_assert_int_eq(feed_zone_parse(argument, &zone, &e), OK);
	memcpy(argument + 253, ".a=snapshot:x", 14);
	assert_refused(feed_zone_parse, argument, "is not a domain name");
}
END_TEST

/* --- sources ---------------------------------------------------------------- */

START_TEST(test_files_of_source)
{
	struct feed_zone zone = parse(feed_zone_parse_rbldnsd, "bl:ip4set:a,/b/c,d"), many;
	char path[FEED_PATHS_MAX], argument[400] = "bl:ip4set:x";
	struct error e;

	ck_assert(feed_source_file(&zone.source, 0, path));
	ck_assert_str_eq(path, "a");
	ck_assert(feed_source_file(&zone.source, 1, path));
	ck_assert_str_eq(path, "/b/c");
	ck_assert(feed_source_file(&zone.source, 2, path));
	ck_assert_str_eq(path, "d");
	ck_assert(!feed_source_file(&zone.source, 3, path));
	ck_assert(!feed_source_file(&zone.source, 99, path));
	zone = parse(feed_zone_parse, "bl=snapshot:a,b");
	ck_assert(feed_source_file(&zone.source, 0, path));
	ck_assert_str_eq(path, "a,b");
	ck_assert(!feed_source_file(&zone.source, 1, path));
	for (size_t i = 1; i < FEED_FILES_MAX; i++)
		snprintf(argument + 9 + 2 * i, 3, ",x");
	ck_assert_int_eq(feed_zone_parse_rbldnsd(argument, &many, &e), OK);
	ck_assert(feed_source_file(&many.source, FEED_FILES_MAX - 1, path));
	snprintf(argument + 9 + 2 * FEED_FILES_MAX, 3, ",x");
	assert_refused(feed_zone_parse_rbldnsd, argument, "more than 64 files");
}
END_TEST

START_TEST(test_equal_sources)
{
	struct feed_zone a = parse(feed_zone_parse, "a=rbldnsd:ip4set:x,y");
	struct feed_zone b = parse(feed_zone_parse_rbldnsd, "b.c:ip4set:x,y");
	struct feed_zone type = parse(feed_zone_parse_rbldnsd, "a:ip4trie:x,y");
	struct feed_zone order = parse(feed_zone_parse_rbldnsd, "a:ip4set:y,x");
	struct feed_zone kind = parse(feed_zone_parse, "a=snapshot:x,y");

	ck_assert(feed_source_equal(&a.source, &b.source));
	ck_assert(!feed_source_equal(&a.source, &type.source));
	ck_assert(!feed_source_equal(&a.source, &order.source));
	ck_assert(!feed_source_equal(&a.source, &kind.source));
}
END_TEST

/* --- compiling files -------------------------------------------------------- */

static void
write_text(const char *path, const char *text)
{
	scratch_write(path, text, strlen(text));
}

static void
set_time(const char *path, time_t s)
{
	const struct timespec times[2] = {{.tv_sec = s}, {.tv_sec = s}};

	ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void
assert_failed(const char *paths, enum err wanted, const char *part)
{
	struct feed_case c = feed_case_files("ip4set", NULL, paths);

	ck_assert_msg(c.err == wanted, "%s: %s", paths, c.e.text);
	ck_assert_msg(strstr(c.e.text, part) != NULL, "\"%s\" has no \"%s\"", c.e.text, part);
	feed_case_free(&c);
}

START_TEST(test_files)
{
	struct feed_case c;

	write_text("a", ":4:x $1\n$TTL 5\n192.0.2.1\n!192.0.2.8\n");
	write_text("b", "192.0.2.1\n192.0.2.5 $1\n192.0.2.8\n$1 v\nbad\n");
	set_time("a", 77);
	set_time("b", 55);
	c = feed_case_files("ip4set", NULL, "a,b");
	/* one data set, but a default ends with its file */
	ck_assert_str_eq(feed_case_answer(&c, "192.0.2.1"), "127.0.0.4 127.0.0.2|x v");
	ck_assert_str_eq(feed_case_answer(&c, "192.0.2.5"), "127.0.0.2|v");
	ck_assert_str_eq(feed_case_answer(&c, "192.0.2.8"), "");
	ck_assert_str_eq(c.warnings, "b:5: not an IPv4 address or prefix\n");
	ck_assert_uint_eq(snapshot_serial(c.snapshot), 77);
	ck_assert_int_eq(snapshot_created_s(c.snapshot), 77);
	ck_assert_uint_eq(feed_case_zone(&c).apex.ttl_s, 5);
	feed_case_free(&c);
	set_time("b", 99);
	c = feed_case_files("ip4set", NULL, "a,b");
	ck_assert_uint_eq(snapshot_serial(c.snapshot), 99);
	feed_case_free(&c);
}
END_TEST

START_TEST(test_serial_given)
{
	struct feed_case c;

	write_text("a", "192.0.2.1\n");
	write_text("b", "$SOA 1 a b 12 1 1 1 1\n");
	c = feed_case_files("ip4set", NULL, "a,b");
	ck_assert_uint_eq(snapshot_serial(c.snapshot), 12);
	ck_assert_uint_eq(feed_case_zone(&c).apex.serial, 12);
	feed_case_free(&c);
}
END_TEST

START_TEST(test_unreadable)
{
	ck_assert_int_eq(mkdir("directory", 0700), 0);
	ck_assert_int_eq(mkfifo("fifo", 0600), 0);
	write_text("a", "192.0.2.1\n");
	assert_failed("missing", ERR_IO, "missing: cannot open");
	assert_failed("a,missing", ERR_IO, "missing: cannot open");
	assert_failed("directory", ERR_IO, "directory: is not a regular file");
	assert_failed("fifo", ERR_IO, "fifo: is not a regular file");
}
END_TEST

START_TEST(test_nothing_usable)
{
	struct feed_case c;

	write_text("empty", "");
	assert_failed("empty", ERR_SYNTAX, "empty: is empty; a list that is to be empty has");
	assert_failed("empty,empty", ERR_SYNTAX, "empty,empty: is empty");
	write_text("page", "\n<html>\n<p>\n");
	assert_failed("page", ERR_SYNTAX, "page:2: not an IPv4 address or prefix; no other entry");
	scratch_write("zeros", "\0\0\0\0\0\0\0\0", 8);
	assert_failed("zeros", ERR_SYNTAX, "zeros:1: not an IPv4 address");
	/* a list without entries says that it is meant */
	write_text("comments", "# none\n");
	c = feed_case_files("ip4set", NULL, "comments");
	ck_assert_msg(c.err == OK, "%s", c.e.text);
	ck_assert_uint_eq(snapshot_entries(c.snapshot), 0);
	feed_case_free(&c);
	c = feed_case_files("ip4set", NULL, "comments,empty");
	ck_assert_msg(c.err == OK, "%s", c.e.text);
	feed_case_free(&c);
}
END_TEST

START_TEST(test_not_compiled)
{
	struct feed_source source = {.kind = FEED_RBLDNSD, .type = "ip9set", .paths = "list"};
	struct feed_options options = {0};
	int full = open("/dev/full", O_WRONLY);
	struct error e;

	write_text("list", "192.0.2.1\n");
	ck_assert_int_eq(feed_compile(&source, &options, 1, full, NULL, &e), ERR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(e.text, "ip9set is not known; there are ip4set"));
	snprintf(source.type, sizeof(source.type), "ip4set");
	ck_assert_int_eq(feed_compile(&source, &options, 1, full, NULL, &e), ERR_FULL);
	source.kind = FEED_SNAPSHOT;
	ck_assert_int_eq(feed_compile(&source, &options, 1, full, NULL, &e), ERR_UNSUPPORTED);
	close(full);
}
END_TEST

static ssize_t
touch_list(void *cookie, const char *bytes, size_t len)
{
	(void)cookie;
	(void)bytes;
	set_time("list", 88);
	return (ssize_t)len;
}

/* Somebody writes into the file when its first warning is told. */
START_TEST(test_changed_meanwhile)
{
	FILE *out_of = fopencookie(NULL, "w", (cookie_io_functions_t){.write = touch_list});
	struct feed_warnings warnings = {.out = out_of};
	struct feed_source source = {.kind = FEED_RBLDNSD, .type = "ip4set", .paths = "a,list"};
	struct feed_options options = {0};
	int out = memfd_create("feed", MFD_CLOEXEC);
	struct error e = {.text = ""};

	ck_assert(out_of != NULL && out >= 0);
	setvbuf(out_of, NULL, _IONBF, 0);
	write_text("a", "192.0.2.1\n");
	write_text("list", "192.0.2.2\nbad\n");
	ck_assert_int_eq(feed_compile(&source, &options, 1, out, &warnings, &e), ERR_REFUSED);
	ck_assert_msg(strstr(e.text, "list: changed while it was read; replace it by rename"), "%s",
		e.text);
	fclose(out_of);
	close(out);
}
END_TEST

START_TEST(test_warnings)
{
	FILE *f = fopen("list", "w");
	struct feed_case c;
	size_t lines = 0;

	fputs("192.0.2.1\n", f);
	for (int i = 0; i < 30; i++)
		fputs("bad\n", f);
	fputs("192.0.2.2", f); /* no newline */
	fclose(f);
	write_text("b", "192.0.2.9\nbad\n");
	c = feed_case_files("ip4set", NULL, "list,b");
	ck_assert_ptr_nonnull(strstr(c.warnings, "list:2: not an IPv4 address or prefix\n"));
	ck_assert_ptr_nonnull(strstr(c.warnings, "list:21: not"));
	ck_assert_ptr_null(strstr(c.warnings, "list:22:"));
	ck_assert_ptr_nonnull(strstr(c.warnings, "list:32: the last line does not end"));
	ck_assert_ptr_nonnull(
		strstr(c.warnings, "list: 30 warnings in all, the first 20 are above"));
	ck_assert_ptr_nonnull(strstr(c.warnings, "b:2: not an"));
	for (const char *at = c.warnings; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	ck_assert_uint_eq(lines, 23);
	ck_assert_str_eq(feed_case_answer(&c, "192.0.2.2"), "127.0.0.2");
	ck_assert_str_eq(feed_case_answer(&c, "192.0.2.9"), "127.0.0.2");
	feed_case_free(&c);
}
END_TEST

/* --- compressed files ------------------------------------------------------- */

/* 50,000 addresses; returns how long the file is. */
static size_t
write_gzip(const char *path, const char *mode)
{
	gzFile out = gzopen(path, mode);
	struct stat st;

	ck_assert_ptr_nonnull(out);
	for (unsigned i = 0; i < 50000; i++)
		gzprintf(out, "10.%u.%u.%u\n", i % 200, i >> 8, i & 255);
	ck_assert_int_eq(gzclose(out), Z_OK);
	ck_assert_int_eq(stat(path, &st), 0);
	return (size_t)st.st_size;
}

START_TEST(test_gzip)
{
	struct feed_case c;

	write_gzip("list", "wb");
	write_text("plain", "\x1f is no gzip\n192.0.2.1\n");
	c = feed_case_files("ip4set", NULL, "list,plain");
	ck_assert_str_eq(c.warnings, "plain:1: not an IPv4 address or prefix\n");
	ck_assert_str_eq(feed_case_answer(&c, "10.199.195.79"), "127.0.0.2");
	ck_assert_str_eq(feed_case_answer(&c, "192.0.2.1"), "127.0.0.2");
	ck_assert_uint_eq(snapshot_entries(c.snapshot), 50001);
	feed_case_free(&c);
	/* two that were put together are one */
	write_gzip("list", "ab");
	c = feed_case_files("ip4set", NULL, "list");
	ck_assert_uint_eq(snapshot_entries(c.snapshot), 50000);
	feed_case_free(&c);
}
END_TEST

START_TEST(test_gzip_cut)
{
	size_t len = write_gzip("list", "wb");
	static const size_t off[] = {1, 4, 8, 9, 500, 20000};

	for (size_t i = 0; i < ORBL_COUNT(off); i++) {
		ck_assert_int_eq(truncate("list", (off_t)(len - off[i])), 0);
		assert_failed("list", ERR_CORRUPT,
			"list: the compressed file is cut (it ends after");
	}
	ck_assert_int_eq(truncate("list", 5), 0);
	assert_failed("list", ERR_CORRUPT, "list: the compressed file is cut");
}
END_TEST

START_TEST(test_gzip_damaged)
{
	size_t len = write_gzip("list", "wb");
	int fd = open("list", O_RDWR);

	ck_assert_int_eq(pwrite(fd, "damaged!", 8, (off_t)len / 2), 8);
	close(fd);
	assert_failed("list", ERR_CORRUPT, "list: the compressed file is damaged behind line");
	len = write_gzip("list", "wb");
	fd = open("list", O_RDWR);
	ck_assert_int_eq(pwrite(fd, "crc?", 4, (off_t)len - 8), 4);
	close(fd);
	assert_failed("list", ERR_CORRUPT, "list: the compressed file is damaged");
}
END_TEST

/* However much it unpacks to, a line is skipped as it comes. */
START_TEST(test_gzip_bomb)
{
	static char zeros[1 << 20];
	gzFile out = gzopen("list", "wb9");
	struct feed_case c;

	for (int i = 0; i < 64; i++)
		ck_assert_int_eq(gzwrite(out, zeros, sizeof(zeros)), sizeof(zeros));
	gzputs(out, "\n192.0.2.1\n");
	ck_assert_int_eq(gzclose(out), Z_OK);
	c = feed_case_files("ip4set", NULL, "list");
	ck_assert_str_eq(c.warnings, "list:1: line is longer than 8192 bytes\n");
	ck_assert_str_eq(feed_case_answer(&c, "192.0.2.1"), "127.0.0.2");
	feed_case_free(&c);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("feed");
	TCase *zone = tcase_create("zone");
	TCase *compiling = tcase_create("compile");

	tcase_add_test(zone, test_zones);
	tcase_add_test(zone, test_zones_refused);
	tcase_add_test(zone, test_rbldnsd_zones_refused);
	tcase_add_test(zone, test_zone_lengths);
	tcase_add_test(zone, test_files_of_source);
	tcase_add_test(zone, test_equal_sources);
	suite_add_tcase(s, zone);
	tcase_set_timeout(compiling, 60);
	tcase_add_checked_fixture(compiling, scratch_enter, scratch_leave);
	tcase_add_test(compiling, test_files);
	tcase_add_test(compiling, test_serial_given);
	tcase_add_test(compiling, test_unreadable);
	tcase_add_test(compiling, test_nothing_usable);
	tcase_add_test(compiling, test_not_compiled);
	tcase_add_test(compiling, test_changed_meanwhile);
	tcase_add_test(compiling, test_warnings);
	tcase_add_test(compiling, test_gzip);
	tcase_add_test(compiling, test_gzip_cut);
	tcase_add_test(compiling, test_gzip_damaged);
	tcase_add_test(compiling, test_gzip_bomb);
	suite_add_tcase(s, compiling);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
