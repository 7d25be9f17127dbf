/* prefix_set.h - many prefixes, of which one is found that overlaps another one. */
#ifndef ANALYZER_PREFIX_SET_H
#define ANALYZER_PREFIX_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>

struct prefix_item {
	struct prefix prefix;
	uint32_t tag; /* the caller's */
};

struct prefix_set {
	size_t count;
	struct prefix_item *items; /* in order, none within another */
};

/* Takes items, from malloc (NULL: there are none), which are put in order; of equal ones the one
 * with the lowest tag stays, and none that lie in another. */
void prefix_set_make(struct prefix_set *set, struct prefix_item *items, size_t count);
void prefix_set_free(struct prefix_set *set);
/* The first that holds p or lies in it; NULL: none. */
const struct prefix_item *prefix_set_find(const struct prefix_set *set, const struct prefix *p);
bool prefix_holds(const struct prefix *outer, const struct prefix *inner);

#endif
