#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <orbl/snapshot.h>

#include "feed_rbldnsd.h"

enum { NOW_S = 1800000000 }; /* 15 January 2027 */

struct compiled {
	enum err err;
	struct error e;
	char *warnings;
	struct snapshot *snapshot; /* NULL after an error */
};

static struct compiled
compile(const char *text, size_t len)
{
	struct compiled c = {.warnings = NULL};
	size_t size;
	struct feed_job job = {.name = "list",
		.origin = "bl.example",
		.now_s = NOW_S,
		.file_serial = 7};

	job.in = fmemopen((void *)(uintptr_t)text, len, "r");
	job.fd = memfd_create("feed", MFD_CLOEXEC);
	job.warnings = open_memstream(&c.warnings, &size);
	ck_assert(job.in != NULL && job.fd >= 0 && job.warnings != NULL);
	c.err = feed_rbldnsd_ip4set(&job, &c.e);
	if (c.err == OK)
		ck_assert_int_eq(snapshot_open_fd(job.fd, "list", &c.snapshot, &c.e), OK);
	fclose(job.in);
	fclose(job.warnings);
	close(job.fd);
	return c;
}

static void
release(struct compiled *c)
{
	snapshot_close(c->snapshot);
	free(c->warnings);
}

static struct snapshot_zone
zone_of(const struct compiled *c)
{
	struct snapshot_zone zone;

	ck_assert_msg(c->err == OK, "%s", c->e.text);
	snapshot_zone(c->snapshot, 0, &zone);
	return zone;
}

/* "127.0.0.2 127.0.0.3|text|text" with "<ip>" for the mark; "" is not listed. */
static void
answer(const struct compiled *c, const char *query, char *out, size_t size)
{
	struct snapshot_class class;
	struct addr a;
	FILE *f = fmemopen(out, size, "w");
	char text[ADDR_TEXT];
	uint16_t id;

	ck_assert_int_eq(addr_parse(text_of(query), &a), OK);
	id = snapshot_find(zone_of(c).set, &a);
	if (id != SNAPSHOT_NOT_LISTED) {
		ck_assert(snapshot_class(c->snapshot, id, &class));
		for (size_t i = 0; i < class.a_count; i++) {
			a = addr_from_ipv4(class.a[i]);
			fprintf(f, "%s%s", i != 0 ? " " : "", addr_format(&a, text));
		}
		for (size_t i = 0; i < class.txt_count; i++) {
			fputc('|', f);
			for (size_t k = 0; k < class.txt[i].len; k++)
				if (class.txt[i].p[k] == SNAPSHOT_ADDRESS_MARK)
					fputs("<ip>", f);
				else
					fputc(class.txt[i].p[k], f);
		}
	}
	fputc('\0', f);
	fclose(f);
}

struct row {
	const char *file, *query, *wanted;
};

static void
check_rows(const struct row *rows, size_t count)
{
	static char got[1 << 16];

	for (size_t i = 0; i < count; i++) {
		struct compiled c = compile(rows[i].file, strlen(rows[i].file));

		answer(&c, rows[i].query, got, sizeof(got));
		ck_assert_msg(strcmp(got, rows[i].wanted) == 0, "\"%s\" for %s: \"%s\", not \"%s\"",
			rows[i].file, rows[i].query, got, rows[i].wanted);
		release(&c);
	}
}

/* The answers are those of rbldnsd 1.0pre, but for CRLF and control characters. */

START_TEST(test_ranges)
{
	static const struct row rows[] = {
		{"1.2.3.4\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3.4\n", "1.2.3.5", ""},
		{"\t 1.2.3.4\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3\n", "1.2.3.0", "127.0.0.2"},
		{"1.2.3\n", "1.2.4.0", ""},
		{"1.2\n", "1.2.255.255", "127.0.0.2"},
		{"1/8\n", "1.255.255.255", "127.0.0.2"},
		{"1/8\n", "2.0.0.0", ""},
		{"127/24\n", "127.0.0.255", "127.0.0.2"},
		{"127/24\n", "127.0.1.0", ""},
		{"127.16/12\n", "127.31.255.255", "127.0.0.2"},
		{"127.16.0/12\n", "127.32.0.0", ""},
		{"1.2.3.4/031\n", "1.2.3.5", "127.0.0.2"},
		{"1.2.3.4/31\n", "1.2.3.6", ""},
		{"0/1\n", "127.255.255.255", "127.0.0.2"},
		{"0/1\n", "128.0.0.0", ""},
		{"0-255\n", "255.255.255.255", "127.0.0.2"},
		{"0.0.0.0-255.255.255.255\n", "0.0.0.0", "127.0.0.2"},
		{"127.0.0.0-127.0.0.255\n", "127.0.0.255", "127.0.0.2"},
		{"127.0.0.1-254\n", "127.0.0.254", "127.0.0.2"},
		{"127.0.0.1-254\n", "127.0.0.255", ""},
		{"127.16-31\n", "127.31.255.255", "127.0.0.2"},
		{"127.16-127.31\n", "127.31.255.255", "127.0.0.2"},
		{"127.16.0-31\n", "127.16.31.255", "127.0.0.2"},
		{"127.16.0-31\n", "127.16.32.0", ""},
		{"127-128\n", "128.255.255.255", "127.0.0.2"},
		{"1.255.255.255-2.0.0.0\n", "2.0.0.0", "127.0.0.2"},
		{"1.2.3.4-1.2.3.4\n", "1.2.3.4", "127.0.0.2"},
		{"010.000.00000000000.017\n", "10.0.0.17", "127.0.0.2"},
		{"1.2.3.4\r\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3.4", "1.2.3.4", "127.0.0.2"},
	};

	check_rows(rows, ORBL_COUNT(rows));
}
END_TEST

START_TEST(test_values)
{
	static const struct row rows[] = {
		{"1.2.3.4 text\n", "1.2.3.4", "127.0.0.2|text"},
		{"1.2.3.4 \t text  with\tblanks \t\n", "1.2.3.4", "127.0.0.2|text  with blanks"},
		{"1.2.3.4 :5\n", "1.2.3.4", "127.0.0.5"},
		{"1.2.3.4 :5:\n", "1.2.3.4", "127.0.0.5"},
		{"1.2.3.4:5\n", "1.2.3.4", "127.0.0.5"},
		{"1.2.3.4:5:x\n", "1.2.3.4", "127.0.0.5|x"},
		{"1.2.3/24:5\n", "1.2.3.4", "127.0.0.5"},
		{"1.2.3.4 :127.0.1.2:x\n", "1.2.3.4", "127.0.1.2|x"},
		{"1.2.3.4 :127.2:x\n", "1.2.3.4", "127.0.0.2|x"},
		{"1.2.3.4 :127.0.1:x\n", "1.2.3.4", "127.0.1.0|x"},
		{"1.2.3.4 :02:x\n", "1.2.3.4", "127.0.0.2|x"},
		{"1.2.3.4\t:127.0.0.2\t:  x\n", "1.2.3.4", "127.0.0.2|x"},
		{"1.2.3.4 :4::x\n", "1.2.3.4", "127.0.0.4|:x"},
		{"1.2.3.4 :7: text # no ; comment\n", "1.2.3.4", "127.0.0.7|text # no ; comment"},
		{"1.2.3.4 -1.2.3.9\n", "1.2.3.4", "127.0.0.2|-1.2.3.9"},
		{"1.2.3.4 # comment\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3.4;comment\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3.4#x\n", "1.2.3.4", "127.0.0.2"},
		{"1.2.3.4 a\1b\177c\2\n", "1.2.3.4", "127.0.0.2|abc"},
		{"1.2.3.4 \xc3\xa9\n", "1.2.3.4", "127.0.0.2|\xc3\xa9"},
	};

	check_rows(rows, ORBL_COUNT(rows));
}
END_TEST

START_TEST(test_defaults)
{
	static const struct row rows[] = {
		{":3:d $\n1.2.3.4\n", "1.2.3.4", "127.0.0.3|d <ip>"},
		{" :3:d\n1.2.3.4 own\n", "1.2.3.4", "127.0.0.3|own"},
		{":3:d\n1.2.3.4 :4\n", "1.2.3.4", "127.0.0.4|d"},
		{":3:d\n1.2.3.4 :4:\n", "1.2.3.4", "127.0.0.4"},
		{":3:d\n1.2.3.4 :4:own\n", "1.2.3.4", "127.0.0.4|own"},
		{":3:d\n1.2.3.4 # x\n", "1.2.3.4", "127.0.0.3|d"},
		{":3:d\n:9\n1.2.3.4\n", "1.2.3.4", "127.0.0.9"}, /* not the default before */
		{":3:d\n1.2.3.4\n:4:e\n1.2.3.5\n", "1.2.3.4", "127.0.0.3|d"},
		{":3:d\n1.2.3.4\n:4:e\n1.2.3.5\n", "1.2.3.5", "127.0.0.4|e"},
		{":3:d\n:bad:x\n1.2.3.4\n", "1.2.3.4", "127.0.0.3|d"},
		{":3:d\n:\n::x\n:x\n1.2.3.4\n", "1.2.3.4", "127.0.0.3|d"},
	};

	check_rows(rows, ORBL_COUNT(rows));
}
END_TEST

START_TEST(test_templates)
{
	static const struct row rows[] = {
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

	check_rows(rows, ORBL_COUNT(rows));
}
END_TEST

START_TEST(test_precedence)
{
	static const struct row rows[] = {
		/* all entries of the most specific level */
		{"1.2.3.4 :2:a\n1.2.3.4 :3:b\n1.2.3.4 :2:c\n", "1.2.3.4",
			"127.0.0.2 127.0.0.3|a|b|c"},
		{"1.2.3 :2:a\n1.2.3.4 :3:b\n", "1.2.3.4", "127.0.0.3|b"},
		{"1.2.3 :2:a\n1.2.3.4 :3:b\n", "1.2.3.5", "127.0.0.2|a"},
		{"1.2 :2:a\n1.2.3 :3:b\n1/8 :4:c\n", "1.2.3.5", "127.0.0.3|b"},
		{"1.2 :2:a\n1.2.3 :3:b\n1/8 :4:c\n", "1.2.4.5", "127.0.0.2|a"},
		{"1.2 :2:a\n1.2.3 :3:b\n1/8 :4:c\n", "1.3.4.5", "127.0.0.4|c"},
		/* a /25 is at the level of addresses, so it merges with one of them */
		{"1.2.3.0/25 :2:a\n1.2.3.4 :3:b\n", "1.2.3.4", "127.0.0.2 127.0.0.3|a|b"},
		/* a /23 is two /24 */
		{"1.2.2.0/23 :2:a\n1.2.3 :3:b\n", "1.2.3.4", "127.0.0.2 127.0.0.3|a|b"},
		{"1.2.2.0/23 :2:a\n1.2.3 :3:b\n", "1.2.2.4", "127.0.0.2|a"},
		/* a range is split: its ends at the level of addresses */
		{"1.2.2.128-1.2.4.127 :2:a\n1.2.3 :3:b\n", "1.2.3.4", "127.0.0.2 127.0.0.3|a|b"},
		{"1.2.2.128-1.2.4.127 :2:a\n1.2.4 :3:b\n", "1.2.4.4", "127.0.0.2|a"},
		{"1.2.2.128-1.2.4.127 :2:a\n1.2.4 :3:b\n", "1.2.4.128", "127.0.0.3|b"},
		{"1.2.255.0-1.4.0.255 :2:a\n1.3.0/24 :3:b\n", "1.3.0.1", "127.0.0.3|b"},
		{"1.2.255.0-1.4.0.255 :2:a\n1.4.0/24 :3:b\n", "1.4.0.1", "127.0.0.2 127.0.0.3|a|b"},
		{"0.255-2.0 :2:a\n1.3/16 :3:b\n", "1.3.0.1", "127.0.0.3|b"},
		{"0.255-2.0 :2:a\n2.0/16 :3:b\n", "2.0.0.1", "127.0.0.2 127.0.0.3|a|b"},
		/* exclusions */
		{"1.2.3\n!1.2.3.4\n", "1.2.3.4", ""},
		{"1.2.3.4\n!1.2.3.4\n", "1.2.3.4", ""},
		{"! 1.2.3 x\n1.2.3.4\n", "1.2.3.4", "127.0.0.2"},
		{"!1.2.3.0/25:junk\n1.2.3.4\n1.2.3\n", "1.2.3.4", ""},
		{"!1.2.3.0/25\n1.2.3.4\n1.2.3\n", "1.2.3.128", "127.0.0.2"},
		{"!1.2\n1.2.3.0/25\n1.2.3\n", "1.2.4.1", ""},
		{"!1.2.3\n1.2.2.0/23\n", "1.2.3.1", ""},
	};

	check_rows(rows, ORBL_COUNT(rows));
}
END_TEST

START_TEST(test_rejected)
{
	static const char *const lines[] = {
		/* clang-format off */
		"10", "10 text", "10:3:x", "!10", "10.0.0.1 ::text", "10.0.0.1 :",
		"10.0.0.1 ::", "10.0.0.1 :0:x", "10.0.0.1 :0.0.0.0:x", "10.0.0.1 :7 junk",
		"10.0.0.1 :7junk", "10.0.0.1 :7 # comment", "10.0.0.1 :256:x",
		"10.0.0.1 : 2:x", "10.0.0.1 :1.2.3.4:x", "10.0.0.1 :126.0.0.2:",
		"10.0.0.1.", "10.0.0.", "10.0.0./24", "10.0.0.1.5", "10..1", "256.0.0.1",
		"0x10.0.0.1", "10.0.0.1,x", "10.0.0.1-", "10.0.0.9-10.0.0.1", "10.0.0.9-1",
		"10.2-1", "10.0.0.1-10.0.0.5/24", "10.0.0.0/24-10.0.1.0", "10-10.0.0",
		"10.0.0.1-10.0.1", "10-11.3.4.5", "10.0.0.0/33", "10.0.0.0/0", "0/0",
		"10.0.0.0/ 24", "10.0.0.0/24/3", "10.0.0.1/24", "10.1/8", "!", "!!10.0.0.1",
		"!10.0.0.1junk", "::1", "abc", "99999999999999999999",
		"10.0.0.0/99999999999", "2001:db8::1", "*.10", ":300:", ":2 x",
		":127.0.0.2x:", "$", "$ TTL 5", "$TTL", "$TTL x", "$TTL 1hx", "$TTL 1h30m",
		"$TTL 99999999999", "$TTL 9999w", "$FOO x", "#$FOO", "$1", "$1x", "$11 x",
		"$=", "$SOA", "$SOA 1 a b 1 2 3 4", "$SOA 1 a b 1 2 3 4 5 6",
		"$SOA 1 a b 1d 2 3 4 5", "$SOA 1 a..b b 1 2 3 4 5",
		"$SOA 1 a b 4294967296 2 3 4 5", "$SOA x a b 1 2 3 4 5", "$NS", "$NS 1",
		"$NS a", "$NS 1 a..b", "$NS 1 \xc3\xa9", "$MAXRANGE4", "$MAXRANGE4 x",
		"$MAXRANGE4 /0", "$MAXRANGE4 /33", "$MAXRANGE4 0", "$MAXRANGE4 0x10",
		"$DATASET ip4set x", "$TIMESTAMP", "$TIMESTAMP 200511",
		"$TIMESTAMP 2005-13-01", "$TIMESTAMP 2005-02-30", "$TIMESTAMP 1969-01-01",
		"$TIMESTAMP 05-01-01", "$TIMESTAMP 2005--01-01", "$TIMESTAMP 2005-01-01-24",
		"$TIMESTAMP 2005-01-01-10:60", "$TIMESTAMP 2005-01-01Z", "$TIMESTAMP 0 +1d",
		"$TIMESTAMP 2005-01-01 + 1w", "$TIMESTAMP 2005-01-01 0 x",
		"$TIMESTAMP 2026-11-21-12-00-00-00", "$TIMESTAMP 12345",
		/* clang-format on */
	};
	char file[300];

	for (size_t i = 0; i < ORBL_COUNT(lines); i++) {
		struct compiled c;

		snprintf(file, sizeof(file), "1.2.3.4\n%s\n1.2.3.6\n", lines[i]);
		c = compile(file, strlen(file));
		ck_assert_msg(c.err == OK, "%s", c.e.text);
		ck_assert_msg(strncmp(c.warnings, "list:2: ", 8) == 0, "not rejected: %s",
			lines[i]);
		ck_assert_ptr_null(strstr(c.warnings, "list:3"));
		ck_assert_uint_eq(snapshot_entries(c.snapshot), 2);
		release(&c);
		/* Alone it is the error. */
		c = compile(lines[i], strlen(lines[i]));
		ck_assert_int_eq(c.err, ERR_SYNTAX);
		ck_assert_msg(strncmp(c.e.text, "list:1: ", 8) == 0, "%s", c.e.text);
		release(&c);
	}
}
END_TEST

START_TEST(test_lengths)
{
	static char file[20000];
	struct compiled c;
	char got[5000];

	memset(file, 'x', sizeof(file));
	memcpy(file, "1.2.3.4 ", 8);
	file[8 + SNAPSHOT_TXT_MAX] = '\n';
	c = compile(file, 8 + SNAPSHOT_TXT_MAX + 1);
	answer(&c, "1.2.3.4", got, sizeof(got));
	ck_assert_uint_eq(strlen(got), strlen("127.0.0.2|") + SNAPSHOT_TXT_MAX);
	release(&c);
	memcpy(file + 8 + SNAPSHOT_TXT_MAX, "x\n1.2.3.5\n", 10);
	c = compile(file, 8 + SNAPSHOT_TXT_MAX + 10);
	ck_assert_str_eq(c.warnings, "list:1: TXT is longer than 2048 bytes\n");
	answer(&c, "1.2.3.4", got, sizeof(got));
	ck_assert_str_eq(got, "");
	release(&c);
	memset(file, 'x', sizeof(file));
	memcpy(file, "1.2.3.4 ", 8);
	memcpy(file + 9000, "\n1.2.3.5\n", 9);
	c = compile(file, 9009);
	ck_assert_str_eq(c.warnings, "list:1: line is longer than 8192 bytes\n");
	answer(&c, "1.2.3.5", got, sizeof(got));
	ck_assert_str_eq(got, "127.0.0.2");
	release(&c);
}
END_TEST

START_TEST(test_very_long_line)
{
	size_t len = 300000;
	char *file = malloc(len), got[64];
	struct compiled c;

	ck_assert_ptr_nonnull(file);
	memset(file, '1', len);
	memcpy(file + len - 9, "\n1.2.3.5\n", 9);
	c = compile(file, len);
	ck_assert_str_eq(c.warnings, "list:1: line is longer than 8192 bytes\n");
	answer(&c, "1.2.3.5", got, sizeof(got));
	ck_assert_str_eq(got, "127.0.0.2");
	release(&c);
	free(file);
}
END_TEST

/* --- special entries --- */

#define COMPILE(literal) compile(literal, sizeof(literal) - 1)

static void
assert_name(struct text got, const char *wanted)
{
	ck_assert_msg(text_equal(got, text_of(wanted)), "\"%.*s\" is not \"%s\"", TEXT_ARG(got),
		wanted);
}

START_TEST(test_apex_defaults)
{
	struct compiled c = COMPILE("1.2.3.4\n");
	struct snapshot_zone zone = zone_of(&c);

	assert_name(zone.name, "");
	assert_name(zone.apex.mname, "localhost");
	assert_name(zone.apex.rname, "hostmaster.bl.example");
	ck_assert_uint_eq(zone.apex.ttl_s, 2100);
	ck_assert_uint_eq(zone.apex.soa_ttl_s, 2100);
	ck_assert_uint_eq(zone.apex.minimum_s, 300);
	ck_assert_uint_eq(zone.apex.refresh_s, 7200);
	ck_assert_uint_eq(zone.apex.retry_s, 1800);
	ck_assert_uint_eq(zone.apex.expire_s, 1209600);
	ck_assert_uint_eq(zone.apex.ns_count, 1);
	assert_name(zone.apex.ns[0], "localhost");
	ck_assert_uint_eq(snapshot_serial(c.snapshot), 7);
	ck_assert_str_eq(c.warnings, "");
	release(&c);
}
END_TEST

START_TEST(test_apex_given)
{
	struct compiled c = COMPILE("#$NS 0 -off\n;$ns 1h NS1.a. -b c.d\n$NS 5 late\n"
				    ":$SOA 0 ns1.a. host.a 12 2W 3h 4d 5m\n$SOA 1 x y 13 1 1 1 1\n"
				    "  $TTL 10\n$TTL 20\n1.2.3.4\n");
	struct snapshot_zone zone = zone_of(&c);

	ck_assert_str_eq(c.warnings, "");
	assert_name(zone.apex.mname, "ns1.a");
	assert_name(zone.apex.rname, "host.a");
	ck_assert_uint_eq(zone.apex.ttl_s, 20);
	ck_assert_uint_eq(zone.apex.soa_ttl_s, 20);
	ck_assert_uint_eq(zone.apex.refresh_s, 1209600);
	ck_assert_uint_eq(zone.apex.retry_s, 10800);
	ck_assert_uint_eq(zone.apex.expire_s, 345600);
	ck_assert_uint_eq(zone.apex.minimum_s, 300);
	ck_assert_uint_eq(zone.apex.ns_ttl_s, 3600);
	ck_assert_uint_eq(zone.apex.ns_count, 2);
	assert_name(zone.apex.ns[0], "ns1.a");
	assert_name(zone.apex.ns[1], "c.d");
	ck_assert_uint_eq(snapshot_serial(c.snapshot), 12);
	release(&c);
}
END_TEST

START_TEST(test_apex_soa_without_ns)
{
	struct compiled c = COMPILE("$SOA 0 ns1.a host.a 0 1 1 1 1\n1.2.3.4\n");
	struct snapshot_zone zone = zone_of(&c);

	ck_assert_uint_eq(zone.apex.ns_count, 1);
	assert_name(zone.apex.ns[0], "ns1.a");
	ck_assert_uint_eq(snapshot_serial(c.snapshot), 7); /* the file's time */
	release(&c);
}
END_TEST

START_TEST(test_too_many_ns)
{
	struct compiled c = COMPILE("$NS 1 a b c d e f g h i j k l m n o p q\n1.2.3.4\n");

	ck_assert_str_eq(c.warnings, "list:1: $NS has more than 16 names\n");
	release(&c);
}
END_TEST

START_TEST(test_max_range)
{
	struct compiled c = COMPILE(
		"1.0/16\n$MAXRANGE4 /24\n1.2/16\n1.3.3\n1.4.2.0/23\n"
		"$MAXRANGE4 /16\n1.5/16\n$MAXRANGE4 2\n1.6.0.0-1\n1.7.0.0-2\n!1.0\n");
	char got[64];

	ck_assert_str_eq(c.warnings,
		"list:3: range is larger than $MAXRANGE4\n"
		"list:5: range is larger than $MAXRANGE4\n"
		"list:6: $MAXRANGE4 can only be made smaller\n"
		"list:7: range is larger than $MAXRANGE4\n"
		"list:10: range is larger than $MAXRANGE4\n"
		"list:11: range is larger than $MAXRANGE4\n");
	answer(&c, "1.0.0.1", got, sizeof(got));
	ck_assert_str_eq(got, "127.0.0.2");
	answer(&c, "1.3.3.3", got, sizeof(got));
	ck_assert_str_eq(got, "127.0.0.2");
	answer(&c, "1.6.0.1", got, sizeof(got));
	ck_assert_str_eq(got, "127.0.0.2");
	release(&c);
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
	struct snapshot_class class;

	for (size_t i = 0; i < ORBL_COUNT(rows); i++) {
		struct compiled c = compile(rows[i].file, strlen(rows[i].file));

		ck_assert_str_eq(c.warnings, "");
		ck_assert(snapshot_class(c.snapshot, 1, &class));
		ck_assert_int_eq(class.expires_s, rows[i].expires_s);
		release(&c);
	}
}
END_TEST

START_TEST(test_timestamp_in_future)
{
	struct compiled c = COMPILE("1.2.3.4\n$TIMESTAMP 2035-01-01\n");

	ck_assert_int_eq(c.err, ERR_REFUSED);
	ck_assert_ptr_nonnull(strstr(c.e.text, "list:2: $TIMESTAMP lies in the future"));
	release(&c);
}
END_TEST

START_TEST(test_too_many_values)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct compiled c;

	for (unsigned i = 0; i <= SNAPSHOT_CLASSES_MAX; i++)
		fprintf(f, "10.%u.%u.1 text %u\n", i >> 8 & 255, i & 255, i);
	fclose(f);
	c = compile(text, size);
	ck_assert_int_eq(c.err, ERR_FULL);
	ck_assert_ptr_nonnull(strstr(c.e.text, "list:65536: "));
	release(&c);
	free(text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("feed_rbldnsd");
	TCase *entries = tcase_create("entries");
	TCase *specials = tcase_create("specials");

	tcase_set_timeout(entries, 60);
	tcase_add_test(entries, test_ranges);
	tcase_add_test(entries, test_values);
	tcase_add_test(entries, test_defaults);
	tcase_add_test(entries, test_templates);
	tcase_add_test(entries, test_precedence);
	tcase_add_test(entries, test_rejected);
	tcase_add_test(entries, test_lengths);
	tcase_add_test(entries, test_very_long_line);
	suite_add_tcase(s, entries);
	tcase_set_timeout(specials, 60);
	tcase_add_test(specials, test_apex_defaults);
	tcase_add_test(specials, test_apex_given);
	tcase_add_test(specials, test_apex_soa_without_ns);
	tcase_add_test(specials, test_too_many_ns);
	tcase_add_test(specials, test_max_range);
	tcase_add_test(specials, test_timestamps);
	tcase_add_test(specials, test_timestamp_in_future);
	tcase_add_test(specials, test_too_many_values);
	suite_add_tcase(s, specials);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
