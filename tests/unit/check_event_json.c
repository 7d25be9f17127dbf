#include "event_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { EVENTS_MAX = 8 };

struct seen { /* what a document gave */
	size_t events, troubles;
	uint64_t numbers[EVENTS_MAX], places[EVENTS_MAX];
	bool lines[EVENTS_MAX];
	char reason[128];
	enum err answer;
};

static enum err
take_event(const struct event_record *e, void *context)
{
	struct seen *seen = context;

	if (seen->events < EVENTS_MAX) {
		seen->numbers[seen->events] = e->number;
		seen->lines[seen->events] = e->is_line;
	}
	seen->events++;
	return seen->answer;
}

static void
take_trouble(uint64_t where, const char *reason, void *context)
{
	struct seen *seen = context;

	if (seen->troubles < EVENTS_MAX)
		seen->places[seen->troubles] = where;
	seen->troubles++;
	(void)snprintf(seen->reason, sizeof(seen->reason), "%s", reason);
}

static struct seen
read_document(struct text t, size_t chunk)
{
	struct seen seen = {.answer = OK};
	const struct container_sink sink = {&seen, NULL, take_event, take_trouble};
	void *d = event_json_document_open(&sink);

	ck_assert_ptr_nonnull(d);
	for (; t.len != 0; t = text_from(t, chunk))
		ck_assert_int_eq(event_json_document_feed(d, t.p, text_upto(t, chunk).len), OK);
	ck_assert_int_eq(event_json_document_finish(d), OK);
	event_json_document_close(d);
	return seen;
}

static struct event_record
decode(const char *object, char *room)
{
	static struct event_json_found found;
	struct event_record e = {.number = 0};

	ck_assert_msg(event_json_find(text_of(object), &found), "%s", object);
	event_json_decode(&found, room, &e);
	return e;
}

static void
assert_text(struct text got, const char *wanted)
{
	ck_assert_msg(text_equal(got, text_of(wanted)), "%.*s is not %s", TEXT_ARG(got), wanted);
}

/* Events */

START_TEST(string_forms)
{
	static const char *const forms[] = {
		"{\"EventData\":{\"Data\":{\"#text\":[\"a\",\"b\",\"c\"]}}}",
		"{\"EventData\":{\"Data\":[\"a\",\"b\",\"c\"],\"Binary\":\"00\"}}",
		"{\"EventData\":{\"Data\":[\"a\",{\"#text\":\"b\"},{\"#text\":\"c\"}]}}",
		"{\"EventData\":{\"Data\":\"a\",\"Data\":\"b\",\"Data\":\"c\"}}",
		"{\"event_data\":{\"param3\":\"c\",\"param1\":\"a\",\"param2\":\"b\"}}",
		"{\"ReplacementStrings\":[\"a\",\"b\",\"c\"]}",
		"{\"Properties\":[{\"Value\":\"a\"},{\"Value\":\"b\"},{\"Value\":\"c\"}]}",
		"{\"Properties\":[\"a\",\"b\",\"c\"],\"EventData\":{\"param1\":\"x\"}}",
	};
	char room[256];
	struct event_record e = decode(forms[_i], room);

	ck_assert_uint_eq(e.string_count, 3);
	assert_text(e.strings[0].value, "a");
	assert_text(e.strings[1].value, "b");
	assert_text(e.strings[2].value, "c");
	ck_assert_ptr_null(e.strings[0].name.p);
}
END_TEST

START_TEST(named_strings)
{
	static const char *const forms[] = {
		"{\"EventData\":{\"Ip\":\"a\",\"To\":\"b\"}}",
		"{\"EventData\":{\"Data\":[{\"Name\":\"Ip\",\"#text\":\"a\"},"
		"{\"@Name\":\"To\",\"#text\":\"b\"}]}}",
		"{\"EventData\":{\"Data\":[{\"#attributes\":{\"Name\":\"Ip\"},\"#text\":\"a\"},"
		"{\"#attributes\":{\"Name\":\"To\"},\"#text\":\"b\"}]}}",
	};
	char room[256];
	struct event_record e = decode(forms[_i], room);

	ck_assert_uint_eq(e.string_count, 2);
	assert_text(e.strings[0].name, "Ip");
	assert_text(e.strings[0].value, "a");
	assert_text(e.strings[1].name, "To");
	assert_text(e.strings[1].value, "b");
}
END_TEST

static const struct {
	const char *value;
	int year, hour, second, us;
	bool is_local;
} times[] = {
	{"\"2026-11-20T10:00:07.1234567Z\"", 2026, 10, 7, 123456, false},
	{"\"2026-11-20 10:00:07.5 UTC\"", 2026, 10, 7, 500000, false},
	{"\"2026-11-20 10:00:07\"", 2026, 10, 7, 0, true},
	{"\"/Date(1795168807250)/\"", 2026, 10, 7, 250000, false},
	{"\"\\/Date(1795168807250+0200)\\/\"", 2026, 10, 7, 250000, false},
	{"1795168807.25", 2026, 10, 7, 250000, false},
	{"1795168807", 2026, 10, 7, 0, false},
	{"\"yesterday\"", 0, 0, 0, 0, false},
	{"1e300", 0, 0, 0, 0, false},
	{"\"/Date(99999999999999999999)/\"", 0, 0, 0, 0, false},
	{"null", 0, 0, 0, 0, false},
};

START_TEST(time_forms)
{
	char object[128], room[128];
	struct event_record e;

	(void)snprintf(object, sizeof(object), "{\"TimeCreated\":%s}", times[_i].value);
	e = decode(object, room);
	ck_assert_int_eq(e.stamp.year, times[_i].year);
	ck_assert_int_eq(e.stamp.hour, times[_i].hour);
	ck_assert_int_eq(e.stamp.second, times[_i].second);
	ck_assert_int_eq(e.stamp.us, times[_i].us);
	ck_assert_int_eq(e.stamp.is_local, times[_i].is_local);
}
END_TEST

START_TEST(numbers)
{
	char room[256];
	struct event_record e = decode("{\"EventID\":3221232482,\"EventRecordID\":\"77\"}", room);

	ck_assert_uint_eq(e.id, 7010);
	ck_assert_uint_eq(e.number, 77);
	ck_assert(!e.is_line);
	e = decode("{\"EventID\":-7010,\"EventRecordID\":1.5}", room);
	ck_assert_uint_eq(e.id, 0);
	ck_assert(e.is_line);
	e = decode("{\"event_data\":{\"param129\":\"x\",\"param0\":\"y\"}}", room);
	ck_assert_uint_le(e.string_count, EVENT_STRINGS_MAX);
	e = decode("{\"event_data\":{\"param128\":\"x\"}}", room);
	ck_assert_uint_eq(e.string_count, 128);
	assert_text(e.strings[127].value, "x");
}
END_TEST

START_TEST(too_many_strings)
{
	char object[4096], room[4096];
	size_t n = (size_t)snprintf(object, sizeof(object), "{\"ReplacementStrings\":[\"a\"");
	struct event_record e;

	for (int i = 0; i < 300; i++)
		n += (size_t)snprintf(object + n, sizeof(object) - n, ",\"b\"");
	(void)snprintf(object + n, sizeof(object) - n, "]}");
	e = decode(object, room);
	ck_assert_uint_eq(e.string_count, EVENT_STRINGS_MAX);
}
END_TEST

/* Documents */

static const char three[] = "Record 1\n{\n  \"EventRecordID\": 5,\n  \"x\": \"}{\\\"\"\n}\n"
			    "Record 2\r\n{\r\n  \"EventRecordID\": 6\r\n}\r\n{\n}\n";

START_TEST(chunks)
{
	for (size_t chunk = 1; chunk < sizeof(three); chunk++) {
		struct seen seen = read_document(text_of(three), chunk);

		ck_assert_uint_eq(seen.events, 3);
		ck_assert_uint_eq(seen.troubles, 0);
		ck_assert_uint_eq(seen.numbers[0], 5);
		ck_assert_uint_eq(seen.numbers[1], 6);
		ck_assert(seen.lines[2] && seen.numbers[2] == 10);
	}
}
END_TEST

static const struct {
	const char *text;
	size_t events, troubles;
} damages[] = {
	{"[\n  {\"a\": 1,\n  {\"b\": 2}\n]", 1, 1},                  /* no bracket at the end */
	{"[\n  {\"a\": \"x,\n   \"b\": 1},\n  {\"b\": 2}\n]", 1, 1}, /* no quote */
	{"[{\"a\": \"x,\n{\"b\": 2}\n]", 1, 1},
	{"{\n \"a\": [1, 2}\n}\n{\n}\n", 2, 0}, /* passes, and hides nothing */
	{"[{\"a\": 1},\n{\"b\": 2}", 2, 1},     /* no end */
	{"[{\"a\": 1},\n", 1, 1},
	{"[", 0, 1},
	{"[[{\"a\": 1}]", 1, 1},
	{"[{\"a\": 1}]\n\xef\xbb\xbf[{\"b\": 2}]\n", 2, 0},
	{"{}\ntext {}\n{}\nNov 20 x {\"a\": 1}\n", 2, 2}, /* another log */
	{"{}\nRecord 2 {}\n Record 3\nRecords\nRecord\n{}\n", 3, 2},
	{"{\n", 0, 1},
	{"{\"a\": \"", 0, 1},
	{"{\"a\": \"\\", 0, 1},
	{"{\"a\"}\n{}\n", 1, 1},
	{"]]]}}}\n{}\n", 1, 1},
	{"\"{\n{}\n", 1, 1},
	/* where quotes have changed sides, what was text must not be read */
	{"{\n \"a\": \"x,\n \"b\": \"}{}{}{\",\n \"c\": 1}\n{}\n", 1, 1},
	{"{\"a\": \"x\\n\"}\n{\"b\": \"\\\\\"}\n{}\n", 3, 0},
	{"", 0, 0},
	{"[]", 0, 0},
};

START_TEST(goes_on_behind_damage)
{
	struct seen seen = read_document(text_of(damages[_i].text), 3);

	ck_assert_msg(seen.events == damages[_i].events && seen.troubles == damages[_i].troubles,
		"%s: %zu events, %zu troubles (%s)", damages[_i].text, seen.events, seen.troubles,
		seen.reason);
}
END_TEST

START_TEST(bounds)
{
	enum { SIZE = 3 << 20 };
	char *big = malloc(SIZE);
	struct seen seen;
	int n;

	ck_assert_ptr_nonnull(big);
	memset(big, 'x', SIZE);
	n = snprintf(big, SIZE, "{\n\"a\": \"");
	big[n] = 'x';
	memcpy(big + SIZE - 8, "\"\n}\n{ }\n", 8);
	seen = read_document((struct text){big, SIZE}, 4096);
	ck_assert_uint_eq(seen.events, 1);
	ck_assert_uint_eq(seen.troubles, 1);
	ck_assert_msg(strstr(seen.reason, "larger than 1048576") != NULL, "%s", seen.reason);
	memset(big, '[', SIZE);
	memcpy(big, "{\n\"a\":\n", 7);
	seen = read_document((struct text){big, SIZE}, 4096);
	ck_assert_uint_eq(seen.events, 0);
	ck_assert_uint_eq(seen.troubles, 1);
	free(big);
}
END_TEST

START_TEST(sink_stops)
{
	struct seen seen = {.answer = ERR_FULL};
	const struct container_sink sink = {&seen, NULL, take_event, take_trouble};
	void *d = event_json_document_open(&sink);

	ck_assert_int_eq(event_json_document_feed(d, "{}{}", 4), ERR_FULL);
	ck_assert_uint_eq(seen.events, 1);
	event_json_document_close(d);
	event_json_document_close(NULL);
}
END_TEST

static const struct {
	const char *head;
	bool knows;
} heads[] = {
	{"Record 1\n{", true},
	{"Record 1\r\n", true},
	{"Record 1", false},
	{"Records 1\n{", false},
	{"[\n {\n  \"EventID\": 1", true},
	{"[{\"ProviderName\":\"x\"", true},
	{"\n \n{\n\"Event\": {\"System\": {\"EventID\": 1", true},
	{"{\"EventID\": 1}\n{\"EventID\": 2}\n", false}, /* lines */
	{"{\"EventID\": 1, \"Message\": \"a long one", false},
	{"{\n\"__CURSOR\": 1", false},
	{"[1, 2, 3]\n", false},
	{"[]", true},
	{" [\r\n ]\r\n", true},
	{"[] x", false},
	{"[{\"a\": \"EventID\"", false},
	{"[{\"a\": \"\\\"EventID\\\": \"", false},
	{"[{\"EventID\" : 1", true},
	{"[NOTICE] {\"EventID\": 1", false},
	{"[20/Nov/2026 07:00:03] SMTP: User {\"EventID\": 1", false},
	{"[ x {\n\"EventID\": 1", false},
	{"[\n{x \"EventID\": 1", false},
	{"{ x \"EventID\": 1\n", false},
	{"{\"log\":\"{\\\"EventID\\\":7010\n", false},
	{"# EventID", false},
	{"", false},
};

START_TEST(recognises)
{
	ck_assert_msg(event_json_document_knows(text_of(heads[_i].head)) == heads[_i].knows, "%s",
		heads[_i].head);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("event_json");
	TCase *t = tcase_create("events");

	tcase_add_loop_test(t, string_forms, 0, 8);
	tcase_add_loop_test(t, named_strings, 0, 3);
	tcase_add_loop_test(t, time_forms, 0, ORBL_COUNT(times));
	tcase_add_test(t, numbers);
	tcase_add_test(t, too_many_strings);
	suite_add_tcase(s, t);
	t = tcase_create("documents");
	tcase_add_test(t, chunks);
	tcase_add_loop_test(t, goes_on_behind_damage, 0, ORBL_COUNT(damages));
	tcase_add_test(t, bounds);
	tcase_add_test(t, sink_stops);
	tcase_add_loop_test(t, recognises, 0, ORBL_COUNT(heads));
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
