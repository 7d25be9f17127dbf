#include "store_fixture.h"

#include <stdio.h>

struct store *
open_store(void)
{
	struct store *s;

	ck_ok(store_open("orbl.db", &s, trouble()));
	return s;
}

struct store *
reopen_store(struct store *s)
{
	store_close(s);
	return open_store();
}

int64_t
store_count(struct store *s, const char *sql)
{
	int64_t n;

	ck_ok(store_number(s, trouble(), &n, sql, ""));
	return n;
}

void
store_meddle(const char *sql)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open("orbl.db", &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

int64_t
begin_submission(struct store *s, const char *reporter)
{
	int64_t id;

	ck_ok(store_submission_begin(s, reporter, "mail.log", NOW, &id, trouble()));
	return id;
}

bool
add_denial(struct store *s, int64_t submission, const char *host, int64_t time_s, const char *raw)
{
	struct store_denial d = {.submission = submission,
		.host = fixture_address(host),
		.time_s = time_s,
		.said_s = time_s,
		.count = 1,
		.line = 7,
		.raw = text_of(raw)};
	uint64_t duplicates = 0;

	ck_ok(store_begin_lazily(s, trouble()));
	ck_ok(store_denials_add(s, &d, 1, &duplicates, trouble()));
	ck_ok(store_commit(s, trouble()));
	return duplicates == 0;
}

struct store_submission
commit_submission(struct store *s, int64_t id)
{
	struct store_submission sub = {.id = id, .lines = 3, .denials = 2};

	ck_ok(store_submission_commit(s, &sub, trouble()));
	return sub;
}

enum err
on_fact(const struct store_fact *f, void *context)
{
	struct seen *seen = context;
	size_t i = seen->count++;

	ck_assert_uint_lt(i, ORBL_COUNT(seen->facts));
	snprintf(seen->facts[i].reporter, sizeof(seen->facts[i].reporter), "%s", f->reporter);
	snprintf(seen->facts[i].file, sizeof(seen->facts[i].file), "%s", f->file);
	snprintf(seen->facts[i].raw, sizeof(seen->facts[i].raw), "%s", f->raw);
	snprintf(seen->facts[i].rule, sizeof(seen->facts[i].rule), "%s",
		f->rule != NULL ? f->rule : "(none)");
	seen->facts[i].kind = f->kind;
	seen->facts[i].hour_s = f->hour_s;
	seen->facts[i].submission = f->submission;
	seen->facts[i].denials = f->count;
	seen->facts[i].line = f->line;
	return seen->count > 1 ? seen->answer : OK;
}

struct seen
facts_of(struct store *s, const char *host, int64_t since_s, size_t max)
{
	struct addr a = fixture_address(host);
	struct seen seen = {.count = 0};

	ck_ok(store_facts(s, &a, since_s, max, on_fact, &seen, trouble()));
	return seen;
}

size_t
pending(struct store *s)
{
	struct addr hosts[16];
	size_t count;

	ck_ok(store_hosts_pending(s, hosts, ORBL_COUNT(hosts), &count, trouble()));
	return count;
}

static void
copy_text(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text != NULL ? text : "(none)");
}

enum err
on_probe(const struct store_probe *p, void *context)
{
	struct probes_seen *probes = context;
	size_t i = probes->count++;

	ck_assert_uint_lt(i, ORBL_COUNT(probes->rows));
	probes->rows[i].id = p->id;
	probes->rows[i].parent = p->parent;
	probes->rows[i].second_source = p->second_source;
	probes->rows[i].tries = p->tries;
	probes->rows[i].cause = p->cause;
	probes->rows[i].queued_s = p->queued_s;
	probes->rows[i].not_before_s = p->not_before_s;
	probes->rows[i].started_s = p->started_s;
	probes->rows[i].finished_s = p->finished_s;
	addr_format(&p->host, probes->rows[i].host);
	copy_text(probes->rows[i].verdict, sizeof(probes->rows[i].verdict), p->verdict);
	copy_text(probes->rows[i].pair_verdict, sizeof(probes->rows[i].pair_verdict),
		p->pair_verdict);
	copy_text(probes->rows[i].result, sizeof(probes->rows[i].result), p->result);
	return OK;
}

uint64_t
queue_probe(struct store *s, const char *host, enum store_cause cause)
{
	struct addr a = fixture_address(host);
	uint64_t id;

	ck_ok(store_probe_queue(s, &a, cause, NOW, &id, trouble()));
	return id;
}

struct probes_seen
due_probes(struct store *s, int64_t now_s)
{
	struct probes_seen probes = {.count = 0};

	for (unsigned second = 2; second-- != 0;)
		for (unsigned cause = CAUSE_COUNT; cause-- != 0;) {
			const struct store_place place = {second != 0, (enum store_cause)cause, 0,
				0};

			ck_ok(store_probes_due(s, &place, now_s, 8, on_probe, &probes, trouble()));
		}
	return probes;
}

struct probes_seen
waiting_probes(struct store *s)
{
	return due_probes(s, INT64_MAX);
}

TCase *
store_tests(const char *name, const TTest *const *tests, size_t count)
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, scratch_enter, scratch_leave);
	tcase_set_timeout(t, 60);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(t, tests[i]);
	return t;
}
