/* prober_hold.h - arrivals that were told to the parent, and are not acknowledged yet.
 *
 * They are numbered from 1 on, and acknowledged in that order. Those that are stored are then
 * kept in collector_seen.h; the others are as if they had never come. A hold outlives the
 * connection of its message: when the relay did not wait, it may still have been stored.
 */
#ifndef ANALYZER_PROBER_HOLD_H
#define ANALYZER_PROBER_HOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "collector_seen.h"

enum { PROBER_HOLD_MAX = 1024 /* more than the pipe holds and the parent takes at a time */ };

struct prober_hold;
struct prober_hold *prober_hold_new(void);    /* NULL: out of memory */
void prober_hold_free(struct prober_hold *h); /* NULL ok */
/* The sequence of the same one; 0: none. */
uint64_t prober_hold_find(const struct prober_hold *h, const struct collector_seen_key *key,
	const struct addr *peer);
/* Its sequence; 0: there are too many. */
uint64_t prober_hold_add(struct prober_hold *h, const struct collector_seen_key *key,
	const struct addr *peer);
/* False when there is none with that sequence. */
bool prober_hold_settle(struct prober_hold *h, uint64_t upto, bool stored,
	struct collector_seen *seen) ORBL_NODISCARD;

#endif
