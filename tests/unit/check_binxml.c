#include "binxml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/writer.h>

#include "binxml_value.h"
#include "eventlog_write.h"
#include "unit.h"

enum { CHUNK = 65536, START = 512 };

static uint8_t chunk[CHUNK];
static struct event_build build;
static struct writer out;
static struct binxml_names names;

static void
start(void)
{
	memset(chunk, 0, sizeof(chunk));
	memset(&names, 0, sizeof(names));
	writer_init(&out, chunk, sizeof(chunk));
	out.at += START;
}

static const char *
read_from(size_t at, uint32_t work, uint32_t *left)
{
	struct binxml_chunk c = {chunk, sizeof(chunk), work};
	const char *problem;

	event_build_begin(&build, 1, false, NULL);
	problem = binxml_read(&c, at, writer_length(&out), &build);
	if (problem == NULL)
		problem = event_build_finish(&build);
	if (left != NULL)
		*left = c.work;
	return problem;
}

static void
bytes(const char *hex)
{
	unsigned value;

	for (; *hex != '\0'; hex += 2) {
		while (*hex == ' ')
			hex++;
		ck_assert_int_eq(sscanf(hex, "%2x", &value), 1);
		writer_u8(&out, (uint8_t)value);
	}
}

/* Offset, and what is there: the name is new. */
static void
name(const char *text)
{
	writer_u32le(&out, (uint32_t)writer_length(&out) + 4);
	bytes("00000000 0000");
	writer_u16le(&out, (uint16_t)strlen(text));
	(void)eventlog_utf16(&out, text);
	bytes("0000");
}

static void
element(const char *text) /* without dependency id or attributes, and its content */
{
	bytes("01 00000000");
	name(text);
	bytes("02");
}

static void
value(const char *text)
{
	bytes("05 01");
	writer_u16le(&out, (uint16_t)strlen(text));
	(void)eventlog_utf16(&out, text);
}

/* <Event><System><EventID>7</EventID></System><EventData> */
static void
event_start(void)
{
	bytes("0f010100");
	element("Event");
	element("System");
	element("EventID");
	value("7");
	bytes("04 04");
	element("EventData");
}

static void
assert_string(size_t i, const char *wanted)
{
	struct text got;

	ck_assert_uint_lt(i, build.record.string_count);
	got = build.record.strings[i].value;
	ck_assert_msg(text_equal(got, text_of(wanted)), "wanted %s, got %.*s", wanted,
		TEXT_ARG(got));
}

START_TEST(tokens)
{
	start();
	event_start();
	element("Data");
	value("a ");
	bytes("07 0300 3c00 4200 3e00"); /* CDATA <B> */
	bytes("08 e900");                /* character */
	bytes("09");
	name("amp");
	bytes("0a"); /* an instruction */
	name("target");
	bytes("0b 0200 7800 7900 04 04 04 00");
	ck_assert_ptr_null(read_from(START, CHUNK, NULL));
	ck_assert_uint_eq(build.record.string_count, 1);
	assert_string(0, "a <B>\xc3\xa9&");
	ck_assert_uint_eq(build.record.id, 7);
}
END_TEST

START_TEST(wrong_tokens)
{
	static const char *const tails[] = {
		"04 04 04",         /* an end too many */
		"04 00",            /* one too few */
		"10",               /* no such token */
		"ff",               /* nor that */
		"05 02 0000",       /* a text that is none */
		"05 01 ffff 4100",  /* that is too long */
		"05 01 ff",         /* cut */
		"0e 0000 01",       /* a place without a template */
		"0d 00",            /* cut */
		"06 00020000",      /* an attribute behind its element's start */
		"01 00000000 0000", /* an element without a name */
		"01 00000000 ffffffff 02 04 04 04 00",
		"01 00000000 08000000 02 04 04 04 00", /* a name in the header */
		"09 00020000 04 04 00",                /* an entity of no name */
		"0c 01 00000000 00000000 00000000",
		"0c 01 00000000 fcff0000 00000000",
		"0c 01",
	};

	for (size_t i = 0; i < ORBL_COUNT(tails); i++) {
		start();
		event_start();
		bytes(tails[i]);
		ck_assert_msg(read_from(START, CHUNK, NULL) != NULL, "%s", tails[i]);
	}
	ck_assert_ptr_nonnull(read_from(CHUNK + 1, CHUNK, NULL));
	ck_assert_ptr_nonnull(read_from(0, CHUNK, NULL));
}
END_TEST

/* Every cut of a whole event fails, none is read beyond its end. */
START_TEST(every_cut)
{
	static struct event_spec e = {.number = 5,
		.id = 7,
		.string_count = 2,
		.source = "S",
		.computer = "C",
		.strings = {{"", "one"}, {"", "two"}}};
	size_t end;

	for (int plain = 0; plain < 2; plain++) {
		start();
		binxml_write_event(&out, &names, &e, plain == 1);
		end = writer_length(&out);
		ck_assert_ptr_null(read_from(START, CHUNK, NULL));
		assert_string(1, "two");
		/* Only the mark of the end may be missing. */
		for (end -= 2; end > START; end--) {
			out.at = chunk + end;
			ck_assert_ptr_nonnull(read_from(START, CHUNK, NULL));
		}
	}
}
END_TEST

/* A definition of instances of the definitions at these offsets. */
static uint32_t
definition(const uint32_t *offsets, size_t count)
{
	uint32_t at = (uint32_t)writer_length(&out);

	for (int i = 0; i < 5; i++)
		bytes("00000000");
	writer_u32le(&out, (uint32_t)(4 + 14 * count + 1));
	bytes("0f010100");
	for (size_t i = 0; i < count; i++) {
		bytes("0c 01 00000000");
		writer_u32le(&out, offsets[i]);
		writer_u32le(&out, 0);
	}
	bytes("00");
	return at;
}

static size_t
instance(uint32_t offset)
{
	size_t at = writer_length(&out);

	bytes("0f010100 0c 01 00000000");
	writer_u32le(&out, offset);
	bytes("00000000 00");
	return at;
}

START_TEST(template_in_itself)
{
	uint32_t self[2] = {START, START}, at;

	start();
	at = definition(self, 2);
	ck_assert_str_eq(read_from(instance(at), 1 << 20, NULL),
		"its templates are nested more than 64 deep");
}
END_TEST

/* 30 templates, each with two instances of the one before: a billion. */
START_TEST(template_that_grows)
{
	uint32_t before[2], left;

	start();
	before[0] = before[1] = definition(NULL, 0);
	for (int i = 0; i < 30; i++)
		before[0] = before[1] = definition(before, 2);
	ck_assert_str_eq(read_from(instance(before[0]), 8 << 20, &left),
		"its templates expand to too much");
	ck_assert_uint_ge(left, (8 << 20) - BINXML_RECORD_WORK);
	ck_assert_ptr_nonnull(read_from(instance(before[0]), 100, &left));
	ck_assert_uint_eq(left, 0);
}
END_TEST

/* A definition with this body, an instance of it with these values, both within EventData. */
static const char *
read_template(const char *body, const char *values)
{
	size_t size_at;

	start();
	event_start();
	bytes("0c 01 00000000");
	writer_u32le(&out, (uint32_t)writer_length(&out) + 4);
	bytes("00000000 00000000 00000000 00000000 00000000");
	size_at = writer_length(&out);
	bytes("00000000 0f010100");
	while (*body == 'D') { /* <Data>, then hexadecimal up to ";" */
		char rest[64];
		size_t len = strcspn(body, ";");

		ck_assert_uint_lt(len, sizeof(rest));
		memcpy(rest, body + 1, len - 1);
		rest[len - 1] = '\0';
		bytes("01 ffff 00000000");
		name("Data");
		bytes("02");
		bytes(rest);
		body += len + 1;
	}
	bytes(body);
	bytes("00");
	chunk[size_at] = (uint8_t)(writer_length(&out) - size_at - 4);
	chunk[size_at + 1] = (uint8_t)((writer_length(&out) - size_at - 4) >> 8);
	bytes(values);
	bytes("04 04 00");
	return read_from(START, CHUNK, NULL);
}

START_TEST(templates)
{
	ck_assert_ptr_null(read_template("D0e 0100 0104;D0e 0000 0104;D0d 0100 0104;",
		"02000000 0200 01 00 0400 01 00 6100 6200 6300"));
	ck_assert_uint_eq(build.record.string_count, 3);
	assert_string(0, "bc");
	assert_string(1, "a");
	assert_string(2, "bc");
	/* An optional value that is not there takes its element with it. */
	ck_assert_ptr_null(read_template("D0e 0000 0104;D0d 0000 0104;D0e 0100 0104;",
		"02000000 0000 00 00 0000 01 00"));
	ck_assert_uint_eq(build.record.string_count, 2);
	ck_assert_str_eq(read_template("D0e 0200 0104;", "01000000 0200 01 00 6100"),
		"it lacks a value that its template has a place for");
	ck_assert_str_eq(read_template("D0e 0000 0104;", "01000000 ff00 01 00 6100"),
		"its values are cut short");
	ck_assert_str_eq(read_template("D0e 0000 0104;", "ffffff7f ff00 01 00 6100"),
		"it has more values than there is room for");
	/* It cannot end what is not its own, nor leave open what is. */
	ck_assert_str_eq(read_template("04", "00000000"), "an element ends that has not started");
	ck_assert_str_eq(read_template("D;", "00000000"),
		"an element does not end in its fragment");
}
END_TEST

START_TEST(nested_values)
{
	size_t at;

	/* A value that is XML whose value is XML ... each with a template of its own. */
	start();
	at = writer_length(&out);
	for (int i = 0; i < 70; i++) {
		bytes("0f010100 0c 01 00000000");
		writer_u32le(&out, (uint32_t)writer_length(&out) + 4);
		bytes("00000000 00000000 00000000 00000000 00000000 08000000");
		bytes("0e 0000 21 00 00 00 00"); /* place 0, end */
		bytes("01000000");
		writer_u16le(&out, (uint16_t)((69 - i) * 54));
		bytes("21 00");
	}
	ck_assert_str_eq(read_from(at, 1 << 20, NULL),
		"its templates are nested more than 64 deep");
}
END_TEST

START_TEST(deep_elements)
{
	start();
	bytes("0f010100");
	for (int i = 0; i < 70; i++)
		element("Event");
	for (int i = 0; i < 70; i++)
		bytes("04");
	bytes("00");
	ck_assert_str_eq(read_from(START, CHUNK, NULL),
		"its elements are nested more than 64 deep");
}
END_TEST

/* Elements of templates without a dependency id, and of fragments with one. */
START_TEST(dependency_ids)
{
	start();
	event_start();
	bytes("01 ffff 00000000");
	name("Data");
	bytes("02");
	value("x");
	bytes("04 04 04 00");
	ck_assert_ptr_null(read_from(START, CHUNK, NULL));
	assert_string(0, "x");
}
END_TEST

static void
assert_value(uint8_t type, const char *hex, const char *wanted)
{
	uint8_t *copy;
	size_t len;
	bool ok;

	start();
	bytes(hex);
	len = writer_length(&out) - START;
	copy = malloc(len + 1);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, chunk + START, len);
	event_build_begin(&build, 1, false, NULL);
	event_build_start(&build, TEXT("Event"));
	event_build_content(&build);
	event_build_start(&build, TEXT("EventData"));
	event_build_content(&build);
	event_build_start(&build, TEXT("Data"));
	event_build_content(&build);
	ok = binxml_value_add(&build, type, copy, len);
	free(copy);
	ck_assert_msg(ok == (wanted != NULL), "type %02x of %s", type, hex);
	if (wanted == NULL)
		return;
	event_build_end(&build);
	ck_assert_uint_ge(build.record.string_count, 1);
	for (size_t i = 0; i < build.record.string_count; i++) {
		struct text got = build.record.strings[i].value;
		size_t n = strcspn(wanted, ";");

		ck_assert_msg(got.len == n && memcmp(got.p, wanted, n) == 0,
			"type %02x: wanted %s, got %.*s", type, wanted, TEXT_ARG(got));
		wanted += n + (wanted[n] == ';');
	}
	ck_assert_str_eq(wanted, "");
}

START_TEST(values)
{
	assert_value(0x00, "", "");
	assert_value(0x01, "6100 0000 6200", "ab");
	assert_value(0x01, "3dd8 00de 3dd8 6100 00de",
		"\xf0\x9f\x98\x80\xef\xbf\xbd"
		"a\xef\xbf\xbd");
	assert_value(0x01, "61", "");
	assert_value(0x02, "61 e9 00 62",
		"a\xef\xbf\xbd"
		"b");
	assert_value(0x03, "ff", "-1");
	assert_value(0x04, "ff", "255");
	assert_value(0x05, "0080", "-32768");
	assert_value(0x06, "0080", "32768");
	assert_value(0x07, "ffffffff", "-1");
	assert_value(0x08, "ffffffff", "4294967295");
	assert_value(0x09, "ffffffffffffffff", "-1");
	assert_value(0x0a, "ffffffffffffffff", "18446744073709551615");
	assert_value(0x0b, "0000803f", "1");
	assert_value(0x0c, "000000000000f83f", "1.5");
	assert_value(0x0d, "01000000", "true");
	assert_value(0x0d, "00000000", "false");
	assert_value(0x0e, "00 0a ff", "000AFF");
	assert_value(0x0f, "00112233 4455 6677 8899aabbccddeeff",
		"{33221100-5544-7766-8899-AABBCCDDEEFF}");
	assert_value(0x10, "ff000000", "0xff");
	assert_value(0x10, "ff00000000000001", "0x1000000000000ff");
	assert_value(0x11, "0080c60f5ff7dc01", "2026-06-08T15:54:17.2893184Z");
	assert_value(0x11, "0100000000000000", "0x1");
	assert_value(0x12, "ea07 0b00 0500 1400 0a00 0000 0100 0700", "2026-11-20T10:00:01.007Z");
	assert_value(0x13, "01 01 000000000005 12000000", "S-1-5-18");
	assert_value(0x14, "1f000000", "0x1f");
	assert_value(0x15, "0000000000000080", "0x8000000000000000");
	assert_value(0x23, "3c00 6100", "<a");
}
END_TEST

START_TEST(array_values)
{
	assert_value(0x81, "", "");
	assert_value(0x81, "6100 0000", "a");
	assert_value(0x81, "6100 0000 6200 6300 0000 0000 6400", "a;bc;;d");
	assert_value(0x81, "0000 0000", ";");
	assert_value(0x81, "6100 0000 62", "a");
	assert_value(0x82, "61 00 62 00", "a;b");
	assert_value(0x84, "01 02 ff", "1;2;255");
	assert_value(0x88, "01000000 02000000", "1;2");
	assert_value(0x93, "01 01 000000000005 12000000 01 00 000000000001", "S-1-5-18;S-1-1");
}
END_TEST

START_TEST(wrong_values)
{
	assert_value(0x06, "00", NULL);
	assert_value(0x0a, "00000000", NULL);
	assert_value(0x0f, "00", NULL);
	assert_value(0x13, "01 10 000000000005 12000000", NULL);
	assert_value(0x13, "01 02 000000000005 12000000", NULL);
	assert_value(0x16, "00", NULL);
	assert_value(0x1f, "00", NULL);
	assert_value(0x7f, "00", NULL);
	assert_value(0xff, "00", NULL);
	assert_value(0x88, "01000000 02", NULL);
	assert_value(0x93, "01 ff 000000000005 12000000", NULL);
}
END_TEST

START_TEST(times)
{
	struct stamp s = {0};

	ck_assert(binxml_value_filetime(UINT64_C(116444736000000000), &s));
	ck_assert_int_eq(s.year, 1970);
	ck_assert(!binxml_value_filetime(UINT64_C(116444735999999999), &s));
	ck_assert(!binxml_value_filetime(0, &s));
	ck_assert(!binxml_value_filetime(UINT64_MAX, &s));
	ck_assert(binxml_value_filetime(eventlog_filetime(1795168800) + 1234567, &s));
	ck_assert_int_eq(s.hour, 10);
	ck_assert_int_eq(s.us, 123456);
}
END_TEST

/* More strings than a record has room for, and more text. */
START_TEST(too_much)
{
	start();
	event_start();
	for (int i = 0; i < 200; i++) {
		element("Data");
		bytes("04");
	}
	bytes("04 04 00");
	ck_assert_ptr_null(read_from(START, CHUNK, NULL));
	ck_assert_uint_eq(build.record.string_count, EVENT_STRINGS_MAX);
	start();
	event_start();
	element("Data");
	bytes("0c 01 00000000");
	writer_u32le(&out, (uint32_t)writer_length(&out) + 4);
	bytes("00000000 00000000 00000000 00000000 00000000");
	writer_u32le(&out, 40 * 4 + 1);
	for (int i = 0; i < 40; i++)
		bytes("0d 0000 01");
	bytes("00 01000000");
	writer_u16le(&out, 16000);
	bytes("01 00");
	for (int i = 0; i < 8000; i++)
		bytes("6100");
	bytes("04 04 04 00");
	ck_assert_str_eq(read_from(START, 1 << 20, NULL), "the event is longer than 256 KiB");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("binxml");
	TCase *read = tcase_create("read"), *hostile = tcase_create("hostile");
	TCase *value = tcase_create("value");

	tcase_add_test(read, tokens);
	tcase_add_test(read, wrong_tokens);
	tcase_add_test(read, every_cut);
	tcase_add_test(read, dependency_ids);
	tcase_add_test(read, templates);
	tcase_add_test(hostile, template_in_itself);
	tcase_add_test(hostile, template_that_grows);
	tcase_add_test(hostile, nested_values);
	tcase_add_test(hostile, deep_elements);
	tcase_add_test(hostile, too_much);
	tcase_add_test(value, values);
	tcase_add_test(value, array_values);
	tcase_add_test(value, wrong_values);
	tcase_add_test(value, times);
	suite_add_tcase(s, read);
	suite_add_tcase(s, hostile);
	suite_add_tcase(s, value);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
