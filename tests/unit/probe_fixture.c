#include "probe_fixture.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <check.h>
#include <event2/event.h>

#include "probe_tls.h"
#include "scratch.h"

struct probe_fixture *
probe_fixture(void)
{
	static struct probe_fixture fixture;

	return &fixture;
}

static void
take_case(const struct prober_event *ev)
{
	struct probe_fixture *f = probe_fixture();
	f->answered[ev->case_index]++;
	f->cases++;
	f->refused += ev->answer == PROBER_ANSWER_REFUSED;
	f->temporary += ev->answer == PROBER_ANSWER_TEMPORARY;
	f->accepted += ev->answer == PROBER_ANSWER_ACCEPTED;
	f->broken += ev->answer == PROBER_ANSWER_BROKEN;
}

static void
emit(void *context, struct prober_event *ev)
{
	struct probe_fixture *f = probe_fixture();
	size_t len = strlen(f->transcript);

	(void)context;
	if (ev->kind == PROBER_DIALOGUE)
		snprintf(f->transcript + len, sizeof(f->transcript) - len, "%c %s\n", ev->direction,
			ev->text);
	if (ev->kind == PROBER_CASE)
		take_case(ev);
	if (ev->kind == PROBER_TLS)
		snprintf(f->tls, sizeof(f->tls), "%s", ev->text);
	if (ev->kind == PROBER_DONE)
		f->done = *ev;
}

static void
changed(void *context)
{
	(void)context;
}

void
probe_fixture_set_up(void)
{
	struct probe_fixture *f = probe_fixture();
	scratch_enter();
	f->base = event_base_new();
	memset(&f->conf, 0, sizeof(f->conf));
	snprintf(f->conf.collector_domain, sizeof(f->conf.collector_domain), "probe.test");
	snprintf(f->conf.helo, sizeof(f->conf.helo), "relay-test.probe.test");
	snprintf(f->conf.url, sizeof(f->conf.url), "https://probe.test/");
	ck_assert_int_eq(addr_parse(TEXT("127.0.8.1"), &f->conf.collector.addr), OK);
	f->conf.starttls = true;
	f->conf.reply_timeout_s = 1;
	f->conf.session_timeout_s = 5;
	f->conf.retry_after_s = 1;
	f->conf.key[0] = 42;
	f->host = (struct probe_host){.base = f->base,
		.conf = &f->conf,
		.emit = emit,
		.changed = changed};
	ck_assert_int_eq(probe_tls_new(&f->host.tls, &f->error), OK);
	f->job = (struct prober_job){.id = 7, .now_s = (int64_t)time(NULL)};
	f->server_conf = (struct smtp_host_conf){.address = "127.0.8.2", .pipelining = true};
	memset(&f->done, 0, sizeof(f->done));
	memset(f->answered, 0, sizeof(f->answered));
	f->cases = f->refused = f->temporary = f->accepted = f->broken = 0;
	f->tls[0] = f->transcript[0] = '\0';
}

void
probe_fixture_tear_down(void)
{
	struct probe_fixture *f = probe_fixture();
	probe_run_free(f->run);
	f->run = NULL;
	if (f->server != NULL)
		smtp_host_free(f->server);
	f->server = NULL;
	probe_tls_free(f->host.tls);
	event_base_loop(f->base, EVLOOP_NONBLOCK);
	event_base_free(f->base);
	scratch_leave();
}

/* Probe the server to the end; the owner's part is to start what is queued. */
void
probe_fixture_run(void)
{
	struct probe_fixture *f = probe_fixture();
	f->server = smtp_host_new(f->base, &f->server_conf);
	f->job.target = f->server->where;
	f->run = probe_run_new(&f->host, &f->job);
	ck_assert_ptr_nonnull(f->run);
	probe_fixture_finish();
	ck_assert_uint_eq(f->server->spoke_early, 0);
	ck_assert_uint_le(f->server->most, 1);
	ck_assert_uint_le(f->server->most_refused, PROBE_REFUSALS_MAX);
	ck_assert_uint_le(f->server->most_resets, PROBE_RESETS_MAX);
	ck_assert_uint_le(f->server->most_recipients, PROBE_GROUP_MAX);
}

void
probe_fixture_finish(void)
{
	struct probe_fixture *f = probe_fixture();

	while (f->run->state != PROBE_RUN_DONE) {
		if (f->run->state == PROBE_RUN_QUEUED)
			probe_run_start(f->run);
		else
			event_base_loop(f->base, EVLOOP_ONCE);
	}
	ck_assert_int_eq(f->done.kind, PROBER_DONE);
}

void
probe_fixture_assert_said(const char *text)
{
	ck_assert_msg(strstr(probe_fixture()->transcript, text) != NULL, "%s",
		probe_fixture()->transcript);
}

bool
accepts_all(struct smtp_host *h, const char *mail_from, const char *rcpt)
{
	(void)h;
	(void)mail_from;
	(void)rcpt;
	return true;
}

void
comes_back(struct smtp_host *h, const char *rcpt)
{
	struct probe_fixture *f = probe_fixture();

	(void)h;
	probe_run_arrival(f->run, smtp_host_case(rcpt, f->conf.key), false);
}
