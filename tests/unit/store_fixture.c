#include "store_fixture.h"

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
