#include "queue_fixture.h"

#include <stdio.h>
#include <string.h>

#include "scratch.h"
#include "store_sql.h"

static struct queue_fixture fixture;

struct queue_fixture *
here(void)
{
	return &fixture;
}

static void
on_said(const struct store_probe *p, const char *line, void *context)
{
	(void)p;
	(void)context;
	snprintf(fixture.seen.said, sizeof(fixture.seen.said), "%s", line);
}

static bool
on_late(const struct prober_event *arrival, void *context)
{
	(void)context;
	(void)arrival;
	fixture.seen.lates++;
	return !fixture.seen.full;
}

static void
on_refused(const struct store_probe *p, const char *why, void *context)
{
	(void)context;
	snprintf(fixture.seen.refused, sizeof(fixture.seen.refused), "%s", why);
	ck_ok(store_probe_finish(fixture.store, p->id, NULL, why, NULL, fixture.now_ms / 1000,
		trouble()));
}

static bool
on_end(const struct store_probe *p, const struct probe_result *result, void *context)
{
	(void)context;
	if (fixture.seen.keep)
		return false;
	fixture.seen.ended++;
	snprintf(fixture.seen.verdict, sizeof(fixture.seen.verdict), "%s",
		verdict_name(probe_result_verdict(result)));
	snprintf(fixture.seen.reason, sizeof(fixture.seen.reason), "%s",
		probe_result_reason(result));
	ck_ok(store_probe_finish(fixture.store, p->id, fixture.seen.verdict, fixture.seen.reason,
		NULL, fixture.now_ms / 1000, trouble()));
	return true;
}

static void
open_queue(void)
{
	const struct probe_queue_parts parts = {.conf = fixture.conf,
		.store = fixture.store,
		.prober = fixture.prober,
		.said = on_said,
		.late = on_late,
		.refused = on_refused};

	ck_ok(probe_queue_new(&parts, fixture.now_ms, &fixture.queue, trouble()));
}

void
queue_open(const char *conf_lines)
{
	memset(&fixture, 0, sizeof(fixture));
	fixture.now_ms = QUEUE_NOW * 1000;
	fixture.conf = fixture_conf(conf_lines);
	ck_ok(store_open(fixture.conf->store_path, &fixture.store, trouble()));
	fixture.prober = fake_prober_new();
	open_queue();
}

void
queue_set_up_with(const char *conf_lines)
{
	scratch_enter();
	queue_open(conf_lines);
}

void
queue_set_up(void)
{
	queue_set_up_with("probe.sessions = 3\nprobe.wait = 600\n");
}

void
queue_tear_down(void)
{
	probe_queue_free(fixture.queue);
	prober_stop(fixture.prober);
	store_close(fixture.store);
	conf_free(fixture.conf);
	scratch_leave();
}

void
queue_again_with(const char *conf_lines)
{
	queue_tear_down();
	queue_set_up_with(conf_lines);
}

void
queue_restart(void)
{
	probe_queue_free(fixture.queue);
	prober_stop(fixture.prober);
	fixture.prober = fake_prober_new();
	store_close(fixture.store);
	ck_ok(store_open(fixture.conf->store_path, &fixture.store, trouble()));
	open_queue();
}

uint64_t
queue_add(const char *host, enum store_cause cause)
{
	struct addr a = fixture_address(host);
	uint64_t id;

	ck_ok(store_probe_queue(fixture.store, &a, cause, fixture.now_ms / 1000, &id, trouble()));
	return id;
}

int64_t
queue_start(void)
{
	return probe_queue_start(fixture.queue, fixture.now_ms);
}

size_t
queue_jobs(void)
{
	return fake_prober_jobs(fixture.prober);
}

const struct prober_job *
queue_job(size_t i)
{
	return fake_prober_job(fixture.prober, i);
}

void
queue_say(struct prober_event ev)
{
	ev.time_us = fixture.now_ms * 1000;
	fake_prober_say(fixture.prober, &ev);
	ck_ok(probe_queue_read(fixture.queue, trouble()));
}

void
queue_say_case(uint64_t id, unsigned number, enum prober_answer answer)
{
	queue_say((struct prober_event){.kind = PROBER_CASE,
		.id = id,
		.case_index = number,
		.answer = answer,
		.rcpt_reply = "554 5.7.1 no"});
}

void
queue_say_arrival(uint64_t id, unsigned number, const char *peer)
{
	queue_say((struct prober_event){.kind = PROBER_ARRIVAL,
		.id = id,
		.case_index = number,
		.peer = {.addr = fixture_address(peer)}});
}

void
queue_say_done(uint64_t id, enum prober_reach reach)
{
	queue_say((struct prober_event){.kind = PROBER_DONE, .id = id, .reach = reach});
}

size_t
queue_end_all(void)
{
	return probe_queue_end(fixture.queue, fixture.now_ms / 1000, on_end, NULL);
}

int64_t
queue_number(const char *sql)
{
	int64_t n;

	ck_ok(store_number(fixture.store, trouble(), &n, sql, ""));
	return n;
}

TCase *
queue_tests(const char *name, const TTest *const *tests, size_t count)
{
	TCase *t = tcase_create(name);

	tcase_add_checked_fixture(t, queue_set_up, queue_tear_down);
	tcase_set_timeout(t, 60);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(t, tests[i]);
	return t;
}
