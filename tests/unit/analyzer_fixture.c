#include "analyzer_fixture.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <orbl/log.h>

#include "outcome.h"
#include "scratch.h"

struct error *
trouble(void)
{
	static struct error e;

	return &e;
}

struct addr
fixture_address(const char *text)
{
	struct addr a;

	ck_assert_msg(addr_parse(text_of(text), &a) == OK, "%s", text);
	return a;
}

struct prefix
fixture_prefix(const char *text)
{
	struct prefix p;

	ck_assert_msg(prefix_parse(text_of(text), &p) == OK, "%s", text);
	return p;
}

struct conf *
fixture_conf(const char *lines)
{
	char directory[PATH_MAX], text[8 * PATH_MAX];
	struct conf *conf;

	ck_assert_ptr_nonnull(getcwd(directory, sizeof(directory)));
	snprintf(text, sizeof(text),
		"store.path = \"%s/orbl.db\"\naudit.file = \"%s/audit.jsonl\"\n"
		"audit.key = \"%s/audit.key\"\nscore.new_trust = 100\n"
		"listing.notice_output = 0\nlisting.notice_bouncer = 0\n"
		"zone.snapshot = \"%s/orbl.snapshot\"\ndnsd.control_socket = \"%s/dnsd.sock\"\n"
		"zone.name = dnsbl.example\nzone.ns = {ns1.example, ns2.example}\n"
		"zone.url = \"https://dnsbl.example/$?a=$\"\nscore.min_reporters = 1\n"
		"score.threshold = 10\nprobe.allow = {192.0.2.0/24, 2001:db8::/32}\n%s\n",
		directory, directory, directory, directory, directory, lines != NULL ? lines : "");
	scratch_write("orbl.conf", text, strlen(text));
	ck_ok(conf_load("orbl.conf", &conf, trouble()));
	return conf;
}

void
analyzer_open(struct analyzer *a, const char *conf_lines)
{
	struct pipeline_parts parts;

	memset(a, 0, sizeof(*a));
	log_open("check", LOG_LEVEL_ERROR);
	a->conf = fixture_conf(conf_lines);
	ck_ok(store_open(a->conf->store_path, &a->store, trouble()));
	ck_ok(reporters_load(a->conf, &a->reporters, trouble()));
	a->prober = fake_prober_new();
	a->base = event_base_new();
	ck_assert_ptr_nonnull(a->base);
	parts = (struct pipeline_parts){.conf = a->conf,
		.store = a->store,
		.prober = a->prober,
		.reporters = a->reporters,
		.base = a->base};
	ck_ok(pipeline_new(&parts, &a->pipeline, trouble()));
	a->context = (struct command_context){a->conf, a->store, a->reporters, a->pipeline,
		(int64_t)time(NULL), NULL};
}

void
analyzer_close(struct analyzer *a)
{
	analyzer_turn(a); /* what is on its way to a dnsd that is not there */
	pipeline_free(a->pipeline);
	prober_stop(a->prober);
	store_close(a->store);
	reporters_free(a->reporters);
	event_base_free(a->base);
	conf_free(a->conf);
}

void
analyzer_turn(struct analyzer *a)
{
	for (int i = 0; i < 8; i++)
		ck_assert_int_ge(event_base_loop(a->base, EVLOOP_NONBLOCK), 0);
}

void
analyzer_add_denial(struct analyzer *a, const char *reporter, const char *host)
{
	int64_t now_s = (int64_t)time(NULL);
	struct store_denial d = {.host = fixture_address(host),
		.time_s = now_s,
		.said_s = now_s,
		.count = 8,
		.line = 1};
	struct store_submission sub = {.lines = 1, .denials = 8};
	char raw[128];

	ck_ok(store_submission_begin(a->store, reporter, "mail.log", now_s, &d.submission,
		trouble()));
	snprintf(raw, sizeof(raw), "denial of %s in %lld", host, (long long)d.submission);
	d.raw = text_of(raw);
	sub.id = d.submission;
	ck_ok(store_begin(a->store, trouble()));
	ck_ok(store_denials_add(a->store, &d, 1, NULL, trouble()));
	ck_ok(store_commit(a->store, trouble()));
	ck_ok(store_submission_commit(a->store, &sub, trouble()));
}

uint64_t
analyzer_list(struct analyzer *a, const char *host, enum category category, int64_t now_s,
	int64_t expires_s)
{
	struct addr addr = fixture_address(host);
	struct store_listing l = {.prefix = list_prefix_of(a->conf, &addr),
		.category = category,
		.since_s = now_s,
		.expires_s = expires_s,
		.reason = "it came back"};

	ck_ok(store_probe_queue(a->store, &addr, CAUSE_NOMINATION, now_s, &l.probe, trouble()));
	ck_ok(store_probe_finish(a->store, l.probe, "open", "it came back", "{}", now_s,
		trouble()));
	ck_ok(store_listing_put(a->store, &l, trouble()));
	return l.probe;
}

static enum err
on_listing(const struct store_listing *l, void *context)
{
	*(uint32_t *)context |= 1U << l->category;
	return OK;
}

uint32_t
analyzer_listed(struct analyzer *a, const char *host)
{
	struct addr addr = fixture_address(host);
	struct prefix prefix = list_prefix_of(a->conf, &addr);
	uint32_t mask = 0;

	ck_ok(store_listings(a->store, &prefix, on_listing, &mask, trouble()));
	return mask;
}
