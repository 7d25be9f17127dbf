#include "unit.h"

#include <string.h>

#include "big_endian.h"
#include "incoming_fixture.h"
#include "incoming_parts.h"
#include "incoming_stream.h"

static const uint8_t origin[] = "\002bl\004test";

static struct zone_import *import;
static struct incoming_stream stream;

static void
open_stream(void)
{
	static const struct zone_import_limits limits = {1000, 100000};

	import = zone_import_new(origin, &limits);
	memset(&stream, 0, sizeof(stream));
	stream.origin = origin;
	stream.origin_len = sizeof(origin);
	stream.type = TYPE_AXFR;
	stream.whole = import;
}

static void
close_stream(void)
{
	zone_import_free(import);
}

static void
is_wrong(const uint8_t *message, size_t len, const char *why)
{
	struct error e = {.text = ""};

	close_stream();
	open_stream();
	ck_assert_int_eq(incoming_stream_message(&stream, message, len, &e), STREAM_FAILED);
	ck_assert_msg(strstr(e.text, why) != NULL, "\"%s\" lacks \"%s\"", e.text, why);
}

START_TEST(each_fault_has_its_name)
{
	uint8_t m[1000];
	size_t soa, len = incoming_fixture_head(m, TYPE_AXFR, 3), question = 2 + 12;

	len += soa = incoming_fixture_soa(m + len, 5);
	len += incoming_fixture_a(m + len, "1.2.0.192", 2);
	len += incoming_fixture_soa(m + len, 5);
	ck_assert_int_eq(incoming_stream_message(&stream, m + 2, len - 2, NULL), STREAM_WHOLE);
	is_wrong(m + 2, 11, "too short");
	m[2] = 1;
	is_wrong(m + 2, len - 2, "another id");
	m[2] = 0;
	m[5] = 5;
	is_wrong(m + 2, len - 2, "it answers REFUSED; does it let this");
	m[5] = 0;
	m[4] = 0x04;
	is_wrong(m + 2, len - 2, "no reply");
	m[4] = 0x86;
	is_wrong(m + 2, len - 2, "truncated");
	m[4] = 0x84;
	m[question + 1] = 'x';
	is_wrong(m + 2, len - 2, "another question");
	m[question + 1] = 'b';
	m[7] = 0;
	is_wrong(m + 2, len - 2, "another question");
	m[7] = 1;
	m[9] = 0;
	is_wrong(m + 2, len - 2, "no records");
	m[9] = 4;
	is_wrong(m + 2, len - 2, "malformed");
	m[9] = 3;
	m[len - 5] = 99; /* of the last SOA */
	is_wrong(m + 2, len - 2, "last SOA is another");
	m[len - 5] = 0;
	len = incoming_fixture_head(m, TYPE_AXFR, 1);
	len += incoming_fixture_a(m + len, "1.2.0.192", 2);
	is_wrong(m + 2, len - 2, "does not begin with");
	len = incoming_fixture_head(m, TYPE_AXFR, 3);
	len += incoming_fixture_soa(m + len, 5);
	len += incoming_fixture_soa(m + len, 5);
	len += incoming_fixture_a(m + len, "1.2.0.192", 2);
	is_wrong(m + 2, len - 2, "follow its end");
	len = incoming_fixture_head(m, TYPE_AXFR, 2);
	len += incoming_fixture_soa(m + len, 5);
	soa = len;
	len += incoming_fixture_a(m + len, "1.2.0.192", 2);
	m[soa + 10 + 1] = 'x'; /* xl.test */
	is_wrong(m + 2, len - 2, "not in the zone");
	m[soa + 10 + 1] = 'b';
	m[soa + 10 + sizeof(origin) + 3] = CLASS_CH;
	is_wrong(m + 2, len - 2, "class IN");
}
END_TEST

START_TEST(a_name_that_runs_in_circles_ends)
{
	uint8_t out[WIRE_NAME_MAX], m[600] = {0xc0, 0x00};
	size_t at = 0;

	ck_assert_uint_eq(incoming_record_name(m, 2, &at, out), 0);
	memcpy(m, "\001a\xc0\x00", 4);
	at = 0;
	ck_assert_uint_eq(incoming_record_name(m, 4, &at, out), 0);
	memcpy(m, "\001a\000\001b\xc0\x00", 7);
	at = 3;
	ck_assert_uint_eq(incoming_record_name(m, 7, &at, out), 5);
	ck_assert_uint_eq(at, 7);
	ck_assert_mem_eq(out, "\001b\001a\000", 5);
	for (size_t i = 0; i < 256; i += 2)
		memcpy(m + i, "\001a", 2);
	m[256] = 0;
	at = 0;
	ck_assert_uint_eq(incoming_record_name(m, sizeof(m), &at, out), 0);
	at = 2;
	ck_assert_uint_eq(incoming_record_name(m, sizeof(m), &at, out), 255);
}
END_TEST

/* The SOA's expire of a primary that has lost its numbers is none. */
START_TEST(expire_is_never_soon)
{
	ck_assert_int_eq(incoming_zone_expire(1, 1, 3), 3);
	ck_assert_int_eq(incoming_zone_expire(0, 0, 0), INCOMING_EXPIRE_MORE_S);
	ck_assert_int_eq(incoming_zone_expire(100, 50, 150), 150 + INCOMING_EXPIRE_MORE_S);
	ck_assert_int_gt(incoming_zone_expire(UINT32_MAX, UINT32_MAX, 0), UINT32_MAX);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("incoming_stream");
	TCase *c = tcase_create("messages");

	tcase_add_checked_fixture(c, open_stream, close_stream);
	tcase_add_test(c, expire_is_never_soon);
	tcase_add_test(c, each_fault_has_its_name);
	tcase_add_test(c, a_name_that_runs_in_circles_ends);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
