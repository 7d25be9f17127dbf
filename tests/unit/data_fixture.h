/* data_fixture.h - zones of every kind of data: what data_fixture.c says line by line.
 *
 *	data.test       two sources: addresses, names, generic records; in.data.test within it
 *	v6.test         the first of them, as a list of ours
 *	delta.test      a delta over its base
 *	acl.test        the first again, not for all clients: 10.0.0.0/24, 10.0.2.0/24 and
 *	                2001:db8:ac1::/48 are treated specially
 *	addresses.test  the second with the same clients
 *	(all zones)     so are some of 10.0.1.0/24 and 10.0.2.0/24
 */
#ifndef TESTS_DATA_FIXTURE_H
#define TESTS_DATA_FIXTURE_H

#include "zone.h"

enum { DATA_FIXTURE_NOW = 1700000000 };

/* One at a time; not finished, so that others can be added. Ends the test program when it fails. */
struct zone_set *data_fixture_open(void);
void data_fixture_close(struct zone_set *zones);

#endif
