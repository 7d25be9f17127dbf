/* Notices: which listings are told to whom, when, and as what message. */
#include "notify.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <event2/event.h>
#include <sodium.h>

#include <orbl/file.h>
#include <orbl/log.h>
#include <orbl/store_listing.h>
#include <orbl/store_notice.h>
#include <orbl/store_probe.h>

#include "analyzer_fixture.h"
#include "notice_message.h"
#include "resolver_fixture.h"
#include "scratch.h"
#include "store_sql.h"
#include "unit.h"

enum { DAY = 86400, NOW = 1900000000 };
#define TOKEN28 "abcdefghijklmnopqrstuvwxyz23"

static struct conf *conf;
static struct store *store;
static struct event_base *base;
static struct txt_lookup *lookup;
static struct notify *notify;
static struct resolver_fixture resolver;

#define SET                                                                                        \
	"notify.spool = spool\nnotify.contacts = contacts.example\n"                               \
	"notify.from = \"abuse@list.example\"\nnotify.per_day = 2\n"                               \
	"delist.resolver = 127.0.6.54@53\nzone.policy = \"https://list.example/policy\"\n"

static void
set_up(void)
{
	struct txt_lookup_conf asks = {.timeout_ms = 10000};

	scratch_enter();
	log_open("check", LOG_LEVEL_ERROR);
	conf = fixture_conf(SET);
	ck_assert_int_eq(mkdir("spool", 0700), 0);
	ck_ok(store_open(conf->store_path, &store, trouble()));
	base = event_base_new();
	resolver_fixture_open(&resolver, "127.0.6.54");
	resolver_fixture_serve(&resolver, base);
	asks.resolver = resolver.where;
	ck_ok(txt_lookup_new(base, &asks, &lookup, trouble()));
	ck_ok(notify_check(conf, trouble()));
	ck_ok(notify_new(conf, store, lookup, &notify, trouble()));
	resolver.record = "abuse@isp.example";
}

static void
tear_down(void)
{
	txt_lookup_free(lookup);
	notify_free(notify);
	resolver_fixture_close(&resolver);
	event_base_free(base);
	store_close(store);
	conf_free(conf);
	scratch_leave();
}

/* --- listings and messages -------------------------------------------------------- */

static const char result[] =
	"{\"cases\":[{\"case\":\"P01-plain\",\"mail_from\":\"<" TOKEN28
	"@d>\",\"rcpt_to\":\"<" TOKEN28
	"@d>\",\"rcpt_reply\":\"250 ok\",\"data_reply\":\"250 queued\",\"answer\":\"accepted\","
	"\"arrived\":true}],\"transcript\":[\"T < 220 host.example\",\"T > RCPT TO:<" TOKEN28
	"@d>\",\"T < 250 " TOKEN28 "\"]}";

static void
list(const char *prefix, enum category category, int64_t since_s, int64_t effective_s)
{
	struct store_listing l = {.prefix = fixture_prefix(prefix),
		.category = category,
		.since_s = since_s,
		.expires_s = NOW + 30 * DAY,
		.effective_s = effective_s,
		.reason = "P01-plain came back"};

	ck_ok(store_probe_queue(store, &l.prefix.addr, CAUSE_NOMINATION, since_s, &l.probe,
		trouble()));
	ck_ok(store_probe_finish(store, l.probe, "open", "it came back", result, since_s,
		trouble()));
	ck_ok(store_listing_put(store, &l, trouble()));
}

static size_t
count_messages(void)
{
	DIR *d = opendir("spool");
	struct dirent *entry;
	size_t n = 0;

	while ((entry = readdir(d)) != NULL)
		n += strstr(entry->d_name, ".eml") != NULL;
	closedir(d);
	return n;
}

static void
run(int64_t now_s)
{
	notify_run(notify, now_s);
	for (int i = 0; i < 400 && txt_lookup_count(lookup) != 0; i++)
		ck_assert_int_ge(event_base_loop(base, EVLOOP_ONCE), 0);
}

static char *
message(int number)
{
	char path[64], *bytes;
	size_t len;

	snprintf(path, sizeof(path), "spool/notice-%d.eml", number);
	ck_ok(file_read(path, 1 << 20, &bytes, &len, trouble()));
	return bytes;
}

static void
assert_has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in: %s", part, text);
}

START_TEST(a_new_listing_is_told_once)
{
	list("192.0.2.7", CATEGORY_RELAY, NOW, 0);
	run(NOW);
	ck_assert_uint_eq(count_messages(), 1);
	ck_assert_uint_eq(resolver.questions, 1);
	run(NOW + 3600);
	list("192.0.2.7", CATEGORY_RELAY, NOW + 9, 0); /* renewed */
	run(NOW + 7200);
	ck_assert_uint_eq(resolver.questions, 1);
	ck_assert_int_eq(unlink("spool/notice-1.eml"), 0);
	run(NOW + 9000);
	ck_assert_uint_eq(count_messages(), 0);
}
END_TEST

START_TEST(only_these_categories_are_told)
{
	list("192.0.2.1", CATEGORY_SUSPECT, NOW, 0);
	list("192.0.2.2", CATEGORY_UNTESTABLE, NOW, 0);
	run(NOW);
	ck_assert_uint_eq(resolver.questions, 0);
	list("192.0.2.3", CATEGORY_RELAY_OUTPUT, NOW, NOW + 7 * DAY);
	list("2001:db8::/64", CATEGORY_RELAY_INPUT, NOW, 0);
	run(NOW + 60);
	ck_assert_uint_eq(resolver.questions, 2);
	ck_assert_uint_eq(count_messages(), 2);
}
END_TEST

START_TEST(a_contact_gets_so_many_a_day)
{
	list("192.0.2.1", CATEGORY_RELAY, NOW, 0);
	list("192.0.2.2", CATEGORY_RELAY, NOW, 0);
	list("192.0.2.3", CATEGORY_RELAY, NOW, 0);
	run(NOW);
	ck_assert_uint_eq(count_messages(), 2);
	run(NOW + DAY - 1);
	ck_assert_uint_eq(count_messages(), 2);
	run(NOW + DAY + 60);
	ck_assert_uint_eq(count_messages(), 3);
	ck_assert_uint_eq(resolver.questions, 3); /* the contact was known */
}
END_TEST

START_TEST(who_has_no_contact_is_not_asked_for_again)
{
	resolver.record = NULL;
	list("192.0.2.1", CATEGORY_RELAY, NOW, 0);
	run(NOW);
	resolver.record = "abuse@isp.example";
	run(NOW + 3600);
	ck_assert_uint_eq(resolver.questions, 1);
	ck_assert_uint_eq(count_messages(), 0);
	resolver.record = "nobody at all";
	list("192.0.2.2", CATEGORY_RELAY, NOW, 0);
	run(NOW + 7200);
	ck_assert_uint_eq(count_messages(), 0);
}
END_TEST

START_TEST(a_resolver_that_fails_is_asked_again)
{
	list("192.0.2.1", CATEGORY_RELAY, NOW, 0);
	resolver.rcode = 2;
	resolver.record = NULL;
	run(NOW);
	ck_assert_uint_eq(count_messages(), 0);
	resolver.rcode = 0;
	resolver.record = "abuse@isp.example";
	run(NOW + 3600);
	ck_assert_uint_eq(count_messages(), 1);
}
END_TEST

START_TEST(a_resolver_that_fails_for_a_day_is_given_up)
{
	int64_t n = 0;

	list("192.0.2.1", CATEGORY_RELAY, NOW - 9 * DAY, 0);
	resolver.rcode = 2;
	resolver.record = NULL;
	run(NOW);
	run(NOW + DAY - 1); /* the day begins with the first lookup */
	ck_ok(store_number(store, trouble(), &n,
		"SELECT count(*) FROM notice"
		" WHERE state = 'waiting'",
		""));
	ck_assert_int_eq(n, 1);
	run(NOW + DAY + 60);
	ck_assert_uint_eq(resolver.questions, 3);
	ck_ok(store_number(store, trouble(), &n,
		"SELECT count(*) FROM notice"
		" WHERE state = 'no-answer'",
		""));
	ck_assert_int_eq(n, 1);
	resolver.rcode = 0;
	resolver.record = "abuse@isp.example";
	run(NOW + 2 * DAY);
	ck_assert_uint_eq(resolver.questions, 3);
	ck_assert_uint_eq(count_messages(), 0);
}
END_TEST

START_TEST(what_was_delisted_before_is_not_told)
{
	struct addr host = fixture_address("192.0.2.1");

	list("192.0.2.1", CATEGORY_RELAY, NOW, 0);
	resolver.rcode = 2;
	run(NOW);
	ck_ok(store_listing_remove(store, &host, CATEGORY_ALL_MASK, NULL, trouble()));
	resolver.rcode = 0;
	run(NOW + 3600);
	ck_assert_uint_eq(count_messages(), 0);
	list("192.0.2.1", CATEGORY_RELAY, NOW + 7200, 0); /* again: another listing */
	run(NOW + 7200);
	ck_assert_uint_eq(count_messages(), 1);
}
END_TEST

START_TEST(a_spool_that_cannot_be_written_loses_nothing)
{
	list("192.0.2.1", CATEGORY_RELAY, NOW, 0);
	ck_assert_int_eq(rmdir("spool"), 0);
	log_open("check", (enum log_level) - 1);
	run(NOW);
	ck_assert_int_eq(mkdir("spool", 0700), 0);
	run(NOW + 3600);
	ck_assert_uint_eq(count_messages(), 1);
}
END_TEST

START_TEST(many_bad_names_do_not_stop_the_others)
{
	char prefix[PREFIX_TEXT];

	resolver.rcode = 2;
	for (int i = 1; i <= 40; i++) {
		snprintf(prefix, sizeof(prefix), "192.0.2.%d", i);
		list(prefix, CATEGORY_RELAY, NOW, 0);
	}
	for (int i = 0; i < 3; i++)
		run(NOW + 60 * i);
	ck_assert_uint_eq(resolver.questions, 40);
}
END_TEST

START_TEST(options_belong_together)
{
	static const char *const lines[] = {
		"notify.spool = spool\nnotify.contacts = c.example\nnotify.from = "
		"\"a@b.example\"\n",
		"notify.spool = spool\ndelist.resolver = 127.0.0.1@53\nnotify.from = "
		"\"a@b.example\"\n",
		"notify.spool = spool\nnotify.contacts = c.example\ndelist.resolver = "
		"127.0.0.1@53\n",
		"notify.spool = spool\nnotify.contacts = c.example\ndelist.resolver = "
		"127.0.0.1@53\n"
		"notify.from = \"List <a@b.example>\"\n",
	};
	static const char *const names[] = {"delist.resolver", "notify.contacts", "notify.from",
		"notify.from"};

	for (size_t i = 0; i < ORBL_COUNT(lines); i++) {
		struct conf *c = fixture_conf(lines[i]);

		ck_assert_int_eq(notify_check(c, trouble()), ERR_SYNTAX);
		assert_has(trouble()->text, names[i]);
		conf_free(c);
	}
}
END_TEST

/* --- the message -------------------------------------------------------------------- */

static json_t *
report_of(const char *text)
{
	const char *at = strstr(text, "Content-Type: application/json"), *end;
	unsigned char bytes[65536];
	json_t *report;
	size_t len;

	ck_assert_ptr_nonnull(at);
	at = strstr(at, "\n\n") + 2;
	end = strstr(at, "\n--");
	ck_assert_ptr_nonnull(end);
	ck_assert_int_eq(sodium_base642bin(bytes, sizeof(bytes), at, (size_t)(end - at), "\n", &len,
				 NULL, sodium_base64_VARIANT_ORIGINAL),
		0);
	report = json_loadb((char *)bytes, len, JSON_REJECT_DUPLICATES, NULL);
	ck_assert(json_is_object(report));
	return report;
}

static void
assert_lines_are_short(const char *text)
{
	struct text rest = text_of(text), line;

	while (text_next_line(&rest, &line)) {
		ck_assert_uint_le(line.len, 998);
		for (size_t i = 0; i < line.len; i++)
			ck_assert(line.p[i] >= ' ' && line.p[i] < 0x7f);
	}
}

START_TEST(a_message_is_for_people)
{
	char *text;

	list("192.0.2.7", CATEGORY_RELAY, NOW, 0);
	run(NOW);
	text = message(1);
	ck_assert(strncmp(text, "From: <abuse@list.example>\nTo: <abuse@isp.example>\n", 50) == 0);
	assert_has(text, "\nSubject: 192.0.2.7: open mail relay, listed in dnsbl.example\n");
	assert_has(text, "\nDate: Sun, 17 Mar 2030 17:46:40 +0000\n");
	assert_has(text, "\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n");
	assert_has(text,
		"The test P01-plain:\n\n    MAIL FROM:<TOKEN@d>\n    RCPT TO:<TOKEN@d>\n"
		"    250 queued\n");
	assert_has(text,
		"192.0.2.7 is listed in dnsbl.example as relay (127.0.0.2), since "
		"2030-03-17T17:46:40Z, until 2030-04-16T17:46:40Z");
	assert_has(text, "    https://dnsbl.example/192.0.2.7?a=192.0.2.7\n");
	assert_has(text, "    https://list.example/policy\n");
	assert_has(text, "T < 220 host.example\nT > RCPT TO:<TOKEN@d>\nT < 250 TOKEN\n");
	ck_assert_ptr_null(strstr(text, TOKEN28));
	assert_lines_are_short(text);
	free(text);
}
END_TEST

START_TEST(notice_comes_before_publication)
{
	char *text;

	list("192.0.2.7", CATEGORY_BOUNCER, NOW, NOW + 7 * DAY);
	run(NOW);
	text = message(1);
	assert_has(text,
		"192.0.2.7 will be listed in dnsbl.example as bouncer (127.0.0.7), from "
		"2030-03-24T17:46:40Z");
	free(text);
}
END_TEST

static int64_t
notices(void)
{
	int64_t n;

	ck_ok(store_number(store, trouble(), &n, "SELECT count(*) FROM notice", ""));
	return n;
}

START_TEST(old_notices_are_forgotten_when_the_listing_is_over)
{
	struct prefix p = fixture_prefix("192.0.2.7");
	size_t gone = 9;

	list("192.0.2.7", CATEGORY_RELAY, NOW, 0);
	list("192.0.2.8", CATEGORY_RELAY, NOW, 0);
	run(NOW);
	ck_assert_int_eq(notices(), 2);
	/* It would be sent again. */
	ck_ok(store_notices_prune(store, NOW + DAY, 10, &gone, trouble()));
	ck_assert_uint_eq(gone, 0);
	ck_ok(store_listing_end(store, &p, CATEGORY_ALL_MASK, NULL, trouble()));
	ck_ok(store_notices_prune(store, NOW, 10, &gone, trouble()));
	ck_assert_uint_eq(gone, 0);
	ck_ok(store_notices_prune(store, NOW + DAY, 0, &gone, trouble()));
	ck_assert_uint_eq(gone, 0);
	ck_ok(store_notices_prune(store, NOW + DAY, 10, &gone, trouble()));
	ck_assert_uint_eq(gone, 1);
	run(NOW + DAY);
	ck_assert_int_eq(notices(), 1);
	ck_assert_uint_eq(count_messages(), 2);
}
END_TEST

static void
assert_contact(const json_t *contact)
{
	ck_assert_str_eq(json_string_value(json_object_get(contact, "org")), "dnsbl.example");
	ck_assert_str_eq(json_string_value(json_object_get(contact, "contact")),
		"abuse@list.example");
	ck_assert_str_eq(json_string_value(json_object_get(contact, "domain")), "list.example");
}

START_TEST(a_message_has_an_xarf_report)
{
	static const char *const texts[][2] = {{"xarf_version", "4.2.0"},
		{"timestamp", "2030-03-17T17:46:40Z"}, {"source_identifier", "192.0.2.7"},
		{"category", "vulnerability"}, {"type", "open_service"}, {"service", "smtp"},
		{"evidence_source", "automated_scan"}};
	unsigned char evidence[4096];
	const json_t *item;
	json_t *report;
	char *text;
	const char *id;
	size_t len;

	list("192.0.2.7", CATEGORY_RELAY, NOW, 0);
	run(NOW);
	text = message(1);
	report = report_of(text);
	for (size_t i = 0; i < ORBL_COUNT(texts); i++)
		ck_assert_str_eq(json_string_value(json_object_get(report, texts[i][0])),
			texts[i][1]);
	assert_contact(json_object_get(report, "reporter"));
	assert_contact(json_object_get(report, "sender"));
	id = json_string_value(json_object_get(report, "report_id"));
	ck_assert_uint_eq(strlen(id), 36);
	ck_assert(id[8] == '-' && id[13] == '-' && id[14] == '4' && id[18] == '-' &&
		strchr("89ab", id[19]) != NULL && id[23] == '-');
	item = json_array_get(json_object_get(report, "evidence"), 0);
	id = json_string_value(json_object_get(item, "payload"));
	ck_assert_int_eq(sodium_base642bin(evidence, sizeof(evidence) - 1, id, strlen(id), NULL,
				 &len, NULL, sodium_base64_VARIANT_ORIGINAL),
		0);
	evidence[len] = '\0';
	assert_has((char *)evidence, "RCPT TO:<TOKEN@d>");
	ck_assert_ptr_null(strstr((char *)evidence, TOKEN28));
	ck_assert_int_eq(json_integer_value(json_object_get(item, "size")), (json_int_t)len);
	json_decref(report);
	free(text);
}
END_TEST

START_TEST(what_servers_say_stays_in_its_place)
{
	struct notice_message m = {.conf = conf,
		.prefix = fixture_prefix("192.0.2.7"),
		.category = CATEGORY_RELAY,
		.contact = "abuse@isp.example",
		.reason = "it said\r\nBcc: everybody@example.org\r\n\r\n--boundary",
		.verdict = "open",
		.id = "00000000-0000-4000-8000-000000000000"};
	json_t *hostile = json_pack("{s:[s,s,i]}", "transcript", "a\nTo: x@y.example\n.\n",
		"--00000000-0000-4000-8000-000000000000--", 7);
	struct text rest, line;
	size_t len, boundaries = 0;
	char *text;

	m.result = hostile;
	text = notice_message_make(&m, &len);
	ck_assert_uint_eq(strlen(text), len);
	ck_assert_ptr_null(strstr(text, "\nBcc:"));
	ck_assert_ptr_null(strstr(text, "\n.\n"));
	ck_assert_ptr_null(strstr(text, "\nTo: x@y"));
	assert_lines_are_short(text);
	for (rest = text_of(text); text_next_line(&rest, &line);)
		boundaries += text_has_prefix(line, TEXT("--00000000-"));
	ck_assert_uint_eq(boundaries,
		5); /* of which one is the transcript's, that cannot guess it */
	json_decref(hostile);
	free(text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("notice");
	TCase *t = tcase_create("who and when"), *m = tcase_create("message");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_new_listing_is_told_once);
	tcase_add_test(t, only_these_categories_are_told);
	tcase_add_test(t, a_contact_gets_so_many_a_day);
	tcase_add_test(t, who_has_no_contact_is_not_asked_for_again);
	tcase_add_test(t, a_resolver_that_fails_is_asked_again);
	tcase_add_test(t, a_resolver_that_fails_for_a_day_is_given_up);
	tcase_add_test(t, what_was_delisted_before_is_not_told);
	tcase_add_test(t, a_spool_that_cannot_be_written_loses_nothing);
	tcase_add_test(t, many_bad_names_do_not_stop_the_others);
	tcase_add_test(t, options_belong_together);
	tcase_add_checked_fixture(m, set_up, tear_down);
	tcase_add_test(m, a_message_is_for_people);
	tcase_add_test(m, notice_comes_before_publication);
	tcase_add_test(m, old_notices_are_forgotten_when_the_listing_is_over);
	tcase_add_test(m, a_message_has_an_xarf_report);
	tcase_add_test(m, what_servers_say_stays_in_its_place);
	suite_add_tcase(s, t);
	suite_add_tcase(s, m);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
