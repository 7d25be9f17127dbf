/* Zones as files of other servers: what is written, and when a file is. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dump.h"
#include "dump_entries.h"
#include "dump_template.h"
#include "dump_text.h"
#include "dump_zone.h"
#include "unit.h"
#include "zone_fixture.h"

enum { NOW = ZONE_FIXTURE_CREATED + 1000, TEXT_MAX = 1 << 16 };

static struct dump_out out;
static struct error e;
static char written[TEXT_MAX];
static int memory = -1;

static void
set_up(void)
{
	memory = memfd_create("dump", MFD_CLOEXEC);
	ck_assert_int_ge(memory, 0);
	dump_out_stream(&out, memory, NULL);
}

static void
tear_down(void)
{
	close(memory);
}

/* All that was written. */
static const char *
read_back(void)
{
	bool changed;
	ssize_t n;

	ck_assert_int_eq(dump_out_close(&out, &changed, &e), OK);
	n = pread(memory, written, sizeof(written) - 1, 0);
	ck_assert_int_ge(n, 0);
	written[n] = '\0';
	return written;
}

static struct text
bytes_of(const char *p, size_t len)
{
	return (struct text){p, len};
}
#define BYTES(literal) bytes_of(literal, sizeof(literal) - 1)

/* --- names, strings, templates ------------------------------------------------- */

START_TEST(escapes_strings)
{
	dump_text_string(&out, BYTES("a\"b\\c;d(e)\x01\x7f\xc3 $@"));
	dump_text_string(&out, TEXT_NONE);
	ck_assert_str_eq(read_back(), "\"a\\\"b\\\\c;d(e)\\001\\127\\195 $@\"\"\"");
}
END_TEST

START_TEST(escapes_names)
{
	static const uint8_t name[] = "\003a.b\002$@\003\x00\x20\xff\001*\006_x-Y9;";

	dump_text_absolute(&out, name);
	dump_out_char(&out, ' ');
	dump_text_absolute(&out, (const uint8_t *)"");
	dump_out_char(&out, ' ');
	dump_text_name(&out, name, 4);
	ck_assert_str_eq(read_back(), "a\\.b.\\$\\@.\\000\\032\\255.*._x-Y9\\;. . a\\.b");
}
END_TEST

START_TEST(writes_strings_of_any_length)
{
	char *text = malloc(60000);
	size_t len;

	memset(text, 1, 15000);
	dump_text_string(&out, bytes_of(text, 15000));
	len = strlen(read_back());
	ck_assert_uint_eq(len, 4 * 15000 + 2);
	free(text);
}
END_TEST

START_TEST(makes_templates)
{
	dump_template_put(&out, BYTES("=see \1? costs 5$ a\tb"));
	dump_out_char(&out, '\n');
	dump_template_put_value(&out, 0x7f000004, BYTES("x"));
	dump_out_char(&out, '\n');
	dump_template_put_value(&out, 0x7f000104, TEXT_NONE);
	dump_out_char(&out, '\n');
	dump_template_put_value(&out, 0x7f000000, TEXT_NONE);
	ck_assert_str_eq(read_back(), "==see $? costs 5$$ a b\n:4:x\n:127.0.1.4:\n:127.0.0.0:");
}
END_TEST

START_TEST(knows_templates_that_cannot_be)
{
	ck_assert(dump_template_can_say(BYTES("$1 \1")));
	ck_assert(dump_template_can_say(BYTES("\1 1\1a")));
	ck_assert(dump_template_can_say(TEXT_NONE));
	ck_assert(!dump_template_can_say(BYTES("\1"
					       "1")));
	ck_assert(!dump_template_can_say(BYTES("\1=")));
	ck_assert(!dump_template_can_say(BYTES("a\1$")));
	ck_assert(!dump_template_can_say(BYTES("\1\1")));
}
END_TEST

/* --- files ------------------------------------------------------------------------ */

static char folder[64], path[128], temporary[160];

static void
make_folder(void)
{
	snprintf(folder, sizeof(folder), "%s", "/tmp/orbl-dump-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/zone", folder);
	snprintf(temporary, sizeof(temporary), "%s.new", path);
}

static void
remove_folder(void)
{
	unlink(path);
	unlink(temporary);
	ck_assert_int_eq(rmdir(folder), 0); /* nothing else is there */
}

static char *
content(size_t len, char last)
{
	char *text = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + i % 23);
	if (len != 0)
		text[len - 1] = last;
	text[len] = '\0';
	return text;
}

/* Was the file replaced? */
static bool
write_file(const char *text)
{
	bool changed = false;

	dump_out_file(&out, path, NULL);
	dump_out_bytes(&out, text, strlen(text));
	ck_assert_int_eq(dump_out_close(&out, &changed, &e), OK);
	return changed;
}

static void
assert_file(const char *wanted)
{
	char *text;
	size_t len;

	ck_assert_int_eq(file_read(path, 1 << 24, &text, &len, &e), OK);
	ck_assert(len == strlen(wanted) && memcmp(text, wanted, len) == 0);
	free(text);
	ck_assert_int_ne(access(temporary, F_OK), 0);
}

/* As one who was killed does. */
static void
leave_temporary(void)
{
	int fd = open(temporary, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

/* Lengths around the buffer's. */
START_TEST(replaces_only_what_differs)
{
	static const size_t lengths[] = {0, 1, 1000, DUMP_OUT_BUFFER - DUMP_OUT_ROOM,
		DUMP_OUT_BUFFER, DUMP_OUT_BUFFER + 1, 3 * DUMP_OUT_BUFFER + 77};
	struct stat before, after;

	for (size_t i = 0; i < ORBL_COUNT(lengths); i++) {
		char *text = content(lengths[i], 'x'), *other = content(lengths[i], 'y');
		char *longer = content(lengths[i] + 1, 'z');

		unlink(path);
		ck_assert(write_file(text));
		assert_file(text);
		ck_assert_int_eq(stat(path, &before), 0);
		leave_temporary();
		ck_assert(!write_file(text));
		assert_file(text);
		ck_assert_int_eq(stat(path, &after), 0);
		ck_assert(before.st_ino == after.st_ino &&
			before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
		ck_assert(write_file(longer));
		assert_file(longer);
		ck_assert(write_file(text));
		assert_file(text);
		ck_assert(write_file(other) == (lengths[i] != 0));
		assert_file(other);
		free(text);
		free(other);
		free(longer);
	}
}
END_TEST

START_TEST(keeps_the_file_when_nothing_comes_of_it)
{
	char *text = content(2 * DUMP_OUT_BUFFER, 'x');

	leave_temporary();
	write_file("old");
	dump_out_file(&out, path, NULL);
	dump_out_bytes(&out, text, strlen(text));
	ck_assert_int_eq(access(temporary, F_OK), 0);
	dump_out_abort(&out);
	assert_file("old");
	free(text);
}
END_TEST

START_TEST(tells_a_full_disk)
{
	bool changed = true;

	dump_out_stream(&out, open("/dev/full", O_WRONLY | O_CLOEXEC), NULL);
	dump_out_bytes(&out, "x", 1);
	ck_assert_int_eq(dump_out_close(&out, &changed, &e), ERR_FULL);
	ck_assert(!changed);
	ck_assert_str_eq(e.text, "standard output: cannot write: No space left on device");
	close(out.stream);
	dump_out_file(&out, "/nowhere/zone", NULL);
	ck_assert_int_eq(dump_out_close(&out, &changed, &e), ERR_IO);
	ck_assert_str_eq(e.text, "/nowhere/zone.new: cannot create: No such file or directory");
}
END_TEST

/* --- entries ------------------------------------------------------------------------ */

static const struct snapshot_class listed = {.a_count = 1, .a = {0x7f000002}},
				   other = {.a_count = 1, .a = {0x7f000003}},
				   removed = {.action = SNAPSHOT_REMOVED},
				   ended = {.a_count = 1, .a = {0x7f000002}, .expires_s = NOW},
				   ends = {.a_count = 1, .a = {0x7f000002}, .expires_s = NOW + 1};

static void
put_entries(const struct snapshot *base, const struct snapshot *delta, uint8_t family)
{
	struct snapshot_layer l = {snapshot_set_at(base, 0),
		delta != NULL ? snapshot_set_at(delta, 0) : NULL};
	struct dump_entries d;
	struct snapshot_range r;
	struct prefix p;
	char text[PREFIX_TEXT];

	dump_entries_begin(&d, &l, family, NOW);
	while (dump_entries_next(&d, &r)) {
		unsigned code = snapshot_view_a(&r.view, 0) & 0xff;

		while (dump_entries_prefix(&r, &p))
			dump_out_print(&out, "%s=%u ", prefix_format(&p, text), code);
	}
}

START_TEST(gives_what_is_listed)
{
	struct zone_fixture f = zone_fixture_new();
	struct snapshot *s;

	zone_fixture_zone(&f, "", false);
	zone_fixture_set(&f);
	zone_fixture_add(&f, "127.0.0.0/29", &listed);
	zone_fixture_add(&f, "192.0.2.1", &ended);
	zone_fixture_add(&f, "192.0.2.2", &ends);
	zone_fixture_add(&f, "::fffe:0:0/95", &listed);
	zone_fixture_add(&f, "0.0.0.0/8", &other);
	zone_fixture_add(&f, "255.255.255.255", &other);
	s = zone_fixture_open(&f);
	put_entries(s, NULL, 4);
	dump_out_text(&out, TEXT("| "));
	put_entries(s, NULL, 6);
	ck_assert_str_eq(read_back(),
		"0.0.0.0/8=3 127.0.0.0=2 127.0.0.2/31=2 127.0.0.4/30=2 192.0.2.2=2 "
		"255.255.255.255=3 | ::fffe:0:0/96=2 ");
	snapshot_close(s);
}
END_TEST

START_TEST(lays_the_delta_over_it)
{
	struct zone_fixture f = zone_fixture_new();
	struct snapshot *base, *delta;

	zone_fixture_zone(&f, "", false);
	zone_fixture_set(&f);
	zone_fixture_add(&f, "10.0.0.0/24", &listed);
	zone_fixture_add(&f, "10.0.1.5", &listed);
	zone_fixture_add(&f, "10.0.2.0/30", &listed);
	zone_fixture_add(&f, "10.0.3.1", &listed);
	zone_fixture_add(&f, "2001:db8::/64", &listed);
	base = zone_fixture_open(&f);
	f = zone_fixture_new();
	f.base = base;
	zone_fixture_zone(&f, "", false);
	zone_fixture_set(&f);
	zone_fixture_add(&f, "9.0.0.1", &other);
	zone_fixture_add(&f, "10.0.0.0/25", &removed);
	zone_fixture_add(&f, "10.0.0.192/27", &other);
	zone_fixture_add(&f, "10.0.1.5", &removed);
	zone_fixture_add(&f, "10.0.2.0/24", &other);
	zone_fixture_add(&f, "10.0.3.1", &ended);
	zone_fixture_add(&f, "10.0.4.0/31", &other);
	zone_fixture_add(&f, "2001:db8::/65", &removed);
	delta = zone_fixture_open(&f);
	put_entries(base, delta, 4);
	dump_out_text(&out, TEXT("| "));
	put_entries(base, delta, 6);
	ck_assert_str_eq(read_back(),
		"9.0.0.1=3 10.0.0.128/26=2 10.0.0.192/27=3 10.0.0.224/27=2 10.0.2.0/24=3 "
		"10.0.4.0=3 10.0.4.1=3 | 2001:db8:0:0:8000::/65=2 ");
	snapshot_close(delta);
	snapshot_close(base);
}
END_TEST

/* Each address once, whatever the range. */
START_TEST(cuts_ranges_into_prefixes)
{
	static const struct {
		uint32_t low, high;
		const char *prefixes;
	} rows[] = {
		{0, UINT32_MAX, "0.0.0.0/0 "},
		{0, 0, "0.0.0.0 "},
		{UINT32_MAX, UINT32_MAX, "255.255.255.255 "},
		{1, 2, "0.0.0.1 0.0.0.2 "},
		{0x0a000001, 0x0a000008, "10.0.0.1 10.0.0.2/31 10.0.0.4/30 10.0.0.8 "},
		{UINT32_MAX - 2, UINT32_MAX, "255.255.255.253 255.255.255.254/31 "},
		{5, 4, ""},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct snapshot_range r = {addr_from_ipv4(rows[i].low),
			addr_from_ipv4(rows[i].high), {0}};
		char all[512] = "", text[PREFIX_TEXT];
		struct prefix p;

		while (dump_entries_prefix(&r, &p))
			snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s ",
				prefix_format(&p, text));
		ck_assert_str_eq(all, rows[i].prefixes);
	}
}
END_TEST

/* --- zones ---------------------------------------------------------------------------- */

static struct snapshot *data;
static struct zone_set *zones;

static enum err
dump_zone(struct zone_fixture *f, const char *form, struct dump_notes *notes)
{
	static struct feed_zone source = {.origin = "bl.test"};
	struct dump_zone z = {.name = "bl.test",
		.file = "bl.test.x",
		.now_s = NOW,
		.expand = 1000,
		.source_count = 1,
		.sources = &source};
	struct zone_source s = {.is_list = true};

	data = zone_fixture_open(f);
	s.snapshot = data;
	zones = zone_set_new();
	ck_assert_ptr_nonnull(zones);
	ck_assert_int_eq(zone_set_add(zones, TEXT("bl.test"), &s, &e), OK);
	ck_assert_int_eq(zone_set_finish(zones, &e), OK);
	z.zones = zones;
	z.zone = zone_set_get(zones, 0);
	return dump_form_find(form)->write(&z, &out, notes, &e);
}

static void
close_zone(void)
{
	zone_set_free(zones);
	snapshot_close(data);
	zones = NULL;
	data = NULL;
}

static struct zone_fixture
begin_zone(void)
{
	struct zone_fixture f = zone_fixture_new();

	zone_fixture_zone(&f, "", false);
	zone_fixture_soa(&f, "ns.example.net", "ns.example.net");
	zone_fixture_set(&f);
	return f;
}

static const char *
after_head(const char *text)
{
	const char *at = strstr(text, "$DATASET ip4set:127.");

	return at != NULL ? at : "";
}

START_TEST(has_a_data_set_for_each_code)
{
	const struct snapshot_class two = {.a_count = 2,
					    .a = {0x7f000002, 0x7f000004},
					    .txt_count = 1,
					    .txt = {BYTES("both \1")}},
				    one = {.a_count = 1,
					    .a = {0x7f000002},
					    .txt_count = 1,
					    .txt = {BYTES("one \1")}},
				    texts = {.a_count = 1,
					    .a = {0x7f000002},
					    .txt_count = 2,
					    .txt = {BYTES("one \1"), BYTES("more")}},
				    slow = {.a_count = 1, .a = {0x7f000002}, .ttl_s = 60};
	struct zone_fixture f = begin_zone();
	struct dump_notes notes;

	zone_fixture_add(&f, "192.0.2.1", &one);
	zone_fixture_add(&f, "192.0.2.3", &one);
	zone_fixture_add(&f, "192.0.2.5", &two);
	zone_fixture_add(&f, "192.0.2.7", &texts);
	zone_fixture_add(&f, "192.0.2.9", &slow);
	zone_fixture_add(&f, "192.0.3.0/24", &listed);
	ck_assert_int_eq(dump_zone(&f, "rbldnsd", &notes), OK);
	ck_assert_uint_eq(notes.left_out, 0);
	ck_assert_str_eq(after_head(read_back()),
		"$DATASET ip4set:127.0.0.2 @\n$TTL 2100\n:2:one $\n"
		"192.0.2.1\n192.0.2.3\n192.0.2.5 :2:both $\n192.0.2.7\n192.0.3.0/24 :2:\n"
		"$DATASET ip4set:127.0.0.4 @\n$TTL 2100\n:4:\n192.0.2.5\n"
		"$DATASET ip4set:127.0.0.2 @\n$TTL 2100\n:2:more\n192.0.2.7\n"
		"$DATASET ip4set:127.0.0.2 @\n$TTL 60\n:2:\n192.0.2.9\n");
	close_zone();
}
END_TEST

START_TEST(has_a_head)
{
	struct zone_fixture f = begin_zone();
	struct dump_notes notes;
	const char *text;

	f.zone.apex.expire_s = 1600; /* in steps of 100 s */
	zone_fixture_add(&f, "192.0.2.0/25", &listed);
	zone_fixture_add(&f, "2001:db8::/33", &other);
	ck_assert_int_eq(dump_zone(&f, "rbldnsd", &notes), OK);
	text = read_back();
	ck_assert_ptr_nonnull(strstr(text, "\n# bl.test:combined:bl.test.x\n"));
	ck_assert_ptr_nonnull(strstr(text,
		"\n$SOA 3600 ns.example.net hostmaster.example.net 7 600 0 1600 300\n"
		"$NS 7200 ns.example.net\n$TTL 2100\n"
		"$TIMESTAMP 2023:11:14:22:13:20 2023:11:14:22:58:20\n"));
	ck_assert_ptr_nonnull(strstr(text, "\n127.0.0.2 :2:[2] test entry of bl.test, meaning: "));
	ck_assert_ptr_nonnull(strstr(text, "\n_status 300 TXT \"serial=7 "));
	ck_assert_ptr_nonnull(
		strstr(text, "\n$DATASET ip4trie:127.0.0.2 @\n$TTL 2100\n:2:\n192.0.2.0/25\n"));
	ck_assert_ptr_nonnull(
		strstr(text, "\n$DATASET ip6trie:127.0.0.3 @\n$TTL 2100\n:3:\n2001:db8::/33\n"));
	close_zone();
}
END_TEST

START_TEST(tells_what_cannot_be_said)
{
	const struct snapshot_class bad = {.a_count = 1,
					    .a = {0x7f000002},
					    .txt_count = 1,
					    .txt = {BYTES("\1"
							  "5")}},
				    text = {.txt_count = 1, .txt = {BYTES("no A")}};
	struct zone_fixture f = begin_zone();
	struct dump_notes notes;

	zone_fixture_add(&f, "192.0.2.1", &text);
	ck_assert_int_eq(dump_zone(&f, "rbldnsd", &notes), OK);
	ck_assert_uint_eq(notes.left_out, 1);
	ck_assert_str_eq(after_head(read_back()), "");
	close_zone();
	f = begin_zone();
	zone_fixture_add(&f, "192.0.2.1", &bad);
	ck_assert_int_eq(dump_zone(&f, "rbldnsd", &notes), ERR_REFUSED);
	close_zone();
	f = begin_zone();
	for (uint32_t i = 0; i <= 60; i++) {
		struct snapshot_class c = {.a_count = 1, .a = {0x7f000002 + i}};
		char address[32];

		snprintf(address, sizeof(address), "192.0.2.%u", (unsigned)(2 * i));
		zone_fixture_add(&f, address, &c);
	}
	ck_assert_int_eq(dump_zone(&f, "rbldnsd", &notes), ERR_FULL);
	close_zone();
}
END_TEST

START_TEST(writes_records_of_any_type)
{
	const struct snapshot_class c = {.record_count = 6,
		.records = {{28, 0, BYTES("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1")},
			{15, 60, BYTES("\0\012\2mx\0")}, {257, 0, BYTES("\200\5issuea\"b")},
			{99, 0, BYTES("\1\xff")}, {1, 0, BYTES("\1\2\3")},
			{15, 0, BYTES("\0\012\77mx")}}};
	struct snapshot_class with_text = listed;
	struct zone_fixture f = begin_zone();
	struct dump_notes notes;
	char text[300];
	const char *got;

	memset(text, 'x', sizeof(text));
	with_text.txt_count = 1;
	with_text.txt[0] = bytes_of(text, sizeof(text));
	zone_fixture_add(&f, "192.0.2.1", &with_text);
	zone_fixture_set(&f);
	zone_fixture_add(&f, "www", &c);
	ck_assert_int_eq(dump_zone(&f, "bind", &notes), OK);
	got = read_back();
	ck_assert_ptr_nonnull(strstr(got,
		"$ORIGIN bl.test.\n$TTL 2100\n@\t3600 IN SOA ns.example.net. "
		"hostmaster.example.net. 7 600 0 0 300\n\t7200 NS ns.example.net.\n"));
	ck_assert_ptr_nonnull(strstr(got, "\n1.2.0.192\tA 127.0.0.2\n\tTXT \"xxx"));
	ck_assert_ptr_nonnull(strstr(got, "xxx\" \"xxx"));
	ck_assert_ptr_nonnull(strstr(got, "AAAA 2001:db8:0:0:0:0:0:1\n"));
	ck_assert_ptr_nonnull(strstr(got, "60 MX 10 mx.\n\t60 MX \\# 5 000a3f6d78\n"));
	ck_assert_ptr_nonnull(strstr(got, "CAA 128 issue \"a\\\"b\"\n"));
	ck_assert_ptr_nonnull(strstr(got, "TYPE99 \\# 2 01ff\n\tA \\# 3 010203\n"));
	close_zone();
	f = begin_zone();
	zone_fixture_add(&f, "www", &c);
	ck_assert_int_eq(dump_zone(&f, "rbldnsd", &notes), OK);
	ck_assert_uint_eq(notes.left_out, 5); /* all but the good MX */
	close_zone();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("dump");
	TCase *text = tcase_create("text"), *files = tcase_create("files");
	TCase *entries = tcase_create("entries"), *zone = tcase_create("zones");

	tcase_add_checked_fixture(text, set_up, tear_down);
	tcase_add_test(text, escapes_strings);
	tcase_add_test(text, escapes_names);
	tcase_add_test(text, writes_strings_of_any_length);
	tcase_add_test(text, makes_templates);
	tcase_add_test(text, knows_templates_that_cannot_be);
	suite_add_tcase(s, text);
	tcase_add_checked_fixture(files, make_folder, remove_folder);
	tcase_add_test(files, replaces_only_what_differs);
	tcase_add_test(files, keeps_the_file_when_nothing_comes_of_it);
	tcase_add_test(files, tells_a_full_disk);
	suite_add_tcase(s, files);
	tcase_add_checked_fixture(entries, set_up, tear_down);
	tcase_add_test(entries, gives_what_is_listed);
	tcase_add_test(entries, lays_the_delta_over_it);
	tcase_add_test(entries, cuts_ranges_into_prefixes);
	suite_add_tcase(s, entries);
	tcase_add_checked_fixture(zone, set_up, tear_down);
	tcase_add_test(zone, has_a_data_set_for_each_code);
	tcase_add_test(zone, has_a_head);
	tcase_add_test(zone, tells_what_cannot_be_said);
	tcase_add_test(zone, writes_records_of_any_type);
	suite_add_tcase(s, zone);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
