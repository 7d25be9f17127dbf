#include "probe_progress.h"

#include <stdlib.h>
#include <string.h>

#include "analyzer_fixture.h"
#include "probe_case.h"
#include "probe_run.h"
#include "probe_record.h"
#include "unit.h"

#define BIT(n) (UINT64_C(1) << (n))

enum { WAIT_S = 600 };

static void
say(struct probe_progress *p, unsigned number, enum prober_answer answer, int64_t time_s)
{
	probe_progress_apply(p,
		&(struct prober_event){.kind = PROBER_CASE,
			.case_index = number,
			.answer = answer,
			.time_us = time_s * 1000000});
}

static void
arrive(struct probe_progress *p, unsigned number, bool bounce)
{
	probe_progress_apply(p,
		&(struct prober_event){.kind = PROBER_ARRIVAL,
			.case_index = number,
			.to_sender = bounce});
}

START_TEST(what_is_answered_for_good_is_not_asked_again)
{
	struct probe_progress p = {0};
	uint64_t wanted = BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5);

	ck_assert_uint_eq(probe_progress_left(&p, wanted), wanted);
	say(&p, 1, PROBER_ANSWER_REFUSED, 100);
	say(&p, 2, PROBER_ANSWER_TEMPORARY, 100);
	say(&p, 3, PROBER_ANSWER_BROKEN, 100);
	say(&p, 4, PROBER_ANSWER_ACCEPTED, 100);
	ck_assert_uint_eq(probe_progress_left(&p, wanted), BIT(2) | BIT(3) | BIT(5));
	say(&p, 2, PROBER_ANSWER_REFUSED, 101);
	say(&p, 3, PROBER_ANSWER_REFUSED, 101);
	say(&p, 5, PROBER_ANSWER_REFUSED, 101);
	ck_assert_uint_eq(probe_progress_left(&p, wanted), 0);
}
END_TEST

START_TEST(a_proof_is_enough)
{
	struct probe_progress p = {0};

	arrive(&p, 7, true); /* a bounce is none */
	ck_assert_uint_eq(probe_progress_left(&p, BIT(1) | BIT(2)), BIT(1) | BIT(2));
	arrive(&p, 1, false);
	ck_assert_uint_eq(probe_progress_left(&p, BIT(1) | BIT(2)), 0);
}
END_TEST

START_TEST(so_many_messages_are_enough)
{
	struct probe_progress p = {0};

	for (unsigned i = 1; i < PROBE_MESSAGES_MAX; i++)
		say(&p, i, PROBER_ANSWER_ACCEPTED, 100);
	ck_assert_uint_ne(probe_progress_left(&p, probe_case_mask_all()), 0);
	say(&p, PROBE_MESSAGES_MAX, PROBER_ANSWER_ACCEPTED, 100);
	ck_assert_uint_eq(probe_progress_left(&p, probe_case_mask_all()), 0);
}
END_TEST

START_TEST(it_is_waited_for_the_last_message)
{
	struct probe_progress p = {0};

	ck_assert_int_eq(probe_progress_wait_until(&p, WAIT_S), 0);
	say(&p, 1, PROBER_ANSWER_REFUSED, 100);
	ck_assert_int_eq(probe_progress_wait_until(&p, WAIT_S), 0);
	say(&p, 2, PROBER_ANSWER_ACCEPTED, 200);
	say(&p, 3, PROBER_ANSWER_ACCEPTED, 300);
	ck_assert_int_eq(probe_progress_wait_until(&p, WAIT_S), 900);
	arrive(&p, 2, true);
	ck_assert_int_eq(probe_progress_wait_until(&p, WAIT_S), 900);
	arrive(&p, 3, true);
	ck_assert_int_eq(probe_progress_wait_until(&p, WAIT_S), 0);
	p.bounces = 0;
	arrive(&p, 3, false);
	ck_assert_int_eq(probe_progress_wait_until(&p, WAIT_S), 0);
}
END_TEST

START_TEST(a_host_that_went_away_is_undecided)
{
	struct probe_progress before = {0};

	ck_assert_int_eq(probe_progress_reach(&before, REACH_NONE), REACH_NONE);
	ck_assert_int_eq(probe_progress_reach(&before, REACH_REFUSED), REACH_REFUSED);
	say(&before, 1, PROBER_ANSWER_REFUSED, 100);
	ck_assert_int_eq(probe_progress_reach(&before, REACH_NONE), REACH_TEMPORARY);
	ck_assert_int_eq(probe_progress_reach(&before, REACH_REFUSED), REACH_TEMPORARY);
	ck_assert_int_eq(probe_progress_reach(&before, REACH_TEMPORARY), REACH_TEMPORARY);
	ck_assert_int_eq(probe_progress_reach(&before, REACH_DONE), REACH_DONE);
}
END_TEST

/* --- records ---------------------------------------------------------------- */

static void
assert_comes_back(const struct prober_event *ev)
{
	char *text = probe_record_format(ev);
	struct prober_event got;

	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_null(strchr(text, '\n'));
	ck_assert_int_eq(probe_record_parse(text, ev->id, &got), OK);
	ck_assert_int_eq(got.kind, ev->kind);
	ck_assert_uint_eq(got.id, ev->id);
	ck_assert_int_eq(got.time_us, ev->time_us);
	ck_assert_uint_eq(got.case_index, ev->case_index);
	ck_assert_int_eq(got.answer, ev->answer);
	ck_assert_int_eq(got.reach, ev->reach);
	ck_assert_int_eq(got.to_sender, ev->to_sender);
	ck_assert(addr_equal(&got.peer.addr, &ev->peer.addr));
	ck_assert_uint_eq(got.peer.port, ev->peer.port);
	ck_assert_int_eq(got.direction, ev->direction);
	ck_assert_str_eq(got.text, ev->text);
	ck_assert_str_eq(got.dsn, ev->dsn);
	ck_assert_str_eq(got.mail_from, ev->mail_from);
	ck_assert_str_eq(got.rcpt_to, ev->rcpt_to);
	ck_assert_str_eq(got.rcpt_reply, ev->rcpt_reply);
	ck_assert_str_eq(got.data_reply, ev->data_reply);
	free(text);
}

START_TEST(an_event_comes_back_as_it_was)
{
	struct prober_event full = {.kind = PROBER_ARRIVAL,
		.id = 4711,
		.time_us = INT64_C(1900000000123456),
		.case_index = 12,
		.answer = PROBER_ANSWER_TEMPORARY,
		.reach = REACH_DONE,
		.to_sender = true,
		.direction = '<',
		.dsn = "failed 5.7.1 <a@b>, by \"c\"",
		.mail_from = "<\"x\\y\"@example>",
		.rcpt_to = "<a%b@[192.0.2.1]>",
		.rcpt_reply = "554 5.7.1 {\"no\": [1]}",
		.data_reply = "250 ~"};

	full.peer.addr = fixture_address("2001:db8::1");
	full.peer.port = 65535;
	memset(full.text, '"', sizeof(full.text) - 1);
	assert_comes_back(&full);
	full.dsn[0] = '\0'; /* of arrivals alone */
	for (unsigned kind = PROBER_DIALOGUE; kind <= PROBER_DONE; kind++) {
		full.kind = (enum prober_event_kind)kind;
		assert_comes_back(&full);
	}
	for (unsigned answer = 0; answer <= PROBER_ANSWER_BROKEN; answer++)
		assert_comes_back(&(struct prober_event){.kind = PROBER_CASE,
			.id = 1,
			.case_index = 1,
			.answer = (enum prober_answer)answer});
	for (unsigned reach = 0; reach <= REACH_DONE; reach++)
		assert_comes_back(&(struct prober_event){.kind = PROBER_DONE,
			.id = 1,
			.reach = (enum prober_reach)reach});
}
END_TEST

static const char *const nonsense[] = {
	"",
	"{",
	"[]",
	"null",
	"{}",
	"{\"kind\": \"birthday\"}",
	"{\"kind\": 3}",
	"{\"kind\": \"case\"}",               /* of no case */
	"{\"kind\": \"case\", \"case\": 63}", /* that there is not */
	"{\"kind\": \"case\", \"case\": -1}",
	"{\"kind\": \"case\", \"case\": 4294967297}",
	"{\"kind\": \"case\", \"case\": 1, \"answer\": \"perhaps\"}",
	"{\"kind\": \"arrival\", \"case\": 1}", /* from nobody */
	"{\"kind\": \"arrival\", \"case\": 1, \"peer\": \"example\"}",
	"{\"kind\": \"dialogue\", \"direction\": \"!\"}",
	"{\"kind\": \"dialogue\", \"text\": \"a\\u0007\"}",
	"{\"kind\": \"dialogue\", \"text\": \"\\u00e4\"}",
	"{\"kind\": \"done\", \"kind\": \"done\"}",
};

START_TEST(nonsense_is_no_event)
{
	struct prober_event got;
	char long_text[PROBER_TEXT + 64];

	ck_assert_int_eq(probe_record_parse(nonsense[_i], 1, &got), ERR_SYNTAX);
	memset(long_text, 'x', sizeof(long_text));
	memcpy(long_text, "{\"kind\":\"done\",\"text\":\"", 23);
	memcpy(long_text + 23 + PROBER_TEXT, "\"}", 3);
	ck_assert_int_eq(probe_record_parse(long_text, 1, &got), ERR_SYNTAX);
	memcpy(long_text + 23 + PROBER_TEXT - 1, "\"}", 3);
	ck_assert_int_eq(probe_record_parse(long_text, 1, &got), OK);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("probe_progress");
	TCase *progress = tcase_create("progress"), *records = tcase_create("records");

	tcase_add_test(progress, what_is_answered_for_good_is_not_asked_again);
	tcase_add_test(progress, a_proof_is_enough);
	tcase_add_test(progress, so_many_messages_are_enough);
	tcase_add_test(progress, it_is_waited_for_the_last_message);
	tcase_add_test(progress, a_host_that_went_away_is_undecided);
	tcase_add_test(records, an_event_comes_back_as_it_was);
	tcase_add_loop_test(records, nonsense_is_no_event, 0, (int)ORBL_COUNT(nonsense));
	suite_add_tcase(s, progress);
	suite_add_tcase(s, records);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
