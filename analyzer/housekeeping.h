/* housekeeping.h - what the store needs from time to time, and no event asks for. */
#ifndef ANALYZER_HOUSEKEEPING_H
#define ANALYZER_HOUSEKEEPING_H

#include <stdbool.h>

#include <orbl/conf.h>
#include <orbl/store.h>

struct housekeeping {
	struct store *store;     /* kept */
	const struct conf *conf; /* kept */
	int64_t pruned_s, bounded_s, retests_s;
};

/* Listings that are over end, those whose notice is over begin, what is old or too much goes, and
 * hosts whose listing is going to end are queued for a probe. True: the list is another one, to
 * be published. Trouble is logged. */
bool housekeeping_run(struct housekeeping *h, int64_t now_s);

#endif
