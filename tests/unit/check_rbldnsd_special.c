#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feed_fixture.h"
#include "rbldnsd_special.h"
#include "scratch.h"

START_TEST(test_templates)
{
	static const struct feed_row rows[] = {
		{"1.2.3.4 $1/$ $2\n$1 one\n", "1.2.3.4", "127.0.0.2|one/<ip> $2"},
		{"$1 a\n$1 b\n1.2.3.4 $1\n", "1.2.3.4", "127.0.0.2|a"},
		{"$0 z\n1.2.3.4 a $0b\n", "1.2.3.4", "127.0.0.2|a zb"},
		{"$1 $2 $ $$\n$2 x\n1.2.3.4 $1\n", "1.2.3.4", "127.0.0.2|$2 $ $$"},
		{"1.2.3.4 $$1 $$ $$$ $9 $x $TTL$\n", "1.2.3.4",
			"127.0.0.2|$1 $ $<ip> $9 <ip>x <ip>TTL<ip>"},
		{"1.2.3.4 a$=\n", "1.2.3.4", "127.0.0.2|aa$="},
		{"$= See ?$= ($) $$\n1.2.3.4 r1\n", "1.2.3.4", "127.0.0.2|See ?r1 (<ip>) $"},
		{"$= See ?$= ($)\n1.2.3.4\n", "1.2.3.4", "127.0.0.2|See ?<ip> (<ip>)"},
		{"$= See ?$=\n1.2.3.4 :3:\n", "1.2.3.4", "127.0.0.3|See ?<ip>"},
		{"$= See ?$=\n1.2.3.4 $\n", "1.2.3.4", "127.0.0.2|See ?$"},
		{"$= See ?$=\n:2:d\n1.2.3.4\n", "1.2.3.4", "127.0.0.2|See ?d"},
		{"$= See ?$=\n1.2.3.4 =Other $ $=\n", "1.2.3.4", "127.0.0.2|Other <ip> Other $ $="},
		{"$= See\n1.2.3.4 =\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3.4 = x\n", "1.2.3.4", "127.0.0.2| x"},
	};

	feed_check_rows("ip4set", NULL, rows, ORBL_COUNT(rows));
}
END_TEST

START_TEST(test_rejected)
{
	static const char *const lines[] = {
		/* clang-format off */
		"$", "$ TTL 5", "$TTL", "$TTL x", "$TTL 1hx", "$TTL 1h30m", "$TTL 99999999999",
		"$TTL 9999w", "$FOO x", "#$FOO", "$1", "$1x", "$11 x", "$=", "$SOA",
		"$SOA 1 a b 1 2 3 4", "$SOA 1 a b 1 2 3 4 5 6", "$SOA 1 a b 1d 2 3 4 5",
		"$SOA 1 a..b b 1 2 3 4 5", "$SOA 1 a b 4294967296 2 3 4 5",
		"$SOA x a b 1 2 3 4 5", "$NS", "$NS 1", "$NS a", "$NS 1 a..b", "$NS 1 \xc3\xa9",
		"$MAXRANGE4", "$MAXRANGE4 x", "$MAXRANGE4 /0", "$MAXRANGE4 /33", "$MAXRANGE4 0",
		"$MAXRANGE4 0x10", "$DATASET ip4set x", "$TIMESTAMP", "$TIMESTAMP 200511",
		"$TIMESTAMP 2005-13-01", "$TIMESTAMP 2005-02-30", "$TIMESTAMP 1969-01-01",
		"$TIMESTAMP 05-01-01", "$TIMESTAMP 2005--01-01", "$TIMESTAMP 2005-01-01-24",
		"$TIMESTAMP 2005-01-01-10:60", "$TIMESTAMP 2005-01-01Z", "$TIMESTAMP 0 +1d",
		"$TIMESTAMP 2005-01-01 + 1w", "$TIMESTAMP 2005-01-01 0 x",
		"$TIMESTAMP 2026-11-21-12-00-00-00", "$TIMESTAMP 12345",
		/* clang-format on */
	};

	feed_check_rejected("ip4set", "1.2.3.4", "1.2.3.6", lines, ORBL_COUNT(lines));
}
END_TEST

/* A text too long is cut, where it is only long when its variables are put in, too. */
START_TEST(test_lengths)
{
	static char file[20000];
	struct feed_case c;

	memset(file, 'x', sizeof(file));
	memcpy(file, "1.2.3.4 ", 8);
	file[8 + SNAPSHOT_TXT_MAX] = '\n';
	c = feed_case_text("ip4set", NULL, file, 8 + SNAPSHOT_TXT_MAX + 1);
	ck_assert_str_eq(c.warnings, "");
	ck_assert_uint_eq(strlen(feed_case_answer(&c, "1.2.3.4")),
		strlen("127.0.0.2|") + SNAPSHOT_TXT_MAX);
	feed_case_free(&c);
	memcpy(file + 8 + SNAPSHOT_TXT_MAX, "y\n1.2.3.5\n", 10);
	c = feed_case_text("ip4set", NULL, file, 8 + SNAPSHOT_TXT_MAX + 10);
	ck_assert_str_eq(c.warnings, "list:1: TXT of 2049 bytes is cut to 2048\n");
	ck_assert_uint_eq(strlen(feed_case_answer(&c, "1.2.3.4")),
		strlen("127.0.0.2|") + SNAPSHOT_TXT_MAX);
	feed_case_free(&c);
	memcpy(file, "1.2.3.5\n1.2.3.4 a$1b$1\n$1 ", 26);
	file[26 + 2000] = '\n';
	c = feed_case_text("ip4set", NULL, file, 26 + 2001);
	ck_assert_str_eq(c.warnings, "list:2: TXT of 4002 bytes is cut to 2048\n");
	feed_case_free(&c);
	memset(file, 'x', sizeof(file));
	memcpy(file, "1.2.3.4 ", 8);
	memcpy(file + 9000, "\n1.2.3.5\n", 9);
	c = feed_case_text("ip4set", NULL, file, 9009);
	ck_assert_str_eq(c.warnings, "list:1: line is longer than 8192 bytes\n");
	ck_assert_str_eq(feed_case_answer(&c, "1.2.3.5"), "127.0.0.2");
	feed_case_free(&c);
}
END_TEST

START_TEST(test_very_long_line)
{
	size_t len = 300000;
	char *file = malloc(len);
	struct feed_case c;

	ck_assert_ptr_nonnull(file);
	memset(file, '1', len);
	memcpy(file + len - 9, "\n1.2.3.5\n", 9);
	c = feed_case_text("ip4set", NULL, file, len);
	ck_assert_str_eq(c.warnings, "list:1: line is longer than 8192 bytes\n");
	ck_assert_str_eq(feed_case_answer(&c, "1.2.3.5"), "127.0.0.2");
	feed_case_free(&c);
	free(file);
}
END_TEST

#define COMPILE(literal) feed_case_text("ip4set", NULL, literal, sizeof(literal) - 1)

static void
assert_name(struct text got, const char *wanted)
{
	ck_assert_msg(text_equal(got, text_of(wanted)), "\"%.*s\" is not \"%s\"", TEXT_ARG(got),
		wanted);
}

/* What the file does not say is the server's to make up. */
START_TEST(test_apex_missing)
{
	struct feed_case c = COMPILE("1.2.3.4\n");
	struct snapshot_zone zone = feed_case_zone(&c);

	assert_name(zone.name, "");
	ck_assert(!zone.apex.has_soa && !zone.is_within);
	ck_assert_uint_eq(zone.apex.ns_count, 0);
	ck_assert_uint_eq(zone.apex.ttl_s, 2100);
	ck_assert_uint_eq(zone.set_count, 1);
	ck_assert_ptr_null(zone.acl);
	ck_assert_int_eq(zone.expires_s, 0);
	ck_assert_uint_eq(snapshot_serial(c.snapshot), FEED_FILE_S);
	ck_assert_int_eq(snapshot_created_s(c.snapshot), FEED_FILE_S);
	ck_assert_str_eq(c.warnings, "");
	feed_case_free(&c);
}
END_TEST

START_TEST(test_apex_given)
{
	struct feed_case c = COMPILE("#$NS 0 -off\n;$ns 1h NS1.a. -b c.d\n$NS 5 late\n"
				     ":$SOA 0 ns1.a. host.a 12 2W 3h 4d 5m\n$SOA 1 x y 13 1 1 1 1\n"
				     "  $TTL 10\n$TTL 20\n1.2.3.4\n");
	struct snapshot_zone zone = feed_case_zone(&c);

	ck_assert_str_eq(c.warnings, "");
	ck_assert(zone.apex.has_soa);
	assert_name(zone.apex.mname, "ns1.a.");
	assert_name(zone.apex.rname, "host.a");
	ck_assert_uint_eq(zone.apex.ttl_s, 20);
	ck_assert_uint_eq(zone.apex.soa_ttl_s, 2100); /* there was no $TTL before it */
	ck_assert_uint_eq(zone.apex.refresh_s, 1209600);
	ck_assert_uint_eq(zone.apex.retry_s, 10800);
	ck_assert_uint_eq(zone.apex.expire_s, 345600);
	ck_assert_uint_eq(zone.apex.minimum_s, 300);
	ck_assert_uint_eq(zone.apex.ns_ttl_s, 3600);
	ck_assert_uint_eq(zone.apex.ns_count, 2);
	assert_name(zone.apex.ns[0], "ns1.a.");
	assert_name(zone.apex.ns[1], "c.d");
	ck_assert_uint_eq(snapshot_serial(c.snapshot), 12);
	feed_case_free(&c);
}
END_TEST

START_TEST(test_apex_serial)
{
	struct feed_case c = COMPILE("$SOA 0 ns1.a host.a 0 1 1 1 1\n1.2.3.4\n");
	struct snapshot_zone zone = feed_case_zone(&c);

	ck_assert(zone.apex.has_soa);
	ck_assert_uint_eq(zone.apex.serial, 0);
	ck_assert_uint_eq(zone.apex.ns_count, 0);
	ck_assert_uint_eq(snapshot_serial(c.snapshot), FEED_FILE_S);
	feed_case_free(&c);
}
END_TEST

START_TEST(test_names)
{
	static const char *const good[] = {".", "a", "A.b.", "a\\.b.c", "a\\064b", "_x", "#",
		"a@b"};
	static const char *const bad[] = {"a..b", ".a", "a\\", "a\\0", "a\\06", "\xc3\xa9",
		"0123456789012345678901234567890123456789012345678901234567890123"};
	struct rbldnsd_name name;

	for (size_t i = 0; i < ORBL_COUNT(good); i++) {
		ck_assert_msg(rbldnsd_parse_name(text_of(good[i]), &name), "%s", good[i]);
		ck_assert_str_eq(name.text, good[i]);
	}
	for (size_t i = 0; i < ORBL_COUNT(bad); i++)
		ck_assert_msg(!rbldnsd_parse_name(text_of(bad[i]), &name), "%s", bad[i]);
	ck_assert(!rbldnsd_parse_name(TEXT_NONE, &name));
}
END_TEST

START_TEST(test_many_ns)
{
	struct feed_case c = COMPILE("$NS 1 a A -x b b c d e f g h i j k l m n o p q r s t u v w "
				     "x y z aa bb cc dd ee ff\n1.2.3.4\n");
	struct snapshot_zone zone = feed_case_zone(&c);

	ck_assert_str_eq(c.warnings, "");
	ck_assert_uint_eq(zone.apex.ns_count, 32);
	assert_name(zone.apex.ns[0], "a");
	assert_name(zone.apex.ns[31], "ff");
	feed_case_free(&c);
	c = COMPILE("$NS 1 a b c d e f g h i j k l m n o p q r s t u v w x y z aa bb cc dd ee ff "
		    "gg\n1.2.3.4\n");
	ck_assert_str_eq(c.warnings, "list:1: $NS has more than 32 names; the first ones count\n");
	zone = feed_case_zone(&c);
	ck_assert_uint_eq(zone.apex.ns_count, 32);
	feed_case_free(&c);
	c = COMPILE("$NS 1 -a -b\n$NS 2 c\n$ENT true\n1.2.3.4\n");
	ck_assert_str_eq(c.warnings, "");
	zone = feed_case_zone(&c);
	ck_assert_uint_eq(zone.apex.ns_count, 1);
	assert_name(zone.apex.ns[0], "c");
	feed_case_free(&c);
}
END_TEST

/* TTL of entries, SOA and NS, by the file and by -t DEFAULT:MIN:MAX. */
START_TEST(test_ttl)
{
	static const struct {
		const char *file;
		struct feed_options options;
		uint32_t ttl_s, soa_ttl_s, ns_ttl_s;
	} rows[] = {
		{"1.2.3.4\n", {.ttl_s = 0}, 2100, 2100, 2100},
		{"1.2.3.4\n$TTL 0\n", {.ttl_s = 0}, 2100, 2100, 2100},
		{"1.2.3.4\n$TTL 1m\n$TTL 1h\n", {.ttl_s = 0}, 3600, 2100, 2100},
		{"1.2.3.4\n$SOA 0 a b 1 1 1 1 1\n$TTL 5\n$NS 0 a\n", {.ttl_s = 0}, 5, 2100, 5},
		{"1.2.3.4\n$TTL 9\n$TTL 0\n", {.ttl_s = 0}, 2100, 2100, 2100},
		{"1.2.3.4\n$TTL 5\n$SOA 7 a b 1 1 1 1 1\n$NS 8 a\n", {.ttl_s = 0}, 5, 7, 8},
		{"1.2.3.4\n$TTL 5\n$SOA 0 a b 1 1 1 1 1\n$NS 0 a\n", {.ttl_s = 0}, 5, 5, 5},
		{"1.2.3.4\n", {.ttl_s = 50, .ttl_min_s = 60}, 50, 50, 50},
		{"1.2.3.4\n$TTL 10\n$SOA 5000 a b 1 1 1 1 1\n$NS 7 a\n",
			{.ttl_s = 50, .ttl_min_s = 30, .ttl_max_s = 120}, 30, 120, 30},
		{"1.2.3.4\n", {.ttl_max_s = 120}, 120, 120, 120},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct feed_case c = feed_case_text("ip4set", &rows[i].options, rows[i].file,
			strlen(rows[i].file));
		struct snapshot_zone zone = feed_case_zone(&c);
		struct snapshot_view view;

		ck_assert(feed_case_find(&c, "1.2.3.4", &view));
		ck_assert_msg(view.ttl_s == rows[i].ttl_s, "%s: %u", rows[i].file, view.ttl_s);
		ck_assert_uint_eq(zone.apex.ttl_s, rows[i].ttl_s);
		ck_assert_uint_eq(zone.apex.soa_ttl_s, rows[i].soa_ttl_s);
		ck_assert_uint_eq(zone.apex.ns_ttl_s, rows[i].ns_ttl_s);
		feed_case_free(&c);
	}
}
END_TEST

START_TEST(test_timestamps)
{
	static const struct {
		const char *file;
		int64_t expires_s;
	} rows[] = {
		{"$TIMESTAMP 0\n1.2.3.4\n", 0},
		{"$TIMESTAMP - -\n1.2.3.4\n", 0},
		{"$TIMESTAMP 2005:01:01 0\n1.2.3.4\n", 0},
		{"$TIMESTAMP 2005-1-1:1:1:1 +1\n1.2.3.4\n", 1104541262},
		{"$TIMESTAMP 20050101010101 +1w\n1.2.3.4\n", 1104541261 + 604800},
		{"$TIMESTAMP 2005-01-01-\n1.2.3.4\n", 0},
		{"$TIMESTAMP 0 20400229\n1.2.3.4\n", 2214086400},
		{"1.2.3.4\n$TIMESTAMP 0 20400229\n$TIMESTAMP 0 20390101\n", 2177452800},
		{"$TIMESTAMP 0 20390101\n$TIMESTAMP 0 20400229\n1.2.3.4 x\n", 2177452800},
	};
	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct feed_case c = feed_case_text("ip4set", NULL, rows[i].file,
			strlen(rows[i].file));
		struct snapshot_view view;

		ck_assert_str_eq(c.warnings, "");
		ck_assert_int_eq(feed_case_zone(&c).expires_s, rows[i].expires_s);
		ck_assert(feed_case_find(&c, "1.2.3.4", &view));
		ck_assert_int_eq(view.expires_s, 0);
		feed_case_free(&c);
	}
}
END_TEST

START_TEST(test_timestamp_in_future)
{
	struct feed_case c = COMPILE("1.2.3.4\n$TIMESTAMP 2035-01-01\n");

	ck_assert_int_eq(c.err, ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(c.e.text, "list:2: $TIMESTAMP lies in the future"));
	feed_case_free(&c);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("rbldnsd_special");
	TCase *texts = tcase_create("texts");
	TCase *specials = tcase_create("specials");

	tcase_set_timeout(texts, 60);
	tcase_add_checked_fixture(texts, scratch_enter, scratch_leave);
	tcase_add_test(texts, test_templates);
	tcase_add_test(texts, test_lengths);
	tcase_add_test(texts, test_very_long_line);
	suite_add_tcase(s, texts);
	tcase_set_timeout(specials, 60);
	tcase_add_checked_fixture(specials, scratch_enter, scratch_leave);
	tcase_add_test(specials, test_rejected);
	tcase_add_test(specials, test_apex_missing);
	tcase_add_test(specials, test_apex_given);
	tcase_add_test(specials, test_apex_serial);
	tcase_add_test(specials, test_names);
	tcase_add_test(specials, test_many_ns);
	tcase_add_test(specials, test_ttl);
	tcase_add_test(specials, test_timestamps);
	tcase_add_test(specials, test_timestamp_in_future);
	suite_add_tcase(s, specials);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
