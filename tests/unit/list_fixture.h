/* list_fixture.h - small lists for tests: lines of text frozen into a snapshot.
 *
 *	192.0.2.1 relay
 *	198.51.100.0/24 suspect 1900000000	(expires then)
 *
 * The snapshot has every zone of listing.h, as orbl-analyzer publishes it.
 */
#ifndef TESTS_LIST_FIXTURE_H
#define TESTS_LIST_FIXTURE_H

#include <orbl/snapshot_builder.h>

struct list_fixture {
	const char *origin; /* of mname, rname and ns */
	const char *lines;
	uint32_t serial;
	const char *notice; /* NULL: none */
	uint32_t ttl_s;     /* of all records and negative answers; 0: those below */
};

enum { LIST_FIXTURE_TTL = 300, LIST_FIXTURE_MINIMUM = 150, LIST_FIXTURE_SOA_TTL = 3600 };

/* Write the snapshot to a file. The error names the line. */
enum err list_fixture_write(const struct list_fixture *f, int fd, struct error *e) ORBL_NODISCARD;
/* Open it from memory; ends the test program when that fails. */
struct snapshot *list_fixture_open(const struct list_fixture *f);
/* The same of whatever a builder has; takes the builder. */
struct snapshot *list_fixture_freeze(struct snapshot_builder *b, uint32_t serial);

#endif
