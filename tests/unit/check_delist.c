/* The rules of delisting, and what a requester is told: advice, the failing case, no token. */
#include "delist.h"

#include <stdio.h>
#include <string.h>

#include "advice.h"
#include "failing_case.h"
#include "redact.h"
#include "reverse_name.h"
#include "token.h"
#include "unit.h"

enum { DAY = 86400, NOW = 1900000000 };

static const struct delist_rules rules = {.requests_per_day = 5,
	.lockout_s = DAY,
	.max_lockout_s = 30 * DAY};

static enum delist_answer
ask(const struct delist_host *host, int64_t now_s)
{
	char why[DELIST_WHY];
	enum delist_answer answer = delist_ask(&rules, host, now_s, why);

	ck_assert_int_eq(answer == DELIST_TAKE, why[0] == '\0');
	return answer;
}

/* --- rules ----------------------------------------------------------------- */

START_TEST(what_is_not_listed_or_locked_is_not_taken)
{
	struct delist_host host = {.listed = false};

	ck_assert_int_eq(ask(&host, NOW), DELIST_NOT_LISTED);
	host.listed = true;
	ck_assert_int_eq(ask(&host, NOW), DELIST_TAKE);
	host.locked = true;
	ck_assert_int_eq(ask(&host, NOW), DELIST_LOCKED);
	host.proved_s = NOW; /* a proof of control is no key to a lock */
	ck_assert_int_eq(ask(&host, NOW), DELIST_LOCKED);
}
END_TEST

START_TEST(a_lockout_doubles_with_each_relapse_up_to_its_limit)
{
	static const int64_t days[] = {0, 1, 2, 4, 8, 16, 30, 30, 30};
	const struct delist_rules none = {.requests_per_day = 5}, low = {5, 3 * DAY, 2 * DAY};

	for (unsigned r = 0; r < ORBL_COUNT(days); r++) {
		ck_assert_int_eq(delist_lockout_s(&rules, r), days[r] * DAY);
		ck_assert_int_eq(delist_lockout_s(&none, r), 0);
	}
	ck_assert_int_eq(delist_lockout_s(&rules, 4000000000U), 30 * DAY);
	ck_assert_int_eq(delist_lockout_s(&low, 1), 2 * DAY);
}
END_TEST

START_TEST(a_host_that_never_relapsed_need_not_wait)
{
	struct delist_host host = {.listed = true, .listed_s = NOW, .removed_s = NOW - 5};

	ck_assert_int_eq(ask(&host, NOW), DELIST_TAKE);
	ck_assert_int_eq(delist_next_s(&rules, &host, NOW), 0);
}
END_TEST

START_TEST(a_relapsed_host_waits_from_when_it_was_listed_again)
{
	struct delist_host host = {.listed = true,
		.relapses = 2,
		.listed_s = NOW - DAY,
		.removed_s = NOW - 9 * DAY};
	char why[DELIST_WHY];

	ck_assert_int_eq(delist_next_s(&rules, &host, NOW), NOW + DAY);
	ck_assert_int_eq(ask(&host, NOW), DELIST_LOCKED_OUT);
	ck_assert_int_eq(ask(&host, NOW + DAY - 1), DELIST_LOCKED_OUT);
	ck_assert_int_eq(ask(&host, NOW + DAY), DELIST_TAKE);
	(void)delist_ask(&rules, &host, NOW, why);
	ck_assert_ptr_nonnull(strstr(why, "relapse 2"));
	ck_assert_ptr_nonnull(strstr(why, "2030-03-18T17:46:40Z")); /* NOW + DAY */
	ck_assert_ptr_nonnull(strstr(why, "48 hours"));
	ck_assert_ptr_nonnull(strstr(why, "--prove"));
}
END_TEST

START_TEST(a_proof_of_control_ends_the_wait_for_this_listing_and_a_week)
{
	struct delist_host host = {.listed = true, .relapses = 6, .listed_s = NOW};

	host.proved_s = NOW - 1; /* before it was listed again */
	ck_assert_int_eq(ask(&host, NOW + 10), DELIST_LOCKED_OUT);
	host.proved_s = NOW + 5;
	ck_assert_int_eq(ask(&host, NOW + 10), DELIST_TAKE);
	ck_assert_int_eq(ask(&host, NOW + 5 + DELIST_PROVED_S - 1), DELIST_TAKE);
	ck_assert_int_eq(ask(&host, NOW + 5 + DELIST_PROVED_S), DELIST_LOCKED_OUT);
}
END_TEST

START_TEST(so_many_requests_are_taken_a_day)
{
	struct delist_host host = {.listed = true, .counted_request_s = NOW - DAY + 1};
	char why[DELIST_WHY];

	ck_assert_int_eq(ask(&host, NOW), DELIST_TOO_MANY);
	ck_assert_int_eq(ask(&host, NOW + 1), DELIST_TAKE);
	host.proved_s = NOW; /* a test is a test, whoever asks */
	ck_assert_int_eq(delist_ask(&rules, &host, NOW, why), DELIST_TOO_MANY);
	ck_assert_ptr_nonnull(strstr(why, "had 5 delisting requests within 24 hours"));
	host.relapses = 1;
	host.listed_s = NOW - 2 * DAY;
	ck_assert_int_eq(delist_next_s(&rules, &host, NOW), NOW + 1);
	host.counted_request_s = 0;
	ck_assert_int_eq(delist_next_s(&rules, &host, NOW), 0);
}
END_TEST

/* --- tokens ------------------------------------------------------------------ */

#define TOKEN28 "abcdefghijklmnopqrstuvwxyz23"

static const struct {
	const char *text, *redacted;
} texts[] = {
	{"", ""},
	{"250 2.1.5 Ok", "250 2.1.5 Ok"},
	{"<" TOKEN28 "@probe.test>", "<TOKEN@probe.test>"},
	{"550 <ABCDEFGHIJKLMNOPQRSTUVWXYZ23@Probe.Test>... no", "550 <TOKEN@Probe.Test>... no"},
	{TOKEN28, "TOKEN"},
	{"probe.test!" TOKEN28 " and \"" TOKEN28 "%probe.test\"",
		"probe.test!TOKEN and \"TOKEN%probe.test\""},
	{"IMCEASMTP-" TOKEN28 "+40probe+2Etest", "IMCEASMTP-TOKEN+40probe+2Etest"},
	{"x" TOKEN28 "y", "TOKEN"}, /* longer than one: it may have one in it */
	{"abcdefghijklmnopqrstuvwxyz2", "abcdefghijklmnopqrstuvwxyz2"},
	{"a\tb\x80" TOKEN28 "\n", "a?b?TOKEN?"},
};

START_TEST(tokens_are_masked)
{
	char out[256];

	ck_assert_str_eq(redact_tokens(text_of(texts[_i].text), out, sizeof(out)),
		texts[_i].redacted);
	for (size_t size = 1; size < sizeof(out); size++) {
		redact_tokens(text_of(texts[_i].text), out, size);
		ck_assert_uint_lt(strlen(out), size);
		ck_assert(strncmp(out, texts[_i].redacted, strlen(out)) == 0);
	}
}
END_TEST

START_TEST(a_token_that_was_cut_off_is_masked_too)
{
	char text[512], out[600];

	memset(text, ' ', sizeof(text));
	memcpy(text + sizeof(text) - 27, TOKEN28, 27);
	redact_tokens((struct text){text, sizeof(text)}, out, sizeof(out));
	ck_assert_ptr_null(strstr(out, "abcdefghijkl"));
	ck_assert_ptr_nonnull(strstr(out, "TOKEN"));
}
END_TEST

START_TEST(what_token_h_makes_is_masked)
{
	uint8_t key[TOKEN_KEY_BYTES] = {7};
	char token[TOKEN_TEXT], text[64], out[64];

	for (uint64_t id = 1; id < 200; id++) {
		token_format(&(struct token){.probe_id = id, .hour = (uint16_t)id}, key, token);
		snprintf(text, sizeof(text), "RCPT TO:<%s@a.b>", token);
		ck_assert_str_eq(redact_tokens(text_of(text), out, sizeof(out)),
			"RCPT TO:<TOKEN@a.b>");
	}
}
END_TEST

/* --- the failing case ------------------------------------------------------------ */

static const char result[] =
	"{\"bounces\":[{\"case\":\"P03-same\"}],\"cases\":["
	"{\"case\":\"P01-plain\",\"mail_from\":\"<a@b>\",\"rcpt_to\":\"<c@d>\",\"rcpt_reply\":"
	"\"550 no\",\"data_reply\":\"\",\"answer\":\"refused\",\"arrived\":false},"
	"{\"case\":\"P02-null\",\"mail_from\":\"<>\",\"rcpt_to\":\"<" TOKEN28
	"@d>\",\"rcpt_reply\":"
	"\"250 ok\",\"data_reply\":\"250 queued " TOKEN28 "\",\"answer\":\"accepted\","
	"\"arrived\":true},"
	"{\"case\":\"P03-same\",\"mail_from\":\"<e@f>\",\"rcpt_to\":\"<e@f>\",\"rcpt_reply\":"
	"\"451 later\",\"data_reply\":\"\",\"answer\":\"temporary\",\"arrived\":false}]}";

static const struct {
	enum verdict verdict;
	const char *id, *rcpt_to, *reply;
} cases[] = {
	{VERDICT_OPEN, "P02-null", "<TOKEN@d>", "250 queued TOKEN"},
	{VERDICT_OPEN_MULTIHOP, "P02-null", "<TOKEN@d>", "250 queued TOKEN"},
	{VERDICT_ACCEPTS, "P02-null", "<TOKEN@d>", "250 queued TOKEN"},
	{VERDICT_UNDECIDED, "P03-same", "<e@f>", "451 later"},
	{VERDICT_DISCRIMINATES, "P03-same", "<e@f>", "451 later"},
	{VERDICT_BOUNCES, "P03-same", "<e@f>", "451 later"},
	{VERDICT_CLOSED, NULL, NULL, NULL},
	{VERDICT_UNTESTABLE, NULL, NULL, NULL},
	{VERDICT_UNREACHABLE, NULL, NULL, NULL},
	{VERDICT_COUNT, NULL, NULL, NULL},
};

START_TEST(the_failing_case_is_named)
{
	json_t *json = json_loads(result, 0, NULL);
	struct failing_case f;
	bool found = failing_case_find(json, cases[_i].verdict, &f);

	ck_assert_ptr_nonnull(json);
	ck_assert_int_eq(found, cases[_i].id != NULL);
	ck_assert_str_eq(f.id, found ? cases[_i].id : "");
	if (found) {
		ck_assert_str_eq(f.rcpt_to, cases[_i].rcpt_to);
		ck_assert_str_eq(f.reply, cases[_i].reply);
	}
	json_decref(json);
}
END_TEST

START_TEST(a_result_of_another_form_has_none)
{
	static const char *const odd[] = {"null", "{}", "[]", "{\"cases\":7}",
		"{\"cases\":[7,null,{}]}", "{\"cases\":[{\"answer\":7}],\"bounces\":{}}"};
	struct failing_case f;

	for (size_t i = 0; i < ORBL_COUNT(odd); i++) {
		json_t *json = json_loads(odd[i], JSON_DECODE_ANY, NULL);

		for (unsigned v = 0; v <= VERDICT_COUNT; v++)
			if (v != VERDICT_BOUNCES)
				ck_assert(!failing_case_find(json, (enum verdict)v, &f));
		(void)failing_case_find(json, VERDICT_BOUNCES, &f);
		json_decref(json);
	}
	ck_assert(!failing_case_find(NULL, VERDICT_OPEN, &f));
}
END_TEST

/* --- advice ------------------------------------------------------------------------- */

START_TEST(every_verdict_has_advice_and_some_say_who_we_are)
{
	const struct advice_from us = {"192.0.2.1", "192.0.2.2", "relay-test.example", 25};
	const struct advice_from nobody = {"", "", "", 25};
	char text[ADVICE_TEXT], other[ADVICE_TEXT];
	unsigned named = 0;

	for (unsigned v = 0; v <= VERDICT_COUNT; v++) {
		advice_give((enum verdict)v, &us, text);
		advice_give((enum verdict)v, &nobody, other);
		ck_assert_uint_gt(strlen(text), 20);
		ck_assert_int_eq(text[strlen(text) - 1], '.');
		ck_assert_int_eq(strstr(text, "192.0.2.1") != NULL, strcmp(text, other) != 0);
		named += strstr(text,
				 "We come from 192.0.2.1 and from 192.0.2.2, to port 25, and "
				 "greet with relay-test.example.") != NULL;
	}
	ck_assert_uint_eq(named, 4);
	advice_give(VERDICT_UNTESTABLE, &us, text);
	ck_assert_ptr_nonnull(strstr(text, "192.0.2.1"));
	advice_give(VERDICT_UNREACHABLE, &us, text);
	ck_assert_ptr_nonnull(strstr(text, "ends no listing"));
}
END_TEST

/* --- names ---------------------------------------------------------------------------- */

START_TEST(addresses_are_reversed)
{
	char name[REVERSE_NAME], domain[300];
	struct error e;
	struct addr a;

	ck_assert_int_eq(addr_parse(TEXT("192.0.2.15"), &a), OK);
	ck_assert_int_eq(reverse_name_arpa(&a, "_x", name, &e), OK);
	ck_assert_str_eq(name, "_x.15.2.0.192.in-addr.arpa");
	ck_assert_int_eq(reverse_name_below(&a, "contacts.example", name, &e), OK);
	ck_assert_str_eq(name, "15.2.0.192.contacts.example");
	ck_assert_int_eq(addr_parse(TEXT("2001:db8::fa"), &a), OK);
	ck_assert_int_eq(reverse_name_arpa(&a, "_x", name, &e), OK);
	ck_assert_str_eq(name,
		"_x.a.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2."
		"ip6.arpa");
	memset(domain, 'a', sizeof(domain));
	domain[sizeof(domain) - 1] = '\0';
	ck_assert_int_eq(reverse_name_below(&a, domain, name, &e), ERR_RANGE);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("delist");
	TCase *may = tcase_create("rules"), *told = tcase_create("told");

	tcase_add_test(may, what_is_not_listed_or_locked_is_not_taken);
	tcase_add_test(may, a_lockout_doubles_with_each_relapse_up_to_its_limit);
	tcase_add_test(may, a_host_that_never_relapsed_need_not_wait);
	tcase_add_test(may, a_relapsed_host_waits_from_when_it_was_listed_again);
	tcase_add_test(may, a_proof_of_control_ends_the_wait_for_this_listing_and_a_week);
	tcase_add_test(may, so_many_requests_are_taken_a_day);
	tcase_add_loop_test(told, tokens_are_masked, 0, (int)ORBL_COUNT(texts));
	tcase_add_test(told, a_token_that_was_cut_off_is_masked_too);
	tcase_add_test(told, what_token_h_makes_is_masked);
	tcase_add_loop_test(told, the_failing_case_is_named, 0, (int)ORBL_COUNT(cases));
	tcase_add_test(told, a_result_of_another_form_has_none);
	tcase_add_test(told, every_verdict_has_advice_and_some_say_who_we_are);
	tcase_add_test(told, addresses_are_reversed);
	suite_add_tcase(s, may);
	suite_add_tcase(s, told);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
