/* catalog.h - the zone that lists the zones served (RFC 9432), so that secondaries need no list.
 *
 *	version.CATALOG                 TXT "2"
 *	HASH.zones.CATALOG              PTR zone         one a zone with an SOA of its own
 *
 * The keeper makes it, as a snapshot in a memory file, which is then the data of one zone more: it
 * is asked for, transferred and notified like any other. HASH is of the zone's name, so it stays.
 * Its serial is the time of the change of its members, and never the one before: it grows, over
 * restarts too.
 *
 * While a zone given is not ready there is no new catalog: one without it would take the zone from
 * all secondaries.
 */
#ifndef DNSD_CATALOG_H
#define DNSD_CATALOG_H

#include "zone.h"

struct catalog {
	uint64_t members; /* hash of them all; 0: there is no catalog yet */
	uint32_t serial;
};

/* Make a catalog of the zones, those of the catalog's own origin left out. *fd is a sealed memory
 * file, the caller's; -1: nothing has changed, or a zone is not ready (*missing is its name, else
 * ""). *c becomes what it is then. */
enum err catalog_make(struct catalog *c, const struct zone_set *zones, const char *origin,
	int64_t now_s, int *fd, char missing[WIRE_NAME_TEXT], struct error *e) ORBL_NODISCARD;

#endif
