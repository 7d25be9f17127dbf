#include "event_xml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eventlog_fixture.h"
#include "unit.h"

#define NS "xmlns=\"http://schemas.microsoft.com/win/2004/08/events/event\""
#define SYSTEM(number)                                                                             \
	"<System><Provider Name=\"S\"/><EventID Qualifiers=\"49152\">7010</EventID>"               \
	"<TimeCreated SystemTime=\"2026-11-20T10:00:00.1234567Z\"/><EventRecordID>" number         \
	"</EventRecordID><Computer>C</Computer></System>"
#define EVENT(number, data) "<Event " NS ">" SYSTEM(number) data "</Event>"
#define LINE(number)        number " 2026-11-20T10:00:00Z S 7010 C"

static struct event_trace trace;

static void
run(const char *xml, size_t len, size_t step)
{
	memset(&trace, 0, sizeof(trace));
	ck_assert_int_eq(event_trace_run(&trace, "event-xml", xml, len, step), OK);
}

struct row {
	const char *xml;
	const char *lines; /* LF between */
	unsigned troubles;
};

/* In pieces of any size. */
static void
assert_row(const struct row *row)
{
	for (size_t step = 1; step < 2 * strlen(row->xml) + 1; step = step * 2 + 1) {
		char got[2048] = "";
		size_t len = 0;

		run(row->xml, strlen(row->xml), step);
		for (unsigned i = 0; i < trace.events; i++)
			len += (size_t)snprintf(got + len, sizeof(got) - len, "%s%s",
				i != 0 ? "\n" : "", trace.line[i]);
		ck_assert_str_eq(got, row->lines);
		ck_assert_msg(trace.troubles == row->troubles, "%s: %u troubles, %s", row->xml,
			trace.troubles, trace.trouble);
	}
}

START_TEST(forms)
{
	static const struct row rows[] = {
		{"<?xml version=\"1.0\" encoding=\"utf-16\" standalone=\"yes\"?>\r\n<Events>" EVENT(
			 "1", "<EventData><Data>a</Data><Data> b\n</Data><Data/></EventData>")
				EVENT("2",
					"<EventData><Data "
					"Name='x'>&lt;&#65;&amp;</Data></EventData>") "</"
										      "Events>\r\n",
			LINE("1") "|a| b\n|\n" LINE("2") "|x=<A&", 0},
		{"\xef\xbb\xbf" EVENT("1", "") "\n" EVENT("2",
			 "") "<?xml version='1.0'?>" EVENT("3", ""),
			LINE("1") "\n" LINE("2") "\n" LINE("3"), 0},
		{"<Event xmlns='u'><System><Provider Name='N' Guid='{}' EventSourceName='Classic'/>"
		 "<EventID>458762</EventID><TimeCreated "
		 "SystemTime='2026-11-20T10:00:00.000000000Z'/>"
		 "</System></Event>",
			"line 1 2026-11-20T10:00:00Z Classic 10 ", 0},
		{"<!-- <Event> -->\n\n<e:Events xmlns:e='u'>\n<e:Event><e:System><e:EventID>\n 7 "
		 "</e:EventID></e:System></e:Event></e:Events>",
			"line 4   7 ", 0},
		{EVENT("1",
			 "<UserData><X xmlns='y'><A>1</A><B><C>2</C></B><D a='b'/></X></UserData>"
			 "<RenderingInfo Culture='en-US'><Message>It\nwas</Message><Level>W</Level>"
			 "</RenderingInfo>"),
			LINE("1") "|A=1|C=2|D=#It\nwas", 0},
		{EVENT("1",
			 "<EventData><Binary>00FF</Binary><Data><![CDATA[<Event>]]></Data>"
			 "<ComplexData><Data>no</Data></ComplexData></EventData>"
			 "<Data>no</Data><DebugData><Message>no</Message></DebugData>"),
			LINE("1") "|<Event>", 0},
		{"", "", 0},
		{"<Events></Events>", "", 0},
		{"<Event/>", "", 0},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		assert_row(&rows[i]);
}
END_TEST

/* What is wrong with one event is not the next one's. */
START_TEST(damage)
{
	static const struct row rows[] = {
		{EVENT("1", "<EventData><Data>a</Dat></EventData>") EVENT("2", ""), LINE("2"), 1},
		{"<Events><Event><System><EventID>1</Eve" EVENT("2", "") EVENT("3", ""),
			LINE("2") "\n" LINE("3"), 2},
		{EVENT("1", "") "<Event " NS "><System><Prov", LINE("1"), 1},
		{EVENT("1", "") "</Event></Events></x>" EVENT("2", ""), LINE("1") "\n" LINE("2"),
			0},
		{"<Event><System><Provider Name=\"x></System>" EVENT("2", ""), LINE("2"), 1},
		{"<Event><UserData><a>" EVENT("2", "") EVENT("3", ""), LINE("2") "\n" LINE("3"), 1},
		{"<Event><UserData><a>" EVENT("2", ""), LINE("2"), 1},
		{"<Event><System></System></Event>" EVENT("2", ""), LINE("2"), 1},
		{"<Event><System><EventID>x</EventID></System></Event>" EVENT("2", ""), LINE("2"),
			1},
		{EVENT("1", "<x>&unknown;</x>") EVENT("2", ""), LINE("2"), 1},
		{"junk < junk > & <<<" EVENT("2", ""), LINE("2"), 1},
		/* Cut, between two events or in a tag. */
		{"<Events>" EVENT("1", ""), LINE("1"), 1},
		{"<Events>" EVENT("1", "") "<Eve", LINE("1"), 2},
		{EVENT("1", "") "<Eve", LINE("1"), 1},
		{EVENT("1", "") "\n<", LINE("1"), 1},
		{"<Events>" EVENT("1", "") "</Event", LINE("1"), 2},
		{"<Events>" EVENT("1", "") "</Events>\r\n", LINE("1"), 0},
		{"<e:Events x='y'></e:Events><Events/>" EVENT("1", ""), LINE("1"), 0},
		{"<Events><a><a><a>", "", 1},
		/* Another log behind it. */
		{EVENT("1", "") "\nNov 20 mx: x\nNov 20 mx: y\n" EVENT("2", "") "z",
			LINE("1") "\n" LINE("2"), 2},
		{"<!-- never ends " EVENT("2", ""), "", 1},
		{"<?never ends " EVENT("2", ""), LINE("2"), 0},
		{EVENT("1", "") "<![CDATA[ never ends " EVENT("2", ""), LINE("1"), 1},
		/* An event that has an event in it is one. */
		{EVENT("1", "<UserData><Event><System/></Event></UserData>"),
			LINE("1") "|System=", 0},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		assert_row(&rows[i]);
}
END_TEST

START_TEST(forgery)
{
	static const struct row rows[] = {
		{EVENT("1",
			 "<EventData><Data>&lt;/Data&gt;&lt;/EventData&gt;&lt;/Event&gt;"
			 "&lt;Event&gt;</Data></EventData>"),
			LINE("1") "|</Data></EventData></Event><Event>", 0},
		{EVENT("1",
			 "<EventData><Data><![CDATA[</Event>" EVENT("66",
				 "") "]]></Data></EventData>"),
			LINE("1") "|</Event>" EVENT("66", ""), 0},
		{"<!--" EVENT("66", "") "-->" EVENT("1", ""), LINE("1"), 0},
		{EVENT("1", "<EventData a='<Event>'><Data>x</Data></EventData>") EVENT("2", ""),
			LINE("2"), 2},
		{EVENT("1", "<EventData><Data Name='>\"/>/Event>'>x</Data></EventData>"),
			LINE("1") "|>\"/>/Event>=x", 0},
		/* What XML cannot have must not hide the event. */
		{EVENT("1",
			 "<EventData><Data>a\x01\x1f&#1;&#x0;&#xFFFF;&#99999999999;&#xd800;"
			 "b</Data></EventData>"),
			LINE("1") "|a???????b", 0},
		{EVENT("1", "<EventData><Data>a\xe9\xff\xc3\xa9</Data></EventData>"),
			LINE("1") "|a\xc3\xa9\xc3\xbf\xc3\x83\xc2\xa9", 0},
		{EVENT("1", "<EventData><Data>\xc3\xa9\xed\xa0\x80</Data></EventData>"),
			LINE("1") "|\xc3\x83\xc2\xa9\xc3\xad\xc2\xa0\xc2\x80", 0},
		{EVENT("1", "<EventData><Data>&#x41;&#10;&#x10FFFF;</Data></EventData>"),
			LINE("1") "|A\n\xf4\x8f\xbf\xbf", 0},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		assert_row(&rows[i]);
}
END_TEST

START_TEST(document_types)
{
	static const struct row rows[] = {
		{"<?xml version='1.0'?><!DOCTYPE Events [<!ENTITY a \"" EVENT("66",
			 "") "\">]><Events>" EVENT("1", "") "</Events>",
			"", 1},
		{EVENT("1", "") "<!DOCTYPE x>" EVENT("2", ""), LINE("1"), 1},
		{EVENT("1", "") "<Event><!DOCTYPE x></Event>" EVENT("2", ""), LINE("1"), 1},
	};

	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		assert_row(&rows[i]);
}
END_TEST

static void
fill(char *xml, const char *start, const char *unit, size_t count, const char *end)
{
	size_t at = strlen(start);

	memcpy(xml, start, at);
	for (size_t i = 0; i < count; i++, at += strlen(unit))
		memcpy(xml + at, unit, strlen(unit));
	memcpy(xml + at, end, strlen(end) + 1);
}

START_TEST(too_much)
{
	static char xml[5 << 20];
	static const size_t steps[] = {1000, 65536, sizeof(xml)};

	for (size_t i = 0; i < ORBL_COUNT(steps); i++) {
		fill(xml, "<Event><System>", "<a>", 65, "</a></System></Event>" EVENT("2", ""));
		run(xml, strlen(xml), steps[i]);
		ck_assert_str_eq(trace.line[0], LINE("2"));
		ck_assert_ptr_nonnull(strstr(trace.trouble, "64 deep"));
		fill(xml, "<Event><EventData><Data>", "0123456789", 27000,
			"</Data></EventData></Event>" EVENT("2", ""));
		run(xml, strlen(xml), steps[i]);
		ck_assert_str_eq(trace.line[0], LINE("2"));
		ck_assert_ptr_nonnull(strstr(trace.trouble, "256 KiB"));
		fill(xml, "<Event><EventData><Data>", "0123456789", 300000,
			"</Data></EventData></Event>" EVENT("2", ""));
		run(xml, strlen(xml), steps[i]);
		ck_assert_uint_eq(trace.events, 1);
		ck_assert_uint_eq(trace.troubles, 1);
		ck_assert_ptr_nonnull(strstr(trace.trouble, "1 MiB"));
		fill(xml, "<Event a='", "0123456789", 300000, "'></Event>" EVENT("2", ""));
		run(xml, strlen(xml), steps[i]);
		ck_assert_uint_eq(trace.events, 1);
		fill(xml, "<!--", "0123456789", 300000, "-->" EVENT("66", ""));
		run(xml, strlen(xml), steps[i]);
		ck_assert_uint_eq(trace.events, 0);
		ck_assert_uint_eq(trace.troubles, 1);
		fill(xml, "", "<Event>", 300000, EVENT("2", ""));
		run(xml, strlen(xml), steps[i]);
		ck_assert_uint_eq(trace.events, 1);
		ck_assert_uint_eq(trace.troubles, 300000);
		fill(xml, "", "<Event><UserData>", 100000, EVENT("2", ""));
		run(xml, strlen(xml), steps[i]);
		ck_assert_uint_ge(trace.events, 1);
		fill(xml, "<Events>\n", "filler text\n", 200000, EVENT("2", "") "</Events>");
		run(xml, strlen(xml), steps[i]);
		ck_assert_uint_eq(trace.events, 1);
		ck_assert_uint_eq(trace.troubles, 1);
		ck_assert_str_eq(trace.trouble, "line 2 is no part of an event");
	}
}
END_TEST

/* The line of an event without a number of its own. */
START_TEST(lines)
{
	static char xml[3 << 20];

	fill(xml, "<Events>\n", "<Event><System><EventID>7</EventID>\n</System></Event>\n", 40, "");
	run(xml, strlen(xml), 100);
	ck_assert_uint_eq(trace.events, 40);
	ck_assert_str_eq(trace.line[39], "line 80   7 ");
	fill(xml, "", "\n\n\n", 700000, "<Event><System><EventID>7</EventID></System></Event>");
	run(xml, strlen(xml), 65536);
	ck_assert_str_eq(trace.line[0], "line 2100001   7 ");
}
END_TEST

START_TEST(every_truncation)
{
	static const char xml[] = "<Events>" EVENT("1", "<EventData><Data>a</Data></EventData>")
		EVENT("2", "") "</Events>";
	const char *first = strstr(xml, "</Event>") + 8, *second = strstr(first, "</Event>") + 8;

	for (size_t len = 0; len < sizeof(xml); len++) {
		unsigned wanted = len >= (size_t)(second - xml) ? 2 :
			len >= (size_t)(first - xml)            ? 1 :
								  0;

		run(xml, len, 64);
		ck_assert_uint_eq(trace.events, wanted);
		ck_assert_msg(len == 0 || (trace.troubles == 0) == (len >= sizeof(xml) - 1),
			"%zu: %s", len, trace.trouble);
	}
}
END_TEST

/* One bit wrong: the other event is read, nothing is made up. */
START_TEST(every_bit)
{
	static char xml[] = "<Events>" EVENT("1", "<EventData><Data>a</Data></EventData>")
		EVENT("2", "<EventData><Data Name='b'>c</Data></EventData>")
			EVENT("3", "") "</Events>";
	const char *first = strstr(xml, "</Event>") + 8, *second = strstr(first, "</Event>") + 8;

	for (size_t bit = 0; bit < 8 * (sizeof(xml) - 1); bit++) {
		const char *at = xml + bit / 8;
		char *byte = xml + bit / 8;

		*byte = (char)(*byte ^ 1 << bit % 8);
		run(xml, sizeof(xml) - 1, 5000);
		*byte = (char)(*byte ^ 1 << bit % 8);
		ck_assert_uint_le(trace.events, 3);
		if (at >= first)
			ck_assert(event_trace_has(&trace, LINE("1") "|a"));
		if (at >= xml + 8 && (at < first || at >= second))
			ck_assert_msg(event_trace_has(&trace, LINE("2") "|b=c"), "bit %zu", bit);
		if (at >= xml + 8 && at < second)
			ck_assert_msg(event_trace_has(&trace, LINE("3")), "bit %zu", bit);
	}
}
END_TEST

START_TEST(tells_its_own_files)
{
	static const char *const own[] = {"<Events>", "<Event ", "<Event>",
		"\xef\xbb\xbf<Events x='y'>",
		"<?xml version='1.0'?>\r\n<!-- x -->\n<Events xmlns='x'>", "<!DOCTYPE Events>",
		"<e:Event xmlns:e='x'>"};
	static const char *const others[] = {"", "<", "<34>Oct 11 22:14:15 mx su: <Event>",
		"<html>", "<?xml version='1.0'?><log>", "{\"Event\": 1}", "Nov 20 <Event>",
		"<EventX>", "<!DOCTYPE html><Event>", "<!-- <Event>", "x<Event>", "</Event>"};

	for (size_t i = 0; i < ORBL_COUNT(own); i++)
		ck_assert_msg(event_xml_knows((struct text){own[i], strlen(own[i])}) ||
				strcmp(own[i], "<Event ") == 0,
			"%s", own[i]);
	for (size_t i = 0; i < ORBL_COUNT(others); i++)
		ck_assert_msg(!event_xml_knows((struct text){others[i], strlen(others[i])}), "%s",
			others[i]);
}
END_TEST

START_TEST(ends_when_the_sink_does)
{
	static const char xml[] = EVENT("1", "") EVENT("2", "");

	memset(&trace, 0, sizeof(trace));
	trace.stop_after = 1;
	ck_assert_int_eq(event_trace_run(&trace, "event-xml", xml, sizeof(xml) - 1, 50), ERR_FULL);
	ck_assert_uint_eq(trace.events, 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("event_xml");
	TCase *read = tcase_create("read"), *hostile = tcase_create("hostile");

	tcase_set_timeout(hostile, 120);
	tcase_add_test(read, forms);
	tcase_add_test(read, lines);
	tcase_add_test(read, tells_its_own_files);
	tcase_add_test(read, ends_when_the_sink_does);
	tcase_add_test(hostile, damage);
	tcase_add_test(hostile, forgery);
	tcase_add_test(hostile, document_types);
	tcase_add_test(hostile, too_much);
	tcase_add_test(hostile, every_truncation);
	tcase_add_test(hostile, every_bit);
	suite_add_tcase(s, read);
	suite_add_tcase(s, hostile);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
