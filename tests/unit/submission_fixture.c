#include "submission_fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scratch.h"
#include "store_sql.h"

static struct submission_fixture here;

struct submission_fixture *
fixture(void)
{
	return &here;
}

void
submission_set_up_with(const char *policy)
{
	char lines[8192] = "", directory[4000];

	scratch_enter();
	if (policy != NULL) {
		scratch_write("mx1.policy", policy, strlen(policy));
		ck_assert_ptr_nonnull(getcwd(directory, sizeof(directory)));
		snprintf(lines, sizeof(lines),
			"reporter mx1 {\n relay_policy = \"%s/mx1.policy\"\n}", directory);
	}
	here.conf = fixture_conf(lines);
	ck_ok(reporters_load(here.conf, &here.reporters, trouble()));
	ck_ok(store_open("orbl.db", &here.store, trouble()));
}

void
submission_set_up(void)
{
	submission_set_up_with(NULL);
}

void
submission_tear_down(void)
{
	store_close(here.store);
	reporters_free(here.reporters);
	conf_free(here.conf);
	scratch_leave();
}

struct submission *
begin(const char *reporter)
{
	const struct submission_conf begin_conf = {.store = here.store,
		.reporters = here.reporters,
		.reporter = reporter,
		.file = "mail.log",
		.now_s = NOW};
	struct submission *s;

	ck_ok(submission_begin(&begin_conf, &s, trouble()));
	return s;
}

void
assert_counts(const json_t *summary, const json_int_t wanted[8])
{
	static const char *const names[] = {"lines", "understood", "denials", "hosts", "duplicates",
		"drift", "rejections", "not_understood"};

	for (size_t i = 0; i < ORBL_COUNT(names); i++)
		ck_assert_msg(json_integer_value(json_object_get(summary, names[i])) == wanted[i],
			"%s is %lld, not %lld", names[i],
			json_integer_value(json_object_get(summary, names[i])), wanted[i]);
}

int64_t
number(const char *sql)
{
	int64_t n;

	ck_ok(store_number(here.store, trouble(), &n, sql, ""));
	return n;
}

static enum err
on_fact(const struct store_fact *f, void *context)
{
	int64_t *sum = context;

	sum[0]++;
	sum[1] += f->count;
	sum[2] = f->hour_s;
	return OK;
}

/* Hours with evidence about host, the denials in them, the oldest hour. */
void
assert_facts(const char *host, int64_t hours, int64_t denials, int64_t oldest_s)
{
	struct addr a = fixture_address(host);
	int64_t sum[3] = {0};

	ck_ok(store_facts(here.store, &a, 0, 100, on_fact, sum, trouble()));
	ck_assert_int_eq(sum[0], hours);
	ck_assert_int_eq(sum[1], denials);
	ck_assert_int_eq(sum[2], oldest_s);
}

/* Denials of 10.0.0.0 and so on, one host each, at lines of their own. */
void
feed_many(struct submission *s, int count)
{
	char line[512];

	for (int i = 0; i < count; i++) {
		snprintf(line, sizeof(line),
			DENIAL("2030-03-17T17:10:01+00:00", "10.0.%d.%d", "%d@freemail.example"),
			i / 256, i % 256, i, i);
		ck_ok(submission_feed(s, line, strlen(line), trouble()));
	}
}
