/* publish_fixture.h - a publisher in the scratch directory, with guard and popular networks, and
 * what is served of what it publishes.
 */
#ifndef TESTS_PUBLISH_FIXTURE_H
#define TESTS_PUBLISH_FIXTURE_H

#include <stdio.h>

#include "analyzer_fixture.h"
#include "in_service.h"
#include "publish.h"
#include "scratch.h"
#include "unit.h"

enum { NOW = 1900000200, LIFE = 30 * 86400, DAY = 86400 };

#define RELAY (1U << CATEGORY_RELAY)

static struct store *store;
static struct conf *conf;
static struct guard *guard;
static struct publisher *publisher;

static inline void
start(void)
{
	ck_ok(publish_new(store, conf, &publisher, trouble()));
	publish_set_guard(publisher, guard);
}

static inline void
restart(void)
{
	publish_free(publisher);
	start();
}

/* An analyzer with these lines in its orbl.conf. */
static inline void
open_with(const char *lines)
{
	conf = fixture_conf(lines);
	ck_ok(store_open("orbl.db", &store, trouble()));
	ck_ok(guard_new(conf, store, NOW, &guard, trouble()));
	start();
}

static inline void
set_up(void)
{
	static const char popular[] = "192.0.2.200/30 Big Mail Inc.\n2001:db8:ffff::/48\n";

	scratch_enter();
	scratch_write("popular", popular, sizeof(popular) - 1);
	open_with("publish.max_change_floor = 20\npublish.popular = \"popular\"\n");
}

static inline void
close_all(void)
{
	publish_free(publisher);
	guard_free(guard);
	store_close(store);
	conf_free(conf);
}

static inline void
tear_down(void)
{
	close_all();
	scratch_leave();
}

static inline void
reopen_with(const char *lines)
{
	close_all();
	open_with(lines);
}

/* --- listings, and what is served of them --------------------------------------- */

static inline void
put_listing(struct store_listing l, const char *prefix)
{
	l.prefix = fixture_prefix(prefix);
	l.since_s = NOW;
	l.reason = "it came back";
	if (l.expires_s == 0)
		l.expires_s = NOW + LIFE;
	if (l.author == NULL)
		l.probe = 1;
	ck_ok(store_listing_put(store, &l, trouble()));
}

static inline void
put(const char *prefix)
{
	put_listing((struct store_listing){.category = CATEGORY_RELAY}, prefix);
}

/* 192.0.2.FROM to .TO - 1. */
static inline void
put_hosts(unsigned from, unsigned to, int64_t expires_s)
{
	char prefix[PREFIX_TEXT];

	ck_ok(store_begin(store, trouble()));
	for (unsigned i = from; i < to; i++) {
		snprintf(prefix, sizeof(prefix), "192.0.2.%u", i);
		put_listing((struct store_listing){.category = CATEGORY_RELAY,
				    .expires_s = expires_s},
			prefix);
	}
	ck_ok(store_commit(store, trouble()));
}

static inline struct in_service
served(void)
{
	struct in_service s;
	struct error e;

	in_service_open(&s, "orbl.snapshot", "orbl.snapshot.delta", &e);
	ck_assert_int_eq(e.code, OK);
	return s;
}

static inline uint32_t
categories(const char *address)
{
	struct in_service s = served();
	struct addr a = fixture_address(address);
	uint32_t found = in_service_find(&s, &a, NOW).categories;

	in_service_close(&s);
	return found;
}

static inline uint64_t
served_size(void)
{
	struct in_service s = served();
	uint64_t size = in_service_size(&s, NOW);

	in_service_close(&s);
	return size;
}

static inline enum err
publish_at(int64_t now_s)
{
	uint32_t serial;
	enum err err = publish_list(publisher, now_s, &serial, trouble());

	ck_assert_int_eq(err == OK, serial != 0);
	return err;
}

/* All of it, and nothing is held. */
static inline void
publish(void)
{
	ck_ok(publish_at(NOW));
	ck_assert_int_eq(publish_hold(publisher)->blast, BLAST_SMALL);
}

static inline void
publish_by_force(void)
{
	const struct publish_order order = {"alice", "I have looked", true};
	uint32_t serial;

	ck_ok(publish_ordered(publisher, &order, NOW, &serial, trouble()));
	ck_assert_uint_ne(serial, 0);
	ck_assert_int_eq(publish_hold(publisher)->blast, BLAST_SMALL);
}

#endif
