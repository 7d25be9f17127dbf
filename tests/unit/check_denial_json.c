#include "denial_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "unit.h"

static struct denial
plain(void)
{
	struct denial d = {.time_s = 1795287602, .line = 7, .count = 1};

	d.client = addr_from_ipv4(0xc6336407);
	d.helo = TEXT("client.example");
	d.sender = TEXT("");
	d.recipient = TEXT("a@nine.example");
	d.reply = TEXT("554 5.7.1 no");
	return d;
}

/* Returns it in memory of its exact size, so that the sanitizers see one byte too far. */
static struct text
exact(const void *bytes, size_t len)
{
	char *copy = malloc(len != 0 ? len : 1);

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, bytes, len);
	return (struct text){copy, len};
}

static char *
write_json(const char *file, const struct denial *d)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_ptr_nonnull(out);
	denial_json_write(out, file, d);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_uint_eq(strlen(text), len);
	return text;
}

static void
assert_json(const struct denial *d, const char *wanted)
{
	char *got = write_json("f", d);

	ck_assert_str_eq(got, wanted);
	free(got);
}

/* What becomes of a text, without its quotes. */
static void
assert_text(const char *bytes, size_t len, const char *wanted)
{
	struct denial d = plain();
	char line[512], *got;

	d.helo = exact(bytes, len);
	got = write_json("f", &d);
	snprintf(line, sizeof(line), ",\"helo\":\"%s\",\"sender\":\"\"", wanted);
	ck_assert_msg(strstr(got, line) != NULL, "%s is not in %s", line, got);
	free(got);
	free((void *)(uintptr_t)d.helo.p);
}

#define ASSERT_TEXT(literal, wanted) assert_text(literal, sizeof(literal) - 1, wanted)

START_TEST(all_keys)
{
	struct denial d = plain();

	assert_json(&d,
		"{\"file\":\"f\",\"line\":7,\"time\":\"2026-11-21T19:00:02+00:00\","
		"\"ip\":\"198.51.100.7\",\"host\":null,\"helo\":\"client.example\",\"sender\":\"\","
		"\"recipient\":\"a@nine.example\",\"account\":null,\"code\":\"554\","
		"\"reply\":\"554 5.7.1 no\",\"server\":null,\"kind\":\"relay-denied\","
		"\"count\":1}\n");
	d.is_record = true;
	d.line = UINT64_MAX;
	d.count = UINT32_MAX;
	d.client_name = TEXT("host.example");
	d.account = TEXT("joe");
	d.server = TEXT("mx1");
	d.reply = TEXT_NONE;
	d.recipient = TEXT_NONE;
	d.kind = DENIAL_AUTHENTICATED;
	ck_assert_int_eq(addr_parse(TEXT("2001:db8::7"), &d.client), OK);
	assert_json(&d,
		"{\"file\":\"f\",\"record\":18446744073709551615,"
		"\"time\":\"2026-11-21T19:00:02+00:00\",\"ip\":\"2001:db8::7\","
		"\"host\":\"host.example\",\"helo\":\"client.example\",\"sender\":\"\","
		"\"recipient\":null,\"account\":\"joe\",\"code\":null,\"reply\":null,"
		"\"server\":\"mx1\",\"kind\":\"relay-denied-authenticated\","
		"\"count\":4294967295}\n");
}
END_TEST

static void
assert_code(const char *reply, const char *wanted)
{
	struct denial d = plain();
	char member[64], *got;

	d.reply = exact(reply, strlen(reply));
	got = write_json("f", &d);
	snprintf(member, sizeof(member), ",\"code\":%s,\"reply\":", wanted);
	ck_assert_msg(strstr(got, member) != NULL, "%s is not in %s", member, got);
	free(got);
	free((void *)(uintptr_t)d.reply.p);
}

START_TEST(code_of_a_reply)
{
	assert_code("550", "\"550\"");
	assert_code("454 4.7.1 later", "\"454\"");
	assert_code("550-more", "\"550\"");
	assert_code("", "null");
	assert_code("55", "null");
	assert_code("5.7.1", "null");
	assert_code("5501", "null");
	assert_code("150 x", "null");
	assert_code("650 x", "null");
	assert_code("relay not permitted", "null");
	assert_code("\"55", "null");
}
END_TEST

static void
assert_address(const char *address)
{
	struct denial d = plain();
	char member[64], *got;

	ck_assert_int_eq(addr_parse(text_of(address), &d.client), OK);
	got = write_json("f", &d);
	snprintf(member, sizeof(member), ",\"ip\":\"%s\",", address);
	ck_assert_msg(strstr(got, member) != NULL, "%s is not in %s", member, got);
	free(got);
}

START_TEST(addresses)
{
	assert_address("0.0.0.0");
	assert_address("1.22.99.100");
	assert_address("255.255.255.255");
	assert_address("10.9.109.200");
	assert_address("::1");
	assert_address("2001:db8::7");
}
END_TEST

START_TEST(ascii)
{
	char byte[1], wanted[8];

	ASSERT_TEXT("", "");
	for (int c = 0; c < 0x80; c++) {
		byte[0] = (char)c;
		if (c == '"' || c == '\\')
			snprintf(wanted, sizeof(wanted), "\\%c", c);
		else
			snprintf(wanted, sizeof(wanted), c < ' ' || c == 0x7f ? "\\u%04x" : "%c",
				(unsigned)c);
		assert_text(byte, 1, wanted);
	}
}
END_TEST

/* Each special byte at each place of a text that is searched eight bytes at a time. */
START_TEST(specials_in_every_place)
{
	static const struct {
		char c;
		const char *wanted;
	} specials[] = {{'"', "\\\""}, {'\\', "\\\\"}, {'\0', "\\u0000"}, {'\x1f', "\\u001f"},
		{'\x7f', "\\u007f"}, {'\x80', "\\ufffd"}, {'\xff', "\\ufffd"}, {' ', " "},
		{'!', "!"}, {'#', "#"}, {'[', "["}, {']', "]"}, {'~', "~"}};
	char text[24], wanted[64];

	for (size_t s = 0; s < ORBL_COUNT(specials); s++)
		for (int len = 1; len <= (int)sizeof(text); len++)
			for (int at = 0; at < len; at++) {
				memset(text, 'x', sizeof(text));
				text[at] = specials[s].c;
				snprintf(wanted, sizeof(wanted), "%.*s%s%.*s", at,
					"xxxxxxxxxxxxxxxxxxxxxxxx", specials[s].wanted,
					len - at - 1, "xxxxxxxxxxxxxxxxxxxxxxxx");
				assert_text(text, (size_t)len, wanted);
			}
}
END_TEST

START_TEST(utf8)
{
	ASSERT_TEXT("\xc3\xa4", "\xc3\xa4");
	ASSERT_TEXT("x\xe2\x82\xacy", "x\xe2\x82\xacy");
	ASSERT_TEXT("\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80");
	ASSERT_TEXT("\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf");
	ASSERT_TEXT("\xed\x9f\xbf", "\xed\x9f\xbf");
	/* C1 controls; the first that is none */
	ASSERT_TEXT("\xc2\x80\xc2\x9b\xc2\xa0", "\\u0080\\u009b\xc2\xa0");
}
END_TEST

START_TEST(not_utf8)
{
	ASSERT_TEXT("\x80", "\\ufffd");
	ASSERT_TEXT("\xe4", "\\ufffd");
	ASSERT_TEXT("\xc0\xaf", "\\ufffd\\ufffd"); /* overlong */
	ASSERT_TEXT("\xc1\xbf", "\\ufffd\\ufffd");
	ASSERT_TEXT("\xe0\x9f\xbf", "\\ufffd\\ufffd\\ufffd");
	ASSERT_TEXT("\xf0\x8f\xbf\xbf", "\\ufffd\\ufffd\\ufffd\\ufffd");
	ASSERT_TEXT("\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd");            /* surrogate */
	ASSERT_TEXT("\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"); /* above U+10FFFF */
	ASSERT_TEXT("\xf5\x80", "\\ufffd\\ufffd");
	ASSERT_TEXT("\xff\xfe", "\\ufffd\\ufffd");
	ASSERT_TEXT("\xe2\x82"
		    "x",
		"\\ufffd\\ufffdx");
	ASSERT_TEXT("\xc3\xc3\xa4", "\\ufffd\xc3\xa4");
}
END_TEST

/* A character that the end of the text cuts: nothing behind it is looked at. */
START_TEST(cut_characters)
{
	ASSERT_TEXT("\xc2", "\\ufffd");
	ASSERT_TEXT("\xc3", "\\ufffd");
	ASSERT_TEXT("x\xe2", "x\\ufffd");
	ASSERT_TEXT("x\xe2\x82", "x\\ufffd\\ufffd");
	ASSERT_TEXT("\xf0", "\\ufffd");
	ASSERT_TEXT("\xf0\x9f", "\\ufffd\\ufffd");
	ASSERT_TEXT("\xf0\x9f\x98", "\\ufffd\\ufffd\\ufffd");
	ASSERT_TEXT("12345678\xf0\x9f\x98", "12345678\\ufffd\\ufffd\\ufffd");
}
END_TEST

/* Texts longer than the buffer an object is put together in. */
START_TEST(long_texts)
{
	struct denial d = plain();
	size_t len;
	char *got;

	for (len = 3800; len < 4300; len++) {
		char *helo = malloc(len);
		json_t *json;

		memset(helo, 'h', len);
		helo[len / 2] = '"';
		d.helo = (struct text){helo, len};
		got = write_json("f", &d);
		json = json_loads(got, 0, NULL);
		ck_assert_ptr_nonnull(json);
		ck_assert_mem_eq(json_string_value(json_object_get(json, "helo")), helo, len);
		ck_assert_uint_eq(json_string_length(json_object_get(json, "helo")), len);
		ck_assert_uint_eq(json_object_size(json), 14);
		json_decref(json);
		free(got);
		free(helo);
	}
}
END_TEST

static void
assert_time(int64_t s, int32_t us, int32_t offset_s, const char *wanted)
{
	struct denial d = {.time_s = s, .time_us = us, .time_offset_s = offset_s};
	char got[DENIAL_TIME_TEXT];

	ck_assert_str_eq(denial_time_format(&d, got), wanted);
}

START_TEST(times)
{
	assert_time(0, 0, 0, "1970-01-01T00:00:00+00:00");
	assert_time(1795287656, 0, 0, "2026-11-21T19:00:56+00:00");
	assert_time(1795287656, 45, 3600, "2026-11-21T20:00:56.000045+01:00");
	assert_time(1795287656, 999999, -12600, "2026-11-21T15:30:56.999999-03:30");
	assert_time(951782399, 0, 0, "2000-02-28T23:59:59+00:00");
	assert_time(951782400, 0, 0, "2000-02-29T00:00:00+00:00");
	assert_time(951868800, 0, 0, "2000-03-01T00:00:00+00:00");
	assert_time(4107542400, 0, 0, "2100-03-01T00:00:00+00:00");
	assert_time(4107542399, 0, 0, "2100-02-28T23:59:59+00:00");
	assert_time(253402300799, 0, 0, "9999-12-31T23:59:59+00:00");
	assert_time(0, 0, -3600, "1970-01-01T00:00:00-01:00");
}
END_TEST

/* Every day of 500 years as the C library has it. */
START_TEST(every_day)
{
	for (int64_t day = 0; day < 500 * 366; day++) {
		struct denial d = {.time_s = day * 86400 + day % 86400};
		char got[DENIAL_TIME_TEXT], wanted[DENIAL_TIME_TEXT];
		time_t t = (time_t)d.time_s;
		struct tm tm;

		ck_assert_ptr_nonnull(gmtime_r(&t, &tm));
		ck_assert_uint_ne(strftime(wanted, sizeof(wanted), "%Y-%m-%dT%H:%M:%S+00:00", &tm),
			0);
		ck_assert_str_eq(denial_time_format(&d, got), wanted);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("denial_json");
	TCase *objects = tcase_create("objects"), *texts = tcase_create("texts"),
	      *stamps = tcase_create("times");

	tcase_add_test(objects, all_keys);
	tcase_add_test(objects, code_of_a_reply);
	tcase_add_test(objects, addresses);
	tcase_add_test(objects, long_texts);
	tcase_add_test(texts, ascii);
	tcase_add_test(texts, specials_in_every_place);
	tcase_add_test(texts, utf8);
	tcase_add_test(texts, not_utf8);
	tcase_add_test(texts, cut_characters);
	tcase_add_test(stamps, times);
	tcase_add_test(stamps, every_day);
	tcase_set_timeout(texts, 60);
	tcase_set_timeout(stamps, 60);
	suite_add_tcase(s, objects);
	suite_add_tcase(s, texts);
	suite_add_tcase(s, stamps);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
