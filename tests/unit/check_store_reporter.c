#include "store_fixture.h"

#include <stdio.h>
#include <string.h>

#include <orbl/store_reporter.h>

#include "store_intake.h"

enum { DAY = STORE_DAY_S };

/* --- the quota ------------------------------------------------------------- */

static struct store_denial
denial_of(int64_t submission, const char *host, uint32_t count, const char *raw)
{
	return (struct store_denial){.submission = submission,
		.host = fixture_address(host),
		.time_s = NOW,
		.said_s = NOW,
		.count = count,
		.line = 1,
		.raw = text_of(raw)};
}

static struct store_intake
take(struct store *s, const struct store_denial *d, size_t count, int64_t quota)
{
	struct store_intake intake = {.quota = quota};

	ck_ok(store_begin(s, trouble()));
	ck_ok(store_denials_take(s, d, count, &intake, trouble()));
	ck_ok(store_commit(s, trouble()));
	return intake;
}

START_TEST(beyond_the_quota_nothing_counts)
{
	struct store *s = open_store();
	int64_t id = begin_submission(s, "mx1");
	const struct store_denial d[] = {denial_of(id, "192.0.2.1", 2, "a"),
		denial_of(id, "192.0.2.2", 1, "b"), denial_of(id, "192.0.2.3", 2, "c"),
		denial_of(id, "192.0.2.4", 1, "d"), denial_of(id, "192.0.2.1", 2, "a")};
	struct store_intake got = take(s, d, ORBL_COUNT(d), 4);

	/* In the order in which they came: 2 + 1, no room for 2, 1; the last one is known. */
	ck_assert_uint_eq(got.over_quota, 2);
	ck_assert_uint_eq(got.duplicates, 2);
	commit_submission(s, id);
	ck_assert_uint_eq(facts_of(s, "192.0.2.1", 0, 9).count, 1);
	ck_assert_uint_eq(facts_of(s, "192.0.2.3", 0, 9).count, 0);
	ck_assert_uint_eq(facts_of(s, "192.0.2.4", 0, 9).count, 1);
	ck_assert_int_eq(store_count(s, "SELECT denials FROM reporter_day"), 4);
	/* What was known counts as known, also when the quota is used up. */
	got = take(s, d, ORBL_COUNT(d), 4);
	ck_assert_uint_eq(got.over_quota, 2);
	ck_assert_uint_eq(got.duplicates, 6);
	store_close(s);
}
END_TEST

START_TEST(the_next_day_has_a_quota_of_its_own)
{
	struct store *s = open_store();
	int64_t id = begin_submission(s, "mx1");
	const struct store_denial d[] = {denial_of(id, "192.0.2.1", 1, "a"),
		denial_of(id, "192.0.2.2", 1, "b")};
	struct store_denial again;

	ck_assert_uint_eq(take(s, d, 2, 1).over_quota, 1);
	commit_submission(s, id);
	ck_ok(store_submission_begin(s, "mx1", "mail.log", NOW + DAY, &id, trouble()));
	again = denial_of(id, "192.0.2.2", 1, "b");
	ck_assert_uint_eq(take(s, &again, 1, 1).over_quota, 0);
	commit_submission(s, id);
	ck_assert_uint_eq(facts_of(s, "192.0.2.2", 0, 9).count, 1);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM reporter_day WHERE denials = 1"), 2);
	store_close(s);
}
END_TEST

START_TEST(each_reporter_has_a_quota)
{
	struct store *s = open_store();
	const char *const names[] = {"mx1", "mx2"};

	for (int i = 0; i < 2; i++) {
		int64_t id = begin_submission(s, names[i]);
		const struct store_denial d = denial_of(id, "192.0.2.1", 1, "a");

		ck_assert_uint_eq(take(s, &d, 1, 1).over_quota, 0);
	}
	store_close(s);
}
END_TEST

/* A connection that breaks down again and again must not use the quota up. */
START_TEST(what_is_undone_gives_its_quota_back)
{
	struct store *s = open_store();
	struct store_denial d;
	int64_t id;

	for (int i = 0; i < 4; i++) {
		id = begin_submission(s, "mx1");
		d = denial_of(id, "192.0.2.1", 3, "a");
		ck_assert_uint_eq(take(s, &d, 1, 3).over_quota, 0);
		ck_assert_int_eq(store_count(s, "SELECT denials FROM reporter_day"), 3);
		if (i % 2 == 0)
			ck_ok(store_submission_abort(s, id, trouble()));
		else
			s = reopen_store(s); /* as after a crash */
		ck_assert_int_eq(store_count(s, "SELECT denials FROM reporter_day"), 0);
		ck_assert_int_eq(store_count(s, "SELECT count(*) FROM evidence"), 0);
	}
	store_close(s);
}
END_TEST

static enum err
on_bits(const struct store_fact *f, void *context)
{
	uint64_t *seen = context;

	seen[0]++;
	seen[1] = f->domains;
	seen[2] = f->hash != NULL ? f->hash[0] : 0;
	return OK;
}

START_TEST(domains_and_hash_of_a_fact)
{
	uint64_t seen[3] = {0};
	struct store *s = open_store();
	int64_t id = begin_submission(s, "mx1"), other = begin_submission(s, "mx1");
	struct store_denial d[] = {denial_of(id, "192.0.2.1", 1, "a"),
		denial_of(id, "192.0.2.1", 1, "b"), denial_of(id, "192.0.2.1", 1, "c")};
	struct store_denial more = denial_of(other, "192.0.2.1", 1, "d");
	uint64_t wanted;

	d[0].recipient = TEXT("x@one.example");
	d[1].recipient = TEXT("y@ONE.Example");
	d[2].recipient = TEXT("z@two.example");
	more.recipient = TEXT("z@three.example");
	wanted = store_domain_class(d[0].recipient) | store_domain_class(d[2].recipient) |
		store_domain_class(more.recipient);
	ck_assert_uint_eq(store_domain_class(d[0].recipient), store_domain_class(d[1].recipient));
	ck_assert_int_eq(__builtin_popcountll(store_domain_class(d[0].recipient)), 1);
	ck_assert_uint_eq(store_domain_class(TEXT("nobody")), 0);
	ck_assert_uint_eq(store_domain_class(TEXT_NONE), 0);
	take(s, d, 2, 0);
	take(s, &d[2], 1, 0);
	take(s, &more, 1, 0);
	commit_submission(s, id);
	commit_submission(s, other);
	ck_ok(store_facts(s, &d[0].host, 0, 9, on_bits, seen, trouble()));
	ck_assert_uint_eq(seen[0], 1);
	ck_assert_uint_eq(seen[1], wanted);
	ck_assert_uint_eq(seen[2], 0x27); /* the hash of the first line begins so */
	/* b2sum -l 128 of "a" */
	ck_assert_int_eq(store_count(s,
				 "SELECT count(*) FROM evidence WHERE raw = 'a' AND hex(hash) ="
				 " '27C35E6E9373877F29E562464E46497E'"),
		1);
	store_close(s);
}
END_TEST

/* --- revocation ------------------------------------------------------------ */

static enum err
on_reporter(const struct store_reporter *r, void *context)
{
	struct store_reporter *out = context;

	*out = *r;
	out->name = NULL;
	return OK;
}

static struct store_reporter
look(struct store *s, const char *name)
{
	struct store_reporter r = {.id = 0};

	ck_ok(store_reporters(s, name, NOW, on_reporter, &r, trouble()));
	return r;
}

START_TEST(a_reporter_is_revoked_and_counts_again)
{
	struct store *s = open_store();
	int64_t id = begin_submission(s, "mx1"), since_s;
	uint64_t hosts;

	add_denial(s, id, "192.0.2.1", NOW, "a");
	add_denial(s, id, "192.0.2.2", NOW, "b");
	commit_submission(s, id);
	for (size_t i = 0; i < 2; i++) {
		struct addr host = fixture_address(i == 0 ? "192.0.2.1" : "192.0.2.2");

		ck_ok(store_host_evaluated(s, &host, trouble()));
	}
	ck_assert_uint_eq(pending(s), 0);
	ck_ok(store_reporter_revoke(s, "mx1", NOW, NOW, &hosts, trouble()));
	ck_assert_uint_eq(hosts, 2);
	ck_assert_uint_eq(pending(s), 2);
	ck_ok(store_reporter_revoked(s, "mx1", &since_s, trouble()));
	ck_assert_int_eq(since_s, NOW);
	ck_assert_int_eq(look(s, "mx1").revoked_s, NOW);
	ck_ok(store_reporter_revoke(s, "mx1", 0, NOW + 9, &hosts, trouble()));
	ck_ok(store_reporter_revoked(s, "mx1", &since_s, trouble()));
	ck_assert_int_eq(since_s, 0);
	/* Also one that nobody has heard of. */
	ck_ok(store_reporter_revoked(s, "mx9", &since_s, trouble()));
	ck_assert_int_eq(since_s, 0);
	ck_ok(store_reporter_revoke(s, "mx9", NOW, NOW, &hosts, trouble()));
	ck_assert_int_eq(look(s, "mx9").revoked_s, NOW);
	ck_assert_uint_eq(hosts, 0);
	store_close(s);
}
END_TEST

START_TEST(a_reporter_has_its_numbers)
{
	struct store *s = open_store();
	int64_t id = begin_submission(s, "mx1");
	struct store_submission sub = {.id = id,
		.lines = 9,
		.denials = 7,
		.over_quota = 2,
		.own_domain = 3};
	struct store_reporter r;

	add_denial(s, id, "192.0.2.1", NOW, "a");
	ck_ok(store_submission_commit(s, &sub, trouble()));
	begin_submission(s, "mx2");
	r = look(s, "mx1");
	ck_assert_int_eq(r.since_s, NOW);
	ck_assert_int_eq(r.last_s, NOW);
	ck_assert_uint_eq(r.denials, 7);
	ck_assert_uint_eq(r.today, 1);
	ck_assert_uint_eq(r.over_quota, 2);
	ck_assert_uint_eq(r.own_domain, 3);
	ck_assert_uint_eq(r.faults, 0);
	ck_assert_int_eq(look(s, "mx2").last_s, 0); /* nothing of it counts yet */
	ck_assert_int_eq(look(s, "mx3").id, 0);
	store_close(s);
}
END_TEST

/* --- faults ---------------------------------------------------------------- */

struct faults {
	size_t count;
	struct {
		char kind[32], subject[300], example[300];
		int64_t first_s, last_s;
		uint64_t count;
	} rows[STORE_FAULTS_MAX + 8];
};

static enum err
on_fault(const struct store_fault *f, void *context)
{
	struct faults *faults = context;
	size_t i = faults->count++;

	ck_assert_uint_lt(i, ORBL_COUNT(faults->rows));
	snprintf(faults->rows[i].kind, sizeof(faults->rows[i].kind), "%s", f->kind);
	snprintf(faults->rows[i].subject, sizeof(faults->rows[i].subject), "%s", f->subject);
	snprintf(faults->rows[i].example, sizeof(faults->rows[i].example), "%s", f->example);
	faults->rows[i].first_s = f->first_s;
	faults->rows[i].last_s = f->last_s;
	faults->rows[i].count = f->count;
	return OK;
}

static struct faults *
faults_of(struct store *s, const char *reporter)
{
	static struct faults faults;

	faults.count = 0;
	ck_ok(store_faults(s, reporter, on_fault, &faults, trouble()));
	return &faults;
}

static void
add_fault(struct store *s, const char *subject, int64_t time_s)
{
	const struct store_fault f = {STORE_FAULT_OWN, subject, time_s, time_s, 2, "mail.log:7: x"};

	ck_ok(store_fault_add(s, "mx1", &f, trouble()));
}

START_TEST(a_fault_is_counted)
{
	struct store *s = open_store();
	struct faults *f;

	add_fault(s, "own.example", NOW);
	add_fault(s, "own.example", NOW + 5);
	add_fault(s, "other.example", NOW + 1);
	f = faults_of(s, "mx1");
	ck_assert_uint_eq(f->count, 2);
	ck_assert_str_eq(f->rows[0].subject, "own.example");
	ck_assert_uint_eq(f->rows[0].count, 4);
	ck_assert_int_eq(f->rows[0].first_s, NOW);
	ck_assert_int_eq(f->rows[0].last_s, NOW + 5);
	ck_assert_str_eq(f->rows[0].example, "mail.log:7: x");
	ck_assert_uint_eq(faults_of(s, "mx2")->count, 0);
	ck_ok(store_reporters_prune(s, NOW + 1 + STORE_FAULT_KEPT_S, trouble()));
	ck_assert_uint_eq(faults_of(s, "mx1")->count, 2);
	ck_ok(store_reporters_prune(s, NOW + 2 + STORE_FAULT_KEPT_S, trouble()));
	ck_assert_uint_eq(faults_of(s, "mx1")->count, 1);
	store_close(s);
}
END_TEST

START_TEST(faults_are_bounded)
{
	struct store *s = open_store();
	char name[32];

	ck_ok(store_begin(s, trouble()));
	for (int i = 0; i < STORE_FAULTS_MAX + 50; i++) {
		snprintf(name, sizeof(name), "d%d.example", i);
		add_fault(s, name, NOW + i);
	}
	ck_ok(store_commit(s, trouble()));
	ck_assert_uint_eq(faults_of(s, "mx1")->count, STORE_FAULTS_MAX);
	ck_assert_str_eq(faults_of(s, "mx1")->rows[0].subject, name);
	store_close(s);
}
END_TEST

/* --- guessing -------------------------------------------------------------- */

/* So many hosts, of networks networks. */
static bool
watch(struct store *s, const char *reporter, const char *domain, int hosts, int networks,
	int64_t now_s)
{
	struct addr addrs[64];
	struct store_denied_domain d = {domain, 1, 0, addrs, "mail.log:7: x"};
	bool guessed;

	for (; (int)d.host_count < hosts; d.host_count++)
		addrs[d.host_count] = addr_from_ipv4(UINT32_C(0x0a000000) |
			(uint32_t)((int)d.host_count % networks) << 8 | (uint32_t)d.host_count);
	ck_ok(store_domain_watch(s, reporter, &d, now_s, &guessed, trouble()));
	return guessed;
}

START_TEST(a_domain_that_one_alone_denies_to_many_is_guessed_to_be_its_own)
{
	struct store *s = open_store();

	watch(s, "mx2", "freemail.example", 1, 1, NOW);
	ck_assert(!watch(s, "mx1", "own.example", 19, 10, NOW));
	ck_assert(watch(s, "mx1", "own.example", 20, 10, NOW + 1));
	ck_assert_uint_eq(faults_of(s, "mx1")->count, 1);
	ck_assert_str_eq(faults_of(s, "mx1")->rows[0].kind, STORE_FAULT_GUESS);
	ck_assert_str_eq(faults_of(s, "mx1")->rows[0].subject, "own.example");
	ck_assert_str_eq(faults_of(s, "mx1")->rows[0].example, "mail.log:7: x");
	ck_assert(!watch(s, "mx1", "own.example", 20, 10, NOW + 2)); /* said once */
	store_close(s);
}
END_TEST

START_TEST(few_hosts_or_few_networks_are_no_reason)
{
	struct store *s = open_store();

	watch(s, "mx2", "freemail.example", 1, 1, NOW);
	for (int i = 0; i < 5; i++) {
		ck_assert(!watch(s, "mx1", "a.example", 19, 19, NOW + i)); /* the same hosts */
		ck_assert(!watch(s, "mx1", "b.example", 64, 9, NOW + i));
	}
	ck_assert_uint_eq(faults_of(s, "mx1")->count, 0);
	store_close(s);
}
END_TEST

START_TEST(a_domain_that_others_deny_too_is_everybodys)
{
	struct store *s = open_store();

	watch(s, "mx2", "freemail.example", 1, 1, NOW);
	ck_assert(!watch(s, "mx1", "freemail.example", 40, 20, NOW));
	ck_assert_uint_eq(faults_of(s, "mx1")->count, 0);
	store_close(s);
}
END_TEST

START_TEST(who_is_the_only_reporter_is_always_alone)
{
	struct store *s = open_store();

	ck_assert(!watch(s, "mx1", "freemail.example", 40, 20, NOW));
	/* Of others nothing was heard for long. */
	watch(s, "mx2", "x.example", 1, 1, NOW - STORE_GUESS_S - 1);
	ck_assert(!watch(s, "mx1", "freemail.example", 40, 20, NOW));
	store_close(s);
}
END_TEST

START_TEST(hosts_are_counted_within_a_week)
{
	struct store *s = open_store();

	watch(s, "mx2", "freemail.example", 1, 1, NOW + STORE_GUESS_S);
	ck_assert(!watch(s, "mx1", "own.example", 19, 10, NOW));
	ck_assert(!watch(s, "mx1", "own.example", 1, 1, NOW + STORE_GUESS_S + 1));
	ck_assert(!watch(s, "mx1", "own.example", 19, 19, NOW + STORE_GUESS_S + 2));
	ck_assert(watch(s, "mx1", "own.example", 20, 19, NOW + STORE_GUESS_S + 3));
	store_close(s);
}
END_TEST

START_TEST(what_is_watched_is_bounded_and_no_fault)
{
	struct store *s = open_store();
	char name[32];

	ck_ok(store_begin(s, trouble()));
	for (int i = 0; i < STORE_GUESS_CANDIDATES + 50; i++) {
		snprintf(name, sizeof(name), "d%d.example", i);
		watch(s, "mx1", name, 1, 1, NOW + i);
	}
	ck_ok(store_commit(s, trouble()));
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM reporter_fault"),
		STORE_GUESS_CANDIDATES);
	ck_assert_uint_eq(faults_of(s, "mx1")->count, 0);
	ck_assert_uint_eq(look(s, "mx1").faults, 0);
	add_fault(s, "own.example", NOW - 1000); /* faults give way to faults alone */
	watch(s, "mx1", name, 1, 1, NOW + 300);
	ck_assert_uint_eq(look(s, "mx1").faults, 1);
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM reporter_fault"),
		STORE_GUESS_CANDIDATES + 1);
	ck_ok(store_reporters_prune(s, NOW - 999 + STORE_FAULT_KEPT_S, trouble()));
	ck_ok(store_reporters_prune(s, NOW + 1000 + STORE_GUESS_S, trouble()));
	ck_assert_int_eq(store_count(s, "SELECT count(*) FROM reporter_fault"), 0);
	store_close(s);
}
END_TEST

/* Whoever meddled with it. */
START_TEST(a_broken_row_is_begun_anew)
{
	static const char *const broken[] = {"", " ", "zzzzzzzz", "1234567 12 x", "  "};
	struct store *s = open_store();
	char sql[200];

	for (size_t i = 0; i < ORBL_COUNT(broken); i++) {
		watch(s, "mx1", "own.example", 3, 3, NOW);
		snprintf(sql, sizeof(sql), "UPDATE reporter_fault SET example = '%s'", broken[i]);
		store_meddle(sql);
		watch(s, "mx1", "own.example", 3, 3, NOW);
	}
	store_close(s);
}
END_TEST

static Suite *
suite(void)
{
	const TTest *const quota[] = {beyond_the_quota_nothing_counts,
		the_next_day_has_a_quota_of_its_own, each_reporter_has_a_quota,
		what_is_undone_gives_its_quota_back, domains_and_hash_of_a_fact};
	const TTest *const reporters[] = {a_reporter_is_revoked_and_counts_again,
		a_reporter_has_its_numbers};
	const TTest *const faults[] = {a_fault_is_counted, faults_are_bounded};
	const TTest *const guesses[] =
		{a_domain_that_one_alone_denies_to_many_is_guessed_to_be_its_own,
			few_hosts_or_few_networks_are_no_reason,
			a_domain_that_others_deny_too_is_everybodys,
			who_is_the_only_reporter_is_always_alone, hosts_are_counted_within_a_week,
			what_is_watched_is_bounded_and_no_fault, a_broken_row_is_begun_anew};
	Suite *s = suite_create("store_reporter");

	suite_add_tcase(s, store_tests("quota", quota, ORBL_COUNT(quota)));
	suite_add_tcase(s, store_tests("reporters", reporters, ORBL_COUNT(reporters)));
	suite_add_tcase(s, store_tests("faults", faults, ORBL_COUNT(faults)));
	suite_add_tcase(s, store_tests("guesses", guesses, ORBL_COUNT(guesses)));
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
