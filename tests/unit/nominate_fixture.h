/* nominate_fixture.h - a store with reporters that deny, and the look that follows. */
#ifndef TESTS_NOMINATE_FIXTURE_H
#define TESTS_NOMINATE_FIXTURE_H

#include "nominate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/log.h>
#include <orbl/store_audit.h>
#include <orbl/store_decision.h>
#include <orbl/store_reporter.h>

#include "analyzer_fixture.h"
#include "host_state.h"
#include "list.h"
#include "scratch.h"
#include "store_sql.h"
#include "unit.h"

#define HOST     "192.0.2.1"
#define SUSPECTS "score.min_reporters = 2\nscore.suspect_at = 60\nscore.suspect_until = 30\n"

enum { NOW = 1900000800, HOUR = 3600, DAY = 86400 };

static struct conf *conf;
static struct store *store;
static struct guard *guard;
static struct nominate nominate;
static struct prefix allowed;
static struct etiquette_rules etiquette;

static inline void
begin(const char *lines)
{
	log_open("check", LOG_LEVEL_ERROR);
	conf = fixture_conf(lines);
	ck_ok(store_open(conf->store_path, &store, trouble()));
	ck_ok(guard_new(conf, store, NOW, &guard, trouble()));
	nominate = (struct nominate){.conf = conf, .store = store, .guard = guard};
	ck_ok(nominate_init(&nominate, trouble()));
	allowed = fixture_prefix("192.0.2.0/24");
	etiquette = (struct etiquette_rules){.allow_count = 1,
		.allow = &allowed,
		.interval_s = DAY};
}

static inline void
end(void)
{
	nominate_reset(&nominate);
	guard_free(guard);
	store_close(store);
	conf_free(conf);
}

static inline void
set_up(void)
{
	scratch_enter();
	begin(SUSPECTS);
}

static inline void
tear_down(void)
{
	end();
	scratch_leave();
}

static inline void
start_again(const char *lines)
{
	end();
	begin(lines);
}

/* Denials in one hour. */
static inline void
deny(const char *reporter, const char *host, int64_t time_s, uint32_t count)
{
	static unsigned lines;
	struct store_denial d = {.host = fixture_address(host),
		.time_s = time_s,
		.said_s = time_s,
		.count = count,
		.line = 1};
	struct store_submission sub = {.lines = 1};
	char raw[128];

	ck_ok(store_submission_begin(store, reporter, "mail.log", time_s, &d.submission,
		trouble()));
	snprintf(raw, sizeof(raw), "denial %u", lines++);
	d.raw = text_of(raw);
	d.recipient = text_of("someone@example.net");
	sub.id = d.submission;
	ck_ok(store_begin(store, trouble()));
	ck_ok(store_denials_add(store, &d, 1, NULL, trouble()));
	ck_ok(store_submission_count(store, &sub, trouble()));
	ck_ok(store_commit(store, trouble()));
}

static inline void
look(int64_t now_s)
{
	ck_assert(!nominate_batch(&nominate, &etiquette, now_s));
}

static inline int64_t
number(const char *sql)
{
	int64_t n;

	ck_ok(store_number(store, trouble(), &n, sql, ""));
	return n;
}

static inline void
run(const char *sql)
{
	ck_ok(store_execute(store, sql, trouble()));
}

#endif
