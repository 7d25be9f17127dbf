#include <orbl/store_decision.h>

#include <stdio.h>
#include <string.h>

#include <orbl/store_trail.h>

#include "store_fixture.h"

struct decisions {
	size_t count;
	uint64_t ids[8];
	char kinds[8][16], inputs[8][32];
	enum err answer; /* given from the second on */
};

static enum err
on_decision(const struct store_decision *d, void *context)
{
	struct decisions *all = context;
	size_t i = all->count++;

	ck_assert_uint_lt(i, ORBL_COUNT(all->ids));
	all->ids[i] = d->id;
	snprintf(all->kinds[i], sizeof(all->kinds[i]), "%s", d->kind);
	snprintf(all->inputs[i], sizeof(all->inputs[i]), "%s", d->inputs);
	ck_assert_str_eq(d->result, "{}");
	ck_assert_int_eq(d->time_s, NOW);
	ck_assert_uint_eq(d->probe, 7);
	return i >= 1 ? all->answer : OK;
}

static uint64_t
add(struct store *s, const char *host, const char *kind, const char *inputs)
{
	const struct store_decision d = {.time_s = NOW,
		.host = fixture_address(host),
		.kind = kind,
		.probe = 7,
		.inputs = inputs,
		.result = "{}"};
	uint64_t id = 0;

	ck_ok(store_begin(s, trouble()));
	ck_ok(store_decision_add(s, &d, &id, trouble()));
	ck_ok(store_commit(s, trouble()));
	ck_assert_uint_ne(id, 0);
	return id;
}

START_TEST(decisions_come_back_newest_first)
{
	struct store *s = open_store();
	struct addr host = fixture_address("192.0.2.7");
	struct decisions all = {.count = 0};
	uint64_t first, second;

	first = add(s, "192.0.2.7", STORE_DECISION_NOMINATE, "{\"a\":1}");
	add(s, "2001:db8::7", STORE_DECISION_SUSPECT, "{\"b\":2}");
	second = add(s, "192.0.2.7", STORE_DECISION_VERDICT, "{\"c\":3}");
	s = reopen_store(s);
	ck_ok(store_decisions_of(s, &host, 10, on_decision, &all, trouble()));
	ck_assert_uint_eq(all.count, 2);
	ck_assert_uint_eq(all.ids[0], second);
	ck_assert_uint_eq(all.ids[1], first);
	ck_assert_str_eq(all.kinds[0], "verdict");
	ck_assert_str_eq(all.inputs[1], "{\"a\":1}");
	all.count = 0;
	ck_ok(store_decisions_of(s, &host, 1, on_decision, &all, trouble()));
	ck_assert_uint_eq(all.count, 1);
	store_close(s);
}
END_TEST

START_TEST(all_come_oldest_first)
{
	struct store *s = open_store();
	struct decisions all = {.count = 0};
	uint64_t first = add(s, "192.0.2.7", STORE_DECISION_NOMINATE, "{}");

	add(s, "192.0.2.8", STORE_DECISION_NOMINATE, "{}");
	add(s, "2001:db8::7", STORE_DECISION_SUSPECT, "{}");
	ck_ok(store_decisions_after(s, 0, 10, on_decision, &all, trouble()));
	ck_assert_uint_eq(all.count, 3);
	ck_assert_uint_eq(all.ids[0], first);
	all = (struct decisions){.count = 0};
	ck_ok(store_decisions_after(s, first, 1, on_decision, &all, trouble()));
	ck_assert_uint_eq(all.count, 1);
	ck_assert_uint_eq(all.ids[0], first + 1);
	all = (struct decisions){.answer = ERR_REFUSED};
	ck_assert_int_eq(store_decisions_after(s, 0, 10, on_decision, &all, trouble()),
		ERR_REFUSED);
	ck_assert_uint_eq(all.count, 2);
	all = (struct decisions){.count = 0}; /* the statement is free again */
	ck_ok(store_decisions_after(s, 0, 10, on_decision, &all, trouble()));
	ck_assert_uint_eq(all.count, 3);
	store_close(s);
}
END_TEST

START_TEST(what_is_rolled_back_was_not_decided)
{
	struct store *s = open_store();
	const struct store_decision d = {.time_s = NOW,
		.host = fixture_address("192.0.2.7"),
		.kind = STORE_DECISION_VERDICT,
		.inputs = "{}",
		.result = "{}"};

	ck_ok(store_begin(s, trouble()));
	ck_ok(store_decision_add(s, &d, NULL, trouble()));
	store_rollback(s);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM decision"), 0);
	store_close(s);
}
END_TEST

START_TEST(what_is_no_address_is_corrupt)
{
	struct store *s = open_store();
	struct decisions all = {.count = 0};

	add(s, "192.0.2.7", STORE_DECISION_VERDICT, "{}");
	store_meddle("UPDATE decision SET host = 'nonsense'");
	ck_assert_int_eq(store_decisions_after(s, 0, 10, on_decision, &all, trouble()),
		ERR_CORRUPT);
	ck_assert_ptr_nonnull(strstr(trouble()->text, "is about what is no address"));
	store_close(s);
}
END_TEST

/* --- the trail ------------------------------------------------------------------------- */

struct trail {
	size_t count;
	char text[8][64];
	uint64_t seq[8];
};

static enum err
on_record(const struct store_trail *t, void *context)
{
	struct trail *all = context;
	size_t i = all->count++;

	ck_assert_uint_lt(i, ORBL_COUNT(all->text));
	all->seq[i] = t->seq;
	snprintf(all->text[i], sizeof(all->text[i]), "%s %s %s: %s", t->author, t->action,
		t->subject, t->detail);
	return OK;
}

static void
record(struct store *s, const char *author, const char *action, const char *subject)
{
	ck_ok(store_begin(s, trouble()));
	ck_ok(store_audit_add(s,
		&(struct store_audit){.time_s = NOW,
			.author = author,
			.action = action,
			.subject = subject,
			.detail = "why"},
		trouble()));
	ck_ok(store_commit(s, trouble()));
}

START_TEST(the_trail_is_of_the_host_and_its_prefix)
{
	struct store *s = open_store();
	struct addr host = fixture_address("2001:db8::7");
	struct prefix prefix = fixture_prefix("2001:db8::/64");
	struct trail all = {.count = 0};
	char detail[32];

	record(s, NULL, "nominate", "2001:db8::7");
	record(s, "root", "list", "2001:db8::/64");
	record(s, "root", "list", "2001:db8:0:1::/64");
	record(s, "root", "revoke", NULL);
	record(s, "op", "delist", "2001:db8::/64");
	ck_ok(store_trail_of(s, &host, &prefix, 10, on_record, &all, trouble()));
	ck_assert_uint_eq(all.count, 3);
	ck_assert_str_eq(all.text[0], "op delist 2001:db8::/64: why");
	ck_assert_str_eq(all.text[1], "root list 2001:db8::/64: why");
	ck_assert_str_eq(all.text[2], " nominate 2001:db8::7: why");
	ck_assert_uint_gt(all.seq[0], all.seq[1]);
	ck_ok(store_trail_find(s, &host, "nominate", "wh", detail, sizeof(detail), trouble()));
	ck_assert_str_eq(detail, "why");
	ck_ok(store_trail_find(s, &host, "nominate", "", detail, 3, trouble()));
	ck_assert_str_eq(detail, "wh");
	ck_ok(store_trail_find(s, &host, "nominate", "hy", detail, sizeof(detail), trouble()));
	ck_assert_str_eq(detail, "");
	ck_ok(store_trail_find(s, &host, "list", "why", detail, sizeof(detail), trouble()));
	ck_assert_str_eq(detail, "");
	all.count = 0;
	ck_ok(store_trail_of(s, &host, &prefix, 1, on_record, &all, trouble()));
	ck_assert_uint_eq(all.count, 1);
	store_close(s);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const tests[] = {
		decisions_come_back_newest_first,
		all_come_oldest_first,
		what_is_rolled_back_was_not_decided,
		what_is_no_address_is_corrupt,
		the_trail_is_of_the_host_and_its_prefix,
	};
	Suite *s = suite_create("store_decision");

	suite_add_tcase(s, store_tests("store_decision", tests, ORBL_COUNT(tests)));
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
