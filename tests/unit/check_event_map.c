#include "event_map.h"

#include <string.h>

#include "event_denial.h"
#include "event_message.h"
#include "unit.h"

static struct parse_state state;
static struct event_map *map;

static void
set_up(void)
{
	map = event_map_new();
	ck_assert_ptr_nonnull(map);
}

static void
tear_down(void)
{
	event_map_free(map);
}

static void
assert_text(struct text got, const char *wanted)
{
	if (wanted == NULL)
		ck_assert_ptr_null(got.p);
	else
		ck_assert_msg(got.p != NULL && text_equal(got, text_of(wanted)), "%.*s is not %s",
			TEXT_ARG(got), wanted);
}

static void
add(const char *row)
{
	struct error e = {OK, ""};

	ck_assert_msg(event_map_add(map, row, &e) == OK, "%s", e.text);
}

static struct event_record
event_of(const char *source, uint32_t id, size_t count, const char *const *strings)
{
	struct event_record e = {.number = 17,
		.stamp = {.year = 2003, .month = 4, .day = 1, .hour = 11, .second = 31},
		.source = text_of(source),
		.id = id,
		.computer = TEXT("MAIL1"),
		.string_count = count};

	for (size_t i = 0; i < count; i++)
		e.strings[i].value = text_of(strings[i]);
	return e;
}

static enum parse_result
judge(const char *source, uint32_t id, size_t count, const char *const *strings, struct denial *d)
{
	struct event_record e = event_of(source, id, count, strings);

	return event_map_judge(map, &e, &state, d);
}

static enum parse_result
judge_message(const char *source, uint32_t id, const char *message, struct denial *d)
{
	struct event_record e = event_of(source, id, 0, NULL);

	e.message = text_of(message);
	return event_map_judge(map, &e, &state, d);
}

static void
assert_client(const struct denial *d, const char *wanted)
{
	char address[ADDR_TEXT];

	ck_assert_str_eq(addr_format(&d->client, address), wanted);
}

/* Exchange 2000 and 2003 */

#define UNABLE "550 5.7.1 Unable to relay for victim@remote.example\r\n"

static enum parse_result
judge_2000(const char *client, const char *command, const char *reply, const char *full,
	struct denial *d)
{
	const char *const strings[] = {"1", "1126", client, command, reply, full};

	return judge("MSExchangeTransport", 7010, 6, strings, d);
}

START_TEST(transport_denial)
{
	struct denial d;

	ck_assert_int_eq(judge_2000("192.0.2.7", "rcpt", UNABLE,
				 "rcpt TO:<victim@remote.example>  ", &d),
		PARSE_DENIAL);
	assert_client(&d, "192.0.2.7");
	assert_text(d.recipient, "victim@remote.example");
	assert_text(d.reply, "550 5.7.1 Unable to relay for victim@remote.example");
	assert_text(d.server, "MAIL1");
	assert_text(d.sender, NULL);
	assert_text(d.helo, NULL);
	assert_text(d.account, NULL);
	ck_assert_int_eq(d.kind, DENIAL_RELAY);
	ck_assert(d.is_record && d.line == 17);
	ck_assert(state.stamp.year == 2003 && state.stamp.second == 31);
	assert_text(d.raw,
		"Event MSExchangeTransport 7010 record 17: 1; 1126; 192.0.2.7; rcpt; "
		"550 5.7.1 Unable to relay for victim@remote.example; "
		"rcpt TO:<victim@remote.example>");
}
END_TEST

START_TEST(transport_others)
{
	struct denial d;

	ck_assert_int_eq(judge_2000("192.0.2.7", "mail", "501 5.5.4 Invalid Address",
				 "mail FROM:", &d),
		PARSE_REJECTION);
	ck_assert_int_eq(judge_2000("192.0.2.7", "mail", UNABLE, "mail FROM:<a@b.example>", &d),
		PARSE_REJECTION);
	ck_assert_int_eq(judge_2000("192.0.2.7", "rcpt", "250 2.1.5 ok", "rcpt TO:<a@b.example>",
				 &d),
		PARSE_SKIP);
	ck_assert_int_eq(judge_2000("192.0.2.7", "rcpt",
				 "550 5.1.1 User unknown 550 5.7.1 Unable to relay",
				 "rcpt TO:<550 5.7.1 Unable to relay@b.example>", &d),
		PARSE_REJECTION);
	ck_assert_int_eq(judge_2000("mail.example", "rcpt", UNABLE, "rcpt TO:<a@b.example>", &d),
		PARSE_BAD);
	ck_assert_ptr_nonnull(state.reason);
	/* Outbound. */
	{
		const char *const strings[] = {"1", "5", "192.0.2.9", "rcpt", UNABLE,
			"RCPT TO:<a@b>"};

		ck_assert_int_eq(judge("MSExchangeTransport", 7002, 6, strings, &d), PARSE_SKIP);
		ck_assert_int_eq(judge("MSExchangeTransport", 7004, 6, strings, &d), PARSE_SKIP);
		ck_assert_int_eq(judge("SMTPSVC", 7010, 6, strings, &d), PARSE_SKIP);
		ck_assert_int_eq(judge("MSExchangeTransport", 7010, 5, strings, &d), PARSE_SKIP);
	}
	ck_assert_int_eq(judge("MSExchangeTransport", 1035, 0, NULL, &d), PARSE_REJECTION);
	ck_assert_int_eq(state.rejection, REJECTION_AUTHENTICATION);
	ck_assert_int_eq(judge("MSExchangeFrontEndTransport", 1035, 0, NULL, &d), PARSE_REJECTION);
	ck_assert_int_eq(judge("MSExchangeFrontEndTransport", 7010, 0, NULL, &d), PARSE_SKIP);
}
END_TEST

START_TEST(transport_recipient_forms)
{
	static const struct {
		const char *full, *recipient;
	} cases[] = {
		{"RCPT to:<a@b.example>", "a@b.example"},
		{"rcpt TO:<\"a b\"@c.example> NOTIFY=NEVER\r\n", "\"a b\"@c.example"},
		{"rcpt", NULL},
		{"RCPT TO:", NULL},
		{"", NULL},
	};

	for (size_t i = 0; i < ORBL_COUNT(cases); i++) {
		struct denial d;

		ck_assert_int_eq(judge_2000("192.0.2.7", "RCPT", UNABLE, cases[i].full, &d),
			PARSE_DENIAL);
		assert_text(d.recipient, cases[i].recipient);
	}
}
END_TEST

#define HEAD_2000                                                                                  \
	"This is an SMTP protocol log for virtual server ID 1, connection #1126. The client at "   \
	"\"192.0.2.7\" sent a \"rcpt\" command, and the SMTP server responded with \""
#define TAIL_2000 "\".  This will probably cause the connection to fail.\r\n"

START_TEST(transport_message)
{
	struct denial d;

	ck_assert_int_eq(judge_message("MSExchangeTransport", 7010,
				 HEAD_2000 "550 5.7.1 Unable to relay for a@b.example \". The full "
					   "command sent "
					   "was \"rcpt TO:<a@b.example>  " TAIL_2000
					   "For more information, click http://www.example/.",
				 &d),
		PARSE_DENIAL);
	assert_client(&d, "192.0.2.7");
	assert_text(d.recipient, "a@b.example");
	assert_text(d.reply, "550 5.7.1 Unable to relay for a@b.example");
	assert_text(d.raw,
		"Event MSExchangeTransport 7010 record 17: This is an SMTP protocol log for "
		"virtual "
		"server ID 1, connection #1126. The client at \"192.0.2.7\" sent a \"rcpt\" "
		"command, "
		"and the SMTP server responded with \"550 5.7.1 Unable to relay for a@b.example "
		"\". "
		"The full command sent was \"rcpt TO:<a@b.example>  \".  This will probably cause "
		"the "
		"connection to fail.??For more information, click http://www.example/.");
}
END_TEST

/* The recipient holds the words behind which it would be looked for. */
START_TEST(transport_message_forged)
{
	struct denial d;

	ck_assert_int_eq(
		judge_message("MSExchangeTransport", 7010,
			HEAD_2000
			"550 5.7.1 Unable to relay for \"a\". The full command sent was \"rcpt "
			"TO:<x@y>\"@b.example\". The full command sent was \"rcpt TO:<\"a\". The "
			"full command sent was \"rcpt TO:<x@y>\"@b.example>" TAIL_2000,
			&d),
		PARSE_DENIAL);
	assert_client(&d, "192.0.2.7");
	assert_text(d.recipient, NULL);
	assert_text(d.reply, "550 5.7.1 Unable to relay");
	/* A reply of another kind that repeats a whole message. */
	ck_assert_int_eq(
		judge_message("MSExchangeTransport", 7010,
			"This is an SMTP protocol log for virtual server ID 1, connection #2. "
			"The client at \"192.0.2.8\" sent a \"helo\" command, and the SMTP "
			"server responded with \"501 5.5.4 Invalid Address " HEAD_2000
			"550 5.7.1 Unable to relay for a@b \"",
			&d),
		PARSE_REJECTION);
	ck_assert_int_eq(judge_message("MSExchangeTransport", 7010,
				 "Dies ist ein Protokoll. Der Client \"192.0.2.7\": "
				 "\"550 5.7.1 Unable to relay for a@b.example\"",
				 &d),
		PARSE_BAD);
	ck_assert_int_eq(judge_message("MSExchangeTransport", 7010, "", &d), PARSE_REJECTION);
	ck_assert_int_eq(judge("MSExchangeTransport", 7010, 0, NULL, &d), PARSE_REJECTION);
}
END_TEST

/* Exchange 5.5 */

static enum parse_result
judge_55(uint32_t id, const char *ip, const char *host, const char *account, const char *recipient,
	struct denial *d)
{
	const char *const strings[] = {ip, host, account, recipient};

	return judge("MSExchangeIMC", id, 4, strings, d);
}

START_TEST(imc_denial)
{
	struct denial d;

	ck_assert_int_eq(judge_55(2027, "198.51.100.4", "mail.bad.example", "", "v@remote.example",
				 &d),
		PARSE_DENIAL);
	assert_client(&d, "198.51.100.4");
	assert_text(d.client_name, "mail.bad.example");
	assert_text(d.account, NULL);
	assert_text(d.recipient, "v@remote.example");
	assert_text(d.reply, NULL);
	ck_assert_int_eq(d.kind, DENIAL_RELAY);
	ck_assert_int_eq(judge_55(9999, "198.51.100.4", "", "DOM\\joe", "<v@remote.example>", &d),
		PARSE_DENIAL);
	assert_text(d.client_name, NULL);
	assert_text(d.account, "DOM\\joe");
	assert_text(d.recipient, "v@remote.example");
	ck_assert_int_eq(d.kind, DENIAL_AUTHENTICATED);
}
END_TEST

START_TEST(imc_others)
{
	static const uint32_t others[] = {2000, 2003, 3010, 3011, 3039, 4031, 4116, 4117};
	struct denial d;

	for (size_t i = 0; i < ORBL_COUNT(others); i++)
		ck_assert_int_eq(judge_55(others[i], "198.51.100.4", "", "", "v@r.example", &d),
			PARSE_SKIP);
	ck_assert_int_eq(judge_55(2027, "mail.bad.example", "", "", "v@r.example", &d), PARSE_SKIP);
	ck_assert_int_eq(judge_55(2027, "a@198.51.100.4", "", "", "v@r.example", &d), PARSE_SKIP);
	ck_assert_int_eq(judge_55(2027, "198.51.100.4", "", "", "no mailbox", &d), PARSE_SKIP);
	ck_assert_int_eq(judge_55(2027, "198.51.100.4", "", "", "see a@b for details", &d),
		PARSE_SKIP);
	ck_assert_int_eq(judge_message("MSExchangeIMC", 2027, "The service was started.", &d),
		PARSE_SKIP);
	ck_assert_int_eq(judge_message("MSExchangeIMC", 2027, "Relaying for 192.0.2.1 refused", &d),
		PARSE_BAD);
	ck_assert_ptr_nonnull(state.reason);
}
END_TEST

#define NT4 "The description for Event ID ( 2027 ) in Source ( MSExchangeIMC ) could not be found. "

START_TEST(imc_without_its_text)
{
	struct denial d;

	ck_assert_int_eq(judge_message("MSExchangeIMC", 2027,
				 NT4
				 "It contains the following insertion string(s): 198.51.100.4, , , "
				 "v@remote.example.",
				 &d),
		PARSE_BAD);
	ck_assert_ptr_nonnull(strstr(state.reason, "strings apart"));
	/* A string with a comma in it. */
	ck_assert_int_eq(judge_message("MSExchangeIMC", 2027,
				 NT4 "It contains the following insertion string(s): 198.51.100.4, "
				     "a, , "
				     "\"v, 192.0.2.1\"@relay.example.",
				 &d),
		PARSE_BAD);
	ck_assert_int_eq(
		judge_message("MSExchangeTransport", 7010,
			"The description for Event ID ( 7010 ) in Source ( MSExchangeTransport ) "
			"cannot be found. The following information is part of the event: 1, "
			"1126, 192.0.2.7, rcpt, 550 5.7.1 Unable to relay for a@b.example , rcpt "
			"TO:<a@b.example> .",
			&d),
		PARSE_DENIAL);
	assert_text(d.recipient, "a@b.example");
}
END_TEST

START_TEST(message_splits)
{
	struct text out[4];

	ck_assert(event_message_is_unmade(TEXT(NT4)));
	ck_assert(!event_message_is_unmade(TEXT("x" NT4)));
	ck_assert(!event_message_split(TEXT(NT4), 4, out));
	ck_assert(
		event_message_split(TEXT(NT4 "The following information was included with the "
					     "event: \r\n\r\n192.0.2.1\r\n\r\n\r\nb@c.example\r\n"),
			4, out));
	assert_text(out[0], "192.0.2.1");
	ck_assert_uint_eq(out[1].len, 0);
	assert_text(out[3], "b@c.example");
	ck_assert(!event_message_split(TEXT(NT4 "The following information was included with the "
						"event: a\nb\nc"),
		4, out));
	/* A second mark, in a string, is none. */
	ck_assert(!event_message_split(TEXT(NT4 "It contains the following insertion string(s): It "
						"contains the following "
						"insertion string(s): 1, 2, 3, 4, 5."),
		4, out));
}
END_TEST

/* The operator's rows */

START_TEST(row_by_place)
{
	const char *const strings[] = {"x", "192.0.2.9:2525", "helo.example", "450 4.7.1 no", "<>"};
	struct denial d;

	add("My Gateway:77:reply=4,ip=2,helo=3,sender=5");
	ck_assert_int_eq(judge("my gateway", 77, 5, strings, &d), PARSE_DENIAL);
	assert_client(&d, "192.0.2.9");
	assert_text(d.helo, "helo.example");
	assert_text(d.sender, "");
	assert_text(d.recipient, NULL);
	ck_assert_int_eq(d.kind, DENIAL_RELAY_TEMPORARY);
	ck_assert_int_eq(judge("My Gateway", 78, 5, strings, &d), PARSE_SKIP);
	ck_assert_int_eq(judge("My Gateway", 77, 1, strings, &d), PARSE_BAD);
	ck_assert_int_eq(judge("My Gateway", 77, 0, NULL, &d), PARSE_BAD);
}
END_TEST

START_TEST(row_by_name_and_text)
{
	struct event_record e = event_of("Filter", 5, 0, NULL);
	struct denial d;

	add("Filter:5:ip=ClientIP,recipient=To,account=User,kind=relay-denied-probable,has=denied, "
	    "for good");
	e.strings[0] = (struct event_string){TEXT("To"), TEXT("RCPT TO:<a@b.example>")};
	e.strings[1] = (struct event_string){TEXT("ClientIP"), TEXT("[2001:db8::7]")};
	e.strings[2] = (struct event_string){TEXT("User"), TEXT("joe")};
	e.string_count = 3;
	ck_assert_int_eq(event_map_judge(map, &e, &state, &d), PARSE_SKIP);
	e.message = TEXT("Relay denied, for good.");
	ck_assert_int_eq(event_map_judge(map, &e, &state, &d), PARSE_DENIAL);
	assert_client(&d, "2001:db8::7");
	assert_text(d.recipient, "a@b.example");
	assert_text(d.account, "joe");
	ck_assert_int_eq(d.kind, DENIAL_RELAY_PROBABLE);
}
END_TEST

START_TEST(row_order)
{
	const char *const strings[] = {"198.51.100.4", "", "", "v@remote.example", "192.0.2.1"};
	struct denial d;

	add("MSExchangeIMC:*:ip=5,has=never there");
	add("MSExchangeIMC:2000:ip=5");
	add("MSExchangeIMC:*:ip=1,recipient=4,kind=relay-denied-temporary");
	ck_assert_int_eq(judge("MSExchangeIMC", 2000, 5, strings, &d), PARSE_DENIAL);
	assert_client(&d, "192.0.2.1");
	ck_assert_int_eq(judge("MSExchangeIMC", 4031, 4, strings, &d), PARSE_DENIAL);
	ck_assert_int_eq(d.kind, DENIAL_RELAY_TEMPORARY);
	/* Any id: only events that have an address there. */
	ck_assert_int_eq(judge("MSExchangeIMC", 4031, 4, strings + 1, &d), PARSE_SKIP);
	ck_assert(event_map_concerns(map, TEXT("MSExchangeIMC"), 1));
	ck_assert(event_map_concerns(map, TEXT("msexchangetransport"), 7010));
	ck_assert(!event_map_concerns(map, TEXT("MSExchangeTransport"), 7011));
	ck_assert(event_map_may_concern(map, TEXT("anything")));
}
END_TEST

START_TEST(texts_of_interest)
{
	ck_assert(event_map_may_concern(map, TEXT("\"x\":\"MSExchangeIMC\"")));
	ck_assert(event_map_may_concern(map, TEXT("msexchange")));
	ck_assert(event_map_may_concern(map, TEXT("xXXMSEXCHANGETRANSPORT")));
	ck_assert(!event_map_may_concern(map, TEXT("Exchange, MSExchang")));
	ck_assert(!event_map_may_concern(map, TEXT("xxxx")));
	ck_assert(!event_map_may_concern(map, TEXT("")));
}
END_TEST

static const struct {
	const char *row, *says;
} bad_rows[] = {
	{"", "the form SOURCE:ID:"},
	{"MSExchangeIMC", "the form SOURCE:ID:"},
	{"MSExchangeIMC:7", "the form SOURCE:ID:"},
	{":7:ip=1", "the form SOURCE:ID:"},
	{"A::ip=1", "the form SOURCE:ID:"},
	{"A:x:ip=1", "not \"x\""},
	{"A:65536:ip=1", "not \"65536\""},
	{"A:7:host=1", "no ip="},
	{"A:7:ip", "\"ip\" is not FIELD=PLACE"},
	{"A:7:ip=1,", "nothing follows the last comma"},
	{"A:7:ip=1,kind=ndr-emitted,", "nothing follows the last comma"},
	{"A:7:ip=1,,host=2", "\"\" is not FIELD=PLACE"},
	{"A:7:ip=", "wants the place"},
	{"A:7:ip=0", "ip=0 is none"},
	{"A:7:ip=129", "from 1 to 128"},
	{"A:7:ip=1x", "from 1 to 128"},
	{"A:7:ip=1,ip=2", "ip is given twice"},
	{"A:7:ip=1,port=2", "no field \"port\""},
	{"A:7:ip=1,kind=denied", "no kind \"denied\"; kinds are relay-denied,"},
	{"A:7:ip=1,has=", "has= wants a text"},
};

START_TEST(row_errors)
{
	struct error e = {OK, ""};

	ck_assert_int_ne(event_map_add(map, bad_rows[_i].row, &e), OK);
	ck_assert_msg(strstr(e.text, bad_rows[_i].says) != NULL, "%s", e.text);
	ck_assert(!event_map_concerns(map, TEXT("A"), 7));
}
END_TEST

/* Identity */

START_TEST(identity_of_exports)
{
	const char *const strings[] = {"198.51.100.4", "", "", "v@remote.example"};
	struct event_record e = event_of("MSExchangeIMC", 2027, 4, strings);
	struct denial d;
	char first[2048];
	size_t len;

	ck_assert_int_eq(event_map_judge(map, &e, &state, &d), PARSE_DENIAL);
	ck_assert(d.identity.p != NULL && d.identity.len < sizeof(first));
	len = d.identity.len;
	memcpy(first, d.identity.p, len);
	e.stamp.us = 125000;
	e.stamp.hour = 13;
	e.stamp.offset_s = 7200;
	e.computer = TEXT("mail1");
	ck_assert_int_eq(event_map_judge(map, &e, &state, &d), PARSE_DENIAL);
	ck_assert(text_equal(d.identity, (struct text){first, len}));
	e.number++;
	ck_assert_int_eq(event_map_judge(map, &e, &state, &d), PARSE_DENIAL);
	ck_assert(!text_equal(d.identity, (struct text){first, len}));
	e.is_line = true;
	ck_assert_int_eq(event_map_judge(map, &e, &state, &d), PARSE_DENIAL);
	ck_assert_ptr_null(d.identity.p);
	ck_assert(!d.is_record);
}
END_TEST

/* From a damaged part of a log. */
START_TEST(doubtful_record)
{
	const char *const imc[] = {"198.51.100.4", "", "", "v@remote.example"};
	const char *const known[] = {"198.51.100.4", "", "joe", "v@remote.example"};
	struct event_record e = event_of("MSExchangeIMC", 2027, 4, imc);
	struct denial d;

	ck_assert_int_eq(event_map_judge(map, &e, &state, &d), PARSE_DENIAL);
	ck_assert_int_eq(d.kind, DENIAL_RELAY);
	e.doubtful = true;
	ck_assert_int_eq(event_map_judge(map, &e, &state, &d), PARSE_DENIAL);
	ck_assert_int_eq(d.kind, DENIAL_RELAY_PROBABLE);
	e = event_of("MSExchangeIMC", 2027, 4, known);
	e.doubtful = true;
	ck_assert_int_eq(event_map_judge(map, &e, &state, &d), PARSE_DENIAL);
	ck_assert_int_eq(d.kind, DENIAL_AUTHENTICATED);
	add("Own:1:ip=1,reply=2,kind=relay-denied");
	add("Own:2:ip=1,reply=2");
	add("Own:3:ip=1,kind=ndr-emitted");
	for (uint32_t id = 1; id <= 3; id++) {
		static const enum denial_kind sound[] = {DENIAL_RELAY, DENIAL_RELAY_TEMPORARY,
			DENIAL_NDR};
		static const enum denial_kind weak[] = {DENIAL_RELAY_PROBABLE,
			DENIAL_RELAY_PROBABLE, DENIAL_NDR};
		const char *const strings[] = {"198.51.100.4", "450 no"};

		e = event_of("Own", id, 2, strings);
		ck_assert_int_eq(event_map_judge(map, &e, &state, &d), PARSE_DENIAL);
		ck_assert_int_eq(d.kind, sound[id - 1]);
		e.doubtful = true;
		ck_assert_int_eq(event_map_judge(map, &e, &state, &d), PARSE_DENIAL);
		ck_assert_int_eq(d.kind, weak[id - 1]);
	}
}
END_TEST

START_TEST(long_strings)
{
	static char big[100000];
	const char *const strings[] = {"192.0.2.1", big, big, big, big, big, big};
	struct event_record e = event_of(big, 1, 7, strings);
	char row[] = "A:1:ip=1,host=2,account=3,recipient=4,sender=5,helo=6,reply=7";
	struct denial d;

	memset(big, 'a', sizeof(big) - 1);
	add(row);
	e = event_of("A", 1, 7, strings);
	e.computer = text_of(big);
	ck_assert_int_eq(event_map_judge(map, &e, &state, &d), PARSE_DENIAL);
	ck_assert_uint_gt(d.recipient.len, 500);
	ck_assert_uint_gt(d.reply.len, 500);
	ck_assert_uint_gt(d.identity.len, 500);
	ck_assert_uint_le(state.used, PARSE_SCRATCH_SIZE);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("event_map");
	TCase *t = tcase_create("Exchange 2000");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, transport_denial);
	tcase_add_test(t, transport_others);
	tcase_add_test(t, transport_recipient_forms);
	tcase_add_test(t, transport_message);
	tcase_add_test(t, transport_message_forged);
	suite_add_tcase(s, t);
	t = tcase_create("Exchange 5.5");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, imc_denial);
	tcase_add_test(t, imc_others);
	tcase_add_test(t, imc_without_its_text);
	tcase_add_test(t, message_splits);
	suite_add_tcase(s, t);
	t = tcase_create("rows of the operator");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, row_by_place);
	tcase_add_test(t, row_by_name_and_text);
	tcase_add_test(t, row_order);
	tcase_add_test(t, texts_of_interest);
	tcase_add_loop_test(t, row_errors, 0, ORBL_COUNT(bad_rows));
	suite_add_tcase(s, t);
	t = tcase_create("identity");
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, identity_of_exports);
	tcase_add_test(t, doubtful_record);
	tcase_add_test(t, long_strings);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
