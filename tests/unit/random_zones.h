/* random_zones.h - zones of random data for tests: several sets and sources, ranges of all kinds,
 * deltas, names with wildcards, zones within and below.
 *
 *	rand.test, in.rand.test within it, a.gap.rand.test within it, sub.rand.test of its own
 */
#ifndef TESTS_RANDOM_ZONES_H
#define TESTS_RANDOM_ZONES_H

#include "zone.h"
#include "zone_fixture.h"

enum { RANDOM_ZONES_SOURCES = 2, RANDOM_ZONES_CREATED = 1700000000 };

struct random_zones {
	uint32_t seed;
	bool has_expired; /* some entries ended before the versions were made */
	bool has_names;
	size_t layers; /* sets of the zone */
	struct snapshot *bases[RANDOM_ZONES_SOURCES];
	uint32_t version;
};

uint32_t random_zones_number(struct random_zones *z, uint32_t below);
struct random_zones random_zones_new(uint32_t seed);
/* Other bases for the next versions. */
void random_zones_rebase(struct random_zones *z);
void random_zones_free(struct random_zones *z);

/* A version: the bases, each with a random delta or none. Deltas are the caller's to close. */
struct random_version {
	struct zone_set *zones;
	struct snapshot *deltas[RANDOM_ZONES_SOURCES];
};
struct random_version random_zones_version(struct random_zones *z, bool with_deltas);
void random_version_free(struct random_version *v);
const struct zone *random_version_zone(const struct random_version *v, const char *origin);

/* A name to be asked in rand.test: mostly near what is listed. Presentation form. */
void random_zones_name(struct random_zones *z, char out[1024]);

#endif
