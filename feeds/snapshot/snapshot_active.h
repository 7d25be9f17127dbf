/* snapshot_active.h - the ranges that are active at the place of a sweep (snapshot_sweep.h).
 *
 *	heap: which ends first        counts and a bitmap over (rank, class): which answers
 *
 * Each pair of rank and class that the list has gets a place, the highest rank and the lowest
 * class first. What is active is a bit there, and bits over those that say where some are, so
 * that adding, removing and finding cost O(log n) whatever overlaps whatever.
 */
#ifndef FEEDS_SNAPSHOT_ACTIVE_H
#define FEEDS_SNAPSHOT_ACTIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/snapshot_builder.h>

#include "snapshot_span.h"

struct active;

struct active *active_new(const struct span_list *list); /* for ranges of it; NULL: no memory */
void active_free(struct active *a);                      /* NULL ok */

bool active_add(struct active *a, const struct span *span); /* false: out of memory */
bool active_is_empty(const struct active *a);
/* The rest when something is active. */
struct snapshot_key active_end(const struct active *a); /* where one ends first */
void active_drop(struct active *a);                     /* all that end there */
uint8_t active_rank(const struct active *a);            /* the highest */
/* The lowest classes of that rank, ascending. SNAPSHOT_NOT_LISTED comes first if it is there. */
size_t active_classes(const struct active *a, uint32_t ids[SNAPSHOT_RECORDS_MAX]);

#endif
