/* zone_fixture.h - snapshots of any content, put together call by call. */
#ifndef TESTS_ZONE_FIXTURE_H
#define TESTS_ZONE_FIXTURE_H

#include <orbl/snapshot_builder.h>

#include "zone.h"

struct zone_fixture {
	struct snapshot_builder *builder;
	const struct snapshot *base;     /* what is made is a delta of it; NULL: a whole snapshot */
	struct snapshot_zone_draft zone; /* the open one */
	size_t set;                      /* the open one */
	int64_t created_s;
	uint32_t serial;
};

enum { ZONE_FIXTURE_CREATED = 1700000000, ZONE_FIXTURE_SERIAL = 7 };

/* Each ends the test program when it fails. */
struct zone_fixture zone_fixture_new(void);
/* Open a zone, then its sets; each zone ends where the next one begins. */
void zone_fixture_zone(struct zone_fixture *f, const char *name, bool is_within);
void zone_fixture_soa(struct zone_fixture *f, const char *mname, const char *ns);
void zone_fixture_set(struct zone_fixture *f);
void zone_fixture_acl(struct zone_fixture *f); /* a set too */

/* In the open set: an address or prefix, or a name ("*.x": all below it; one that looks like an
 * address has a dot at its end). */
void zone_fixture_add(struct zone_fixture *f, const char *what, const struct snapshot_class *c);
void zone_fixture_exclude(struct zone_fixture *f, const char *what);

struct snapshot *zone_fixture_open(struct zone_fixture *f);

#endif
