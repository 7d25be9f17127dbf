/* generations.h - the versions of all zones that the transfer process keeps.
 *
 *	data of a source --generations_take--> newest generation (a set of zones)
 *	                                       older ones, for IXFR
 *	its older files --generations_take_older--> among those, after a start
 *
 * A generation lives while it is kept or held. Of each source at most two whole snapshots are
 * kept, and of their deltas as many versions as the history says.
 */
#ifndef DNSD_GENERATIONS_H
#define DNSD_GENERATIONS_H

#include "zone_table.h"

struct generations;
struct generation;

/* Keeps table. history: transfer.history, versions of a source beside the newest. NULL: out of
 * memory. */
struct generations *generations_new(struct zone_table *table, size_t history);
void generations_free(struct generations *g); /* NULL ok; what is held lives on */

/* Data of a source (index in the table) are in service. Both snapshots are given away, also when
 * there is an error; the newest generation stays what it was then. delta may be NULL. */
enum err generations_take(struct generations *g, size_t source, struct snapshot *snapshot,
	struct snapshot *delta, struct error *e) ORBL_NODISCARD;

/* An older version of what is taken of a source: file is a whole snapshot or a delta of one that is
 * kept; NULL: the newest's base alone. It is given away. ERR_REFUSED: it is none, or is kept
 * already. Of zones that have data of other sources too no version comes back this way: which
 * versions of those went with it nobody knows. */
enum err generations_take_older(struct generations *g, size_t source, struct snapshot *file,
	struct error *e) ORBL_NODISCARD;

/* Lent until the next take; NULL: nothing was taken yet. */
struct generation *generations_newest(const struct generations *g);
/* The newest generation in which the zone of this origin (wire form, lower case) has this serial;
 * NULL: none is kept, or the zone had the serial with different data. Lent likewise. */
struct generation *generations_find_serial(const struct generations *g, const uint8_t *origin,
	size_t origin_len, uint32_t serial);

struct generation *generation_hold(struct generation *n); /* returns it; release it */
void generation_release(struct generation *n);            /* NULL ok */
const struct zone_set *generation_zones(const struct generation *n);
/* The zone of this origin (wire form, lower case), which has an SOA of its own; NULL: none. */
const struct zone *
generation_zone(const struct generation *n, const uint8_t *origin, size_t origin_len);

/* zone_records_check of a zone of the generation, which is done once. */
enum err generation_check(struct generation *n, const struct zone *z, uint64_t expand,
	struct error *e) ORBL_NODISCARD;

/* RFC 1982: is serial a newer than b? */
static inline bool
generations_is_newer(uint32_t a, uint32_t b)
{
	return a != b && a - b < UINT32_C(0x80000000);
}

#endif
