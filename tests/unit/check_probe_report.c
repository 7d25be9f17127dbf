#include "probe_summary.h"

#include <string.h>

#include "unit.h"

enum { INDEX = 7, REFUSED = 100, PROVED };

static struct probe_report report;

static struct endpoint
endpoint(const char *s)
{
	struct endpoint e;

	ck_assert_int_eq(endpoint_parse(text_of(s), &e), OK);
	return e;
}

static void
begin(const char *second_source)
{
	struct endpoint target = endpoint("192.0.2.9:25");
	struct prober_conf conf = {.sessions = 1};
	struct error e;

	if (second_source != NULL)
		conf.second_source = endpoint(second_source).addr;
	ck_assert_int_eq(probe_report_init(&report, INDEX, &target, &conf, &e), OK);
}

static void
end(void)
{
	probe_report_reset(&report);
}

/* The id of the job that it wants now, and from where; 0: none. */
static uint64_t
next_job(bool *second)
{
	struct prober_job job = {.id = 0};

	if (!probe_report_wants(&report, &job))
		return 0;
	ck_assert_uint_eq(probe_report_index(job.id), INDEX);
	ck_assert(addr_equal(&job.target.addr, &probe_report_target(&report)->addr));
	*second = job.from_second_source;
	probe_report_submitted(&report);
	return job.id;
}

static void
arrive(uint64_t id, const char *peer)
{
	struct prober_event ev = {.kind = PROBER_ARRIVAL, .id = id, .case_index = 1};

	ev.peer = endpoint(peer);
	probe_report_apply(&report, &ev);
}

static void
done(uint64_t id, enum prober_reach reach)
{
	struct prober_event ev = {.kind = PROBER_DONE, .id = id, .reach = reach};

	probe_report_apply(&report, &ev);
}

START_TEST(one_source)
{
	bool second = true;
	uint64_t id;

	begin(NULL);
	id = next_job(&second);
	ck_assert_uint_ne(id, 0);
	ck_assert(!second);
	ck_assert_uint_eq(next_job(&second), 0);
	ck_assert(!probe_report_is_finished(&report));
	done(id, REACH_DONE);
	ck_assert(probe_report_is_finished(&report));
	ck_assert_int_gt(probe_report_verdict(&report), VERDICT_OPEN_MULTIHOP);
	ck_assert_uint_eq(next_job(&second), 0);
}
END_TEST

START_TEST(second_source_is_asked)
{
	bool second = false;
	uint64_t first, other;

	begin("198.51.100.10");
	first = next_job(&second);
	done(first, REACH_DONE);
	ck_assert(!probe_report_is_finished(&report));
	other = next_job(&second);
	ck_assert_uint_ne(other, 0);
	ck_assert_uint_ne(other, first);
	ck_assert(second);
	arrive(other, "192.0.2.9:30000");
	done(other, REACH_DONE);
	ck_assert(probe_report_is_finished(&report));
	ck_assert_int_le(probe_report_verdict(&report), VERDICT_OPEN_MULTIHOP);
	ck_assert_uint_eq(next_job(&second), 0);
}
END_TEST

START_TEST(proof_needs_no_second)
{
	bool second = true;
	uint64_t id;

	begin("198.51.100.10");
	id = next_job(&second);
	arrive(id, "192.0.2.77:30000");
	done(id, REACH_DONE);
	ck_assert(probe_report_is_finished(&report));
	ck_assert_int_le(probe_report_verdict(&report), VERDICT_OPEN_MULTIHOP);
	ck_assert_uint_eq(next_job(&second), 0);
}
END_TEST

/* What the first one sent comes back while the second one runs. */
START_TEST(late_proof_counts)
{
	bool second = false;
	uint64_t first, other;

	begin("198.51.100.10");
	first = next_job(&second);
	done(first, REACH_DONE);
	other = next_job(&second);
	arrive(first, "192.0.2.9:30000");
	ck_assert(!probe_report_is_finished(&report));
	done(other, REACH_DONE);
	ck_assert_int_le(probe_report_verdict(&report), VERDICT_OPEN_MULTIHOP);
}
END_TEST

START_TEST(second_source_of_another_family)
{
	bool second = true;
	uint64_t id;

	begin("2001:db8::7");
	id = next_job(&second);
	done(id, REACH_DONE);
	ck_assert(probe_report_is_finished(&report));
	ck_assert_int_eq(probe_report_verdict(&report), VERDICT_CLOSED);
	ck_assert_uint_eq(next_job(&second), 0);
	ck_assert_ptr_nonnull(strstr(probe_result_line(report.results[0], 0),
		"not probed from the second source: 2001:db8::7 is not of"));
}
END_TEST

/* Nobody asked for it: an event of a second probe that there is not. */
START_TEST(stray_events)
{
	bool second = false;
	uint64_t first;

	begin(NULL);
	first = next_job(&second);
	arrive(first + 1, "192.0.2.9:30000");
	done(first + 1, REACH_DONE);
	ck_assert(!probe_report_is_finished(&report));
	ck_assert_int_gt(probe_report_verdict(&report), VERDICT_OPEN_MULTIHOP);
}
END_TEST

/* The status of targets that came to these: REACH_NONE .. REACH_DONE, REFUSED or PROVED. */
static int
status_of(size_t count, const int found[])
{
	struct probe_report reports[4] = {{0}};
	struct probe_row rows[4] = {{0}};
	char why[] = "it may not be probed";
	uint64_t id = INDEX * PROBE_REPORT_PROBES + 1;
	size_t n = 0;
	int status;

	for (size_t i = 0; i < count; i++) {
		rows[i] = (struct probe_row){.argument = "192.0.2.9", .report = n};
		if (found[i] == REFUSED) {
			rows[i].refused = why;
			continue;
		}
		begin(NULL);
		if (found[i] == PROVED)
			arrive(id, "192.0.2.77:30000");
		done(id, found[i] == PROVED ? REACH_DONE : (enum prober_reach)found[i]);
		reports[n++] = report;
	}
	status = probe_summary_status(rows, count, reports);
	while (n > 0)
		probe_report_reset(&reports[--n]);
	report = (struct probe_report){.index = 0};
	return status;
}

START_TEST(exit_status)
{
	ck_assert_int_eq(status_of(2, (const int[]){REACH_DONE, REACH_DONE}), 0);
	ck_assert_int_eq(status_of(2, (const int[]){REACH_DONE, REACH_TEMPORARY}), 2);
	ck_assert_int_eq(status_of(2, (const int[]){REACH_NONE, REACH_DONE}), 2);
	ck_assert_int_eq(status_of(1, (const int[]){REACH_REFUSED}), 2);
	ck_assert_int_eq(status_of(2, (const int[]){REFUSED, REACH_DONE}), 2);
	ck_assert_int_eq(status_of(1, (const int[]){REFUSED}), 2);
	ck_assert_int_eq(status_of(2, (const int[]){REACH_DONE, PROVED}), 1);
	ck_assert_int_eq(status_of(4, (const int[]){REFUSED, REACH_TEMPORARY, PROVED, REACH_DONE}),
		1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("probe_report");
	TCase *t = tcase_create("sources");

	tcase_add_checked_fixture(t, NULL, end);
	tcase_add_test(t, one_source);
	tcase_add_test(t, second_source_is_asked);
	tcase_add_test(t, proof_needs_no_second);
	tcase_add_test(t, late_proof_counts);
	tcase_add_test(t, second_source_of_another_family);
	tcase_add_test(t, stray_events);
	tcase_add_test(t, exit_status);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}
