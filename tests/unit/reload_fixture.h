/* reload_fixture.h - zones with files in a directory of their own, for tests of loading. */
#ifndef TESTS_RELOAD_FIXTURE_H
#define TESTS_RELOAD_FIXTURE_H

#include "reload.h"

enum { RELOAD_FIXTURE_ZONES = 4, RELOAD_FIXTURE_NOW = 2000, RELOAD_FIXTURE_CREATED = 1000 };

struct reload_fixture {
	const char *program; /* the test, which is also the loader's child */
	char dir[64], path[128], delta_path[160];
	struct reload *reload;
	struct loader *loader;
	size_t zone_count;
	struct feed_zone zones[RELOAD_FIXTURE_ZONES];
	struct reload_options options;
};

void fixture_set_up(struct reload_fixture *f); /* sends the log to a file */
void fixture_tear_down(struct reload_fixture *f);

/* --- files --- */

void fixture_write_file(const char *name, const char *text);
/* The list of orbl with one address, at f->path. */
void fixture_publish_list(struct reload_fixture *f, uint32_t serial);
/* A list of one zone, at a name below the origin, with so many addresses; over base, or whole. */
void fixture_publish_small(const char *name, const struct snapshot *base, const char *zone,
	uint32_t serial, unsigned addresses);
/* Such a list at f->path, and a delta of what is there now. */
void fixture_publish_base(struct reload_fixture *f, uint32_t serial);
void fixture_publish_delta(struct reload_fixture *f, uint32_t serial);

/* --- zones --- */

/* zone is NAME=TYPE: and file what follows. */
void fixture_add_zone(struct reload_fixture *f, const char *zone, const char *file);
enum err fixture_try_to_open(struct reload_fixture *f, struct error *e);
void fixture_open_zones(struct reload_fixture *f);
/* dnsbl.test with f->path. */
void fixture_open_snapshot_zone(struct reload_fixture *f);
void fixture_open_rbldnsd_zone(struct reload_fixture *f);

/* --- what is in service --- */

struct reload_status fixture_status_of(struct reload_fixture *f, size_t i);
struct reload_status fixture_status(struct reload_fixture *f); /* of the first */
const struct zone *fixture_find_zone(struct reload_fixture *f, const char *origin);
bool fixture_is_ready(struct reload_fixture *f, const char *origin);
/* Of the snapshot of dnsbl.test; 0: not ready. */
uint32_t fixture_serial(struct reload_fixture *f);
/* Of its delta, as the zone has it too; 0: none. */
uint32_t fixture_delta_serial(struct reload_fixture *f);
size_t fixture_count_logged(struct reload_fixture *f, const char *what);

#endif
