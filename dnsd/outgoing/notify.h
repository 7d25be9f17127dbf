/* notify.h - telling secondaries that a zone has changed (RFC 1996).
 *
 * One NOTIFY a zone and secondary at a time, over UDP from a port of its own; it is tried
 * NOTIFY_TRIES times, the wait doubling, until a reply with its id comes from where it went, signed
 * with the same key. A change meanwhile is told by the next try, or after the reply; so a list that
 * changes all the time is told of once in NOTIFY_GAP_MS, and a secondary that is gone is logged. At
 * most NOTIFY_POLLS_MAX are under way; the rest waits its turn.
 */
#ifndef DNSD_NOTIFY_H
#define DNSD_NOTIFY_H

#include <poll.h>

#include "peers.h"
#include "transfer_status.h"
#include "zone.h"

struct notify;

enum {
	NOTIFY_POLLS_MAX = 64,
	NOTIFY_TRIES = 5,
	NOTIFY_WAIT_MS = 1000, /* for the reply to the first one */
	NOTIFY_DELAY_MS = 100, /* several changes at once are one */
	NOTIFY_GAP_MS = 500,   /* from the first try of one to that of the next */
};

struct notify_times {
	int64_t ms; /* of clock_monotonic_ms */
	int64_t s;  /* epoch */
};

/* Keeps peers and status. source: family 0 is the system's choice. NULL: out of memory. */
struct notify *
notify_new(const struct peers *peers, const struct addr *source, struct transfer_status *status);
void notify_free(struct notify *n); /* NULL ok */

/* What is served now; zones whose serial is another than before are notified. */
void notify_zones(struct notify *n, const struct zone_set *zones, const struct notify_times *now);

size_t notify_prepare(struct notify *n, struct pollfd polls[NOTIFY_POLLS_MAX]);
/* How long poll may wait for our sake; -1: forever. */
int notify_wait_ms(const struct notify *n, const struct notify_times *now);
/* Those that prepare filled, and what the clock says. */
void notify_serve(struct notify *n, const struct pollfd *polls, size_t count,
	const struct notify_times *now);

#endif
