/* What a client can get into the first lines of a log of text must not make it another file. */
#include "container.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

/* How logs of text start, up to what may be a client's. */
static const char *const starts[] = {
	"Nov 20 07:00:01 mx postfix/smtpd[1]: warning: ",
	"<22>Nov 20 07:00:01 mx postfix/smtpd[1]: ",
	"<22>1 2026-11-20T07:00:01Z mx postfix/smtpd 1 - - ",
	"2026-11-20T07:00:01.123456+00:00 mx postfix/smtpd[1]: ",
	"2026-11-20T07:00:01.123456789Z stdout F ",
	"2026-11-20 07:00:01 H=(",
	"@400000006b016bab00000400 4242 < ",
	"@400000006b016bab00000400 1 < ",
	"4242 < ",
	"1 < ",
	"[NOTICE] [D33D6290-C923-4DAC-A4B4-D0E7B8FAF010] [core] C: ",
	"[20/Nov/2026 07:00:01] SMTP: User ",
	"[11/20/26 07:00:00]****************** LOG FILE STARTED *******************\n",
	"11/20/26 07:00:01\tSMTP-IN\tX.MAI\t816\t192.0.2.10\tHELO\t",
	"\"SMTPD\"\t3012\t17\t\"2026-11-20 07:00:00.123\"\t\"192.0.2.10\"\t\"RECEIVED: ",
	"Fri 2026-11-20 07:00:00.117: 05: [1] <-- ",
	"START Event Log / MDaemon PRO v26.0.3\n",
	"Nov-20-26 07:00:01 m1-25391-06124 [Worker_1] [RelayAttempt] 192.0.2.10 <",
	"#Software: Microsoft Exchange Server\n",
	"2020-11-27T09:34:38.010Z,M\\D,S1,1,10.0.1.5:25,192.0.2.1:54368,<,",
	"2026-11-20 05:20:00 198.51.100.7 ",
	"192.0.2.1, ",
	"192.0.2.1 - ",
	"4/2/01 11:44:31 AM : <<< ",
	"Level,Date and Time,Source,Event ID,Task Category\n",
	"Error,11/20/2026 7:00:56 PM,MSExchangeTransport,7010,SMTP Protocol,\"",
	"{\"log\":\"",
	"{\"__REALTIME_TIMESTAMP\":\"1700000000000000\",\"MESSAGE\":\"",
	"{\"MESSAGE\":\"",
	"Received: ",
	"\n",
	" ",
	"\t",
};

/* In JSON a client's quotes have a backslash. */
static const struct text hostile[] = {
	TEXT("{\"EventID\": 7010, \"ProviderName\": \"MSExchangeTransport\"}"),
	TEXT("\\\"EventID\\\": 7010, \\\"event_id\\\" : 1, \\\"ProviderName\\\": 1"),
	TEXT("[{\"EventID\": 7010}]"),
	TEXT("<Events><Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>"),
	TEXT("<?xml version='1.0'?><!DOCTYPE Events><Event>"),
	TEXT("__CURSOR=s=1"),
	TEXT("__REALTIME_TIMESTAMP=1"),
	TEXT("Record 1"),
	TEXT("ElfFile\0"),
	TEXT("ElfChnk\0"),
	TEXT("\x80\0\0\0\1\0\3\0\0\x10\1\0"),
	TEXT("\0\0\0\x80\0\0\0\1\0\3\0\0\x10\1\0"),
	TEXT("\x30\0\0\0LfLe\1\0\0\0\1\0\0\0"),
};

static bool
is_json(const char *start)
{
	return start[0] == '{';
}

/* Client text directly, behind blanks of any number, and at the start of the next line. */
START_TEST(logs_of_text)
{
	static char head[CONTAINER_HEAD];
	struct text start = text_of(starts[_i]);

	for (size_t i = 0; i < ORBL_COUNT(hostile); i++) {
		struct text h = hostile[i];

		if (is_json(start.p) && (i != 1 || text_find_byte(h, '\n') != SIZE_MAX))
			continue;
		if (start.len == 1) /* at once would be what such a file starts with */
			continue;
		for (size_t pad = 0; pad < 64; pad++) {
			for (char between = ' '; between != 0;
				between = between == ' ' ? '\n' : 0) {
				size_t len = start.len + pad;
				const struct container *c;

				memcpy(head, start.p, start.len);
				memset(head + start.len, between, pad);
				memcpy(head + len, h.p, h.len);
				len += h.len;
				memset(head + len, '\n', 1);
				c = container_recognise((struct text){head, len + 1});
				ck_assert_msg(c == NULL, "%s, %zu, %zu: %s", start.p, i, pad,
					c != NULL ? c->name : "");
				memset(head + len, 'x', sizeof(head) - len);
				c = container_recognise((struct text){head, sizeof(head)});
				ck_assert_msg(c == NULL, "%s, %zu, %zu, full: %s", start.p, i, pad,
					c != NULL ? c->name : "");
			}
		}
	}
}
END_TEST

START_TEST(own_files)
{
	static const struct {
		const char *head, *name;
	} own[] = {
		{"[\n  {\n    \"EventID\": 1", "event-json"},
		{"{\r\n    \"EventID\":  1", "event-json"}, {"Record 1\r\n{", "event-json"},
		{"<Events><Event>", "event-xml"}, {"__CURSOR=s=1", "journal-export"},
		{"ElfChnk", "evtx"}, /* with its NUL */
	};

	for (size_t i = 0; i < ORBL_COUNT(own); i++) {
		size_t len = strlen(own[i].head) + (strcmp(own[i].name, "evtx") == 0);
		const struct container *c = container_recognise((struct text){own[i].head, len});

		ck_assert_msg(c != NULL && strcmp(c->name, own[i].name) == 0, "%s", own[i].head);
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("container");
	TCase *t = tcase_create("first bytes");

	tcase_add_loop_test(t, logs_of_text, 0, ORBL_COUNT(starts));
	tcase_add_test(t, own_files);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
