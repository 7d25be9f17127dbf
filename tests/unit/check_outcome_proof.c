#include "outcome_proof.h"

#include <stdio.h>
#include <string.h>

#include "store_fixture.h"

#define BIT(category) (1U << (category))

static struct store *store;
static struct outcome outcome;

static void
set_up(void)
{
	scratch_enter();
	store = open_store();
	outcome = (struct outcome){.store = store,
		.now_s = NOW,
		.rules = {.lifetime_s = 1000, .ipv6_prefix = 64},
		.second_family = 4,
		.retry = {3600, 86400}};
}

static void
tear_down(void)
{
	store_close(store);
	scratch_leave();
}

static enum err
on_one(const struct store_probe *p, void *context)
{
	struct store_probe *out = context;

	*out = *p;
	out->verdict = out->pair_verdict = out->reason = out->result = NULL;
	return OK;
}

static enum err
on_listing(const struct store_listing *l, void *context)
{
	*(uint32_t *)context |= BIT(l->category);
	return OK;
}

static uint32_t
listed(const char *host)
{
	struct prefix p = fixture_prefix(host);
	uint32_t mask = 0;

	ck_ok(store_listings(store, &p, on_listing, &mask, trouble()));
	return mask;
}

static int64_t
requests(const char *state)
{
	int64_t n;

	ck_ok(store_number(store, trouble(), &n, "SELECT count(*) FROM delisting WHERE state = ?",
		"t", state));
	return n;
}

/* --- the proof ---------------------------------------------------------------- */

struct form {
	unsigned number;
	enum prober_answer answer;
	const char *rcpt_to, *from; /* from: who brought it back; NULL: nobody */
};

#define U "aaaaaaaaaaaaaaaaaaaaaaaaaa22"
#define V "bbbbbbbbbbbbbbbbbbbbbbbbbb33"

static const struct form plain = {1, PROBER_ANSWER_REFUSED, "<" V "@p.test>", NULL},
			 proof = {11, PROBER_ANSWER_ACCEPTED, "<" U "%p.test@mx.example>",
				 "192.0.2.1"},
			 refused = {11, PROBER_ANSWER_REFUSED, "<" V "%p.test@mx.example>", NULL},
			 renamed = {11, PROBER_ANSWER_REFUSED, "<" V "%p.test@b.example>", NULL},
			 literal = {11, PROBER_ANSWER_REFUSED, "<" V "%p.test@[192.0.2.1]>", NULL},
			 as_parent = {12, PROBER_ANSWER_REFUSED, "<" V "%p.test@mx.example>", NULL},
			 bounced = {1, PROBER_ANSWER_ACCEPTED, "<" V "@p.test>", "bounce"};

static void
apply_form(struct probe_result *r, uint64_t id, const struct form *f)
{
	struct prober_event ev = {.kind = PROBER_CASE,
		.id = id,
		.case_index = f->number,
		.answer = f->answer};

	snprintf(ev.mail_from, sizeof(ev.mail_from), "<%s@p.test>", f->from != NULL ? U : V);
	snprintf(ev.rcpt_to, sizeof(ev.rcpt_to), "%s", f->rcpt_to);
	(void)probe_result_apply(r, &ev);
	if (f->from == NULL)
		return;
	ev.kind = PROBER_ARRIVAL;
	ev.to_sender = strcmp(f->from, "bounce") == 0;
	ev.peer.addr = fixture_address(ev.to_sender ? "192.0.2.1" : f->from);
	(void)probe_result_apply(r, &ev);
}

static void
finish_forms(uint64_t id, const struct form *a, const struct form *b)
{
	const struct endpoint target = {fixture_address("192.0.2.1"), 25};
	struct probe_result *r = probe_result_new(id, &target);
	struct prober_event done = {.kind = PROBER_DONE, .id = id, .reach = REACH_DONE};
	struct store_probe probe;

	ck_assert_ptr_nonnull(r);
	apply_form(r, id, a);
	if (b != NULL)
		apply_form(r, id, b);
	(void)probe_result_apply(r, &done);
	outcome.second = 0;
	outcome.changed = false;
	ck_ok(store_probe_get(store, id, on_one, &probe, trouble()));
	ck_ok(outcome_finish(&outcome, &probe, r, trouble()));
	probe_result_free(r);
}

/* A request for a host that was listed by P11. */
static uint64_t
ask_of_a_proved_host(void)
{
	struct addr host = fixture_address("192.0.2.1");
	uint64_t probe;
	int64_t id;

	finish_forms(queue_probe(store, "192.0.2.1", CAUSE_NOMINATION), &plain, &proof);
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_RELAY));
	ck_ok(store_delisting_add(store, &host, "", NOW, &id, &probe, trouble()));
	return probe;
}

static const struct {
	const struct form *a, *b;
	uint32_t listed;
	const char *state;
} retests[] = {
	{&plain, &refused, 0, "delisted"},
	{&plain, &renamed, BIT(CATEGORY_RELAY), "refused"},
	{&plain, &as_parent, 0, "delisted"},
	{&plain, NULL, BIT(CATEGORY_RELAY), "refused"},
	{&plain, &literal, BIT(CATEGORY_RELAY), "refused"},
	{&bounced, &refused, BIT(CATEGORY_BOUNCER), "refused"},
	{&bounced, NULL, BIT(CATEGORY_BOUNCER) | BIT(CATEGORY_RELAY), "refused"},
};

START_TEST(the_proof_is_asked_again)
{
	uint64_t id = ask_of_a_proved_host();

	outcome.second_family = 0;
	finish_forms(id, retests[_i].a, retests[_i].b);
	ck_assert_uint_eq(listed("192.0.2.1"), retests[_i].listed);
	ck_assert_int_eq(requests(retests[_i].state), 1);
}
END_TEST

static enum err
on_reason(const struct store_probe *p, void *context)
{
	snprintf(context, 512, "%s: %s", p->verdict, p->reason);
	return OK;
}

START_TEST(a_retest_has_the_name_of_the_proof)
{
	struct addr host = fixture_address("192.0.2.1"), other = fixture_address("192.0.2.2");
	char name[256];

	outcome.second_family = 0;
	finish_forms(ask_of_a_proved_host(), &plain, &renamed);
	ck_ok(outcome_proof_host_name(store, &host, name, trouble()));
	ck_assert_str_eq(name, "mx.example");
	ck_ok(outcome_proof_host_name(store, &other, name, trouble()));
	ck_assert_str_eq(name, "");
}
END_TEST

START_TEST(a_name_that_is_hidden_is_told)
{
	uint64_t id = ask_of_a_proved_host();
	char reason[512];

	outcome.second_family = 0;
	finish_forms(id, &plain, NULL);
	ck_assert_int_eq(outcome.verdict, VERDICT_UNDECIDED);
	ck_assert(!outcome.changed);
	ck_ok(store_probe_get(store, id, on_reason, reason, trouble()));
	ck_assert_msg(strstr(reason,
			      "undecided: the test that proved it, P11-pct-host, could not "
			      "be made: the server does not say its name any more") == reason,
		"%s", reason);
}
END_TEST

START_TEST(both_sources_ask_for_the_proof)
{
	uint64_t id = ask_of_a_proved_host();

	finish_forms(id, &plain, &refused);
	finish_forms(outcome.second, &plain, _i == 0 ? &refused : NULL);
	ck_assert_uint_eq(listed("192.0.2.1"), _i == 0 ? 0 : BIT(CATEGORY_RELAY));
	ck_assert_int_eq(requests(_i == 0 ? "delisted" : "refused"), 1);
}
END_TEST

START_TEST(a_late_proof_is_asked_again)
{
	static const struct form silent = {11, PROBER_ANSWER_ACCEPTED, "<" U "%p.test@mx.example>",
		NULL};
	uint64_t id = queue_probe(store, "192.0.2.1", CAUSE_NOMINATION);
	struct prober_event ev = {.kind = PROBER_ARRIVAL, .id = id, .case_index = 11};

	outcome.second_family = 0;
	finish_forms(id, &plain, &silent);
	ev.peer.addr = fixture_address("192.0.2.1");
	ck_ok(outcome_arrived_late(&outcome, &ev, trouble()));
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_RELAY));
	finish_forms(queue_probe(store, "192.0.2.1", CAUSE_EXPIRY), &plain, NULL);
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_RELAY));
	finish_forms(waiting_probes(store).rows[0].id, &plain, &refused);
	ck_assert_uint_eq(listed("192.0.2.1"), 0);
}
END_TEST

/* P02 was accepted; P11, which was refused, is brought by somebody who has read its token. */
START_TEST(what_was_refused_does_not_come_late)
{
	static const struct form null_sender = {2, PROBER_ANSWER_ACCEPTED, "<" U "@p.test>", NULL};
	uint64_t id = queue_probe(store, "192.0.2.1", CAUSE_NOMINATION);
	struct prober_event ev = {.kind = PROBER_ARRIVAL, .id = id, .case_index = 11};

	outcome.second_family = 0;
	finish_forms(id, &null_sender, &refused);
	ck_assert_int_eq(outcome.verdict, VERDICT_ACCEPTS);
	ev.peer.addr = fixture_address("203.0.113.9");
	ck_ok(outcome_arrived_late(&outcome, &ev, trouble()));
	ev.to_sender = true;
	ck_ok(outcome_arrived_late(&outcome, &ev, trouble()));
	ck_assert_uint_eq(listed("192.0.2.1"), 0);
	ck_assert_uint_eq(listed("203.0.113.9"), 0);
	ev.to_sender = false;
	ev.case_index = 2;
	ck_ok(outcome_arrived_late(&outcome, &ev, trouble()));
	ck_assert_uint_eq(listed("192.0.2.1"), BIT(CATEGORY_RELAY_INPUT));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("outcome_proof");
	TCase *t = tcase_create("proof");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, the_proof_is_asked_again, 0, (int)ORBL_COUNT(retests));
	tcase_add_test(t, a_name_that_is_hidden_is_told);
	tcase_add_test(t, a_retest_has_the_name_of_the_proof);
	tcase_add_loop_test(t, both_sources_ask_for_the_proof, 0, 2);
	tcase_add_test(t, a_late_proof_is_asked_again);
	tcase_add_test(t, what_was_refused_does_not_come_late);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
