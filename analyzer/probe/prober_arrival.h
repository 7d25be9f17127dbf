/* prober_arrival.h - from a message at the collector to the events that tell of it.
 *
 *	new, or from a new sender   ARRIVAL, and for the first one of a case its HEADER lines
 *	the same meanwhile          nothing more
 *	sent once more              AGAIN, ever more seldom
 *	proves nothing              a line of transcript
 *
 * The reply to an ARRIVAL waits until the parent has stored it (prober_hold.h). The others need
 * not wait: what is sent once more was stored the first time, or is one of more senders than
 * count, and a note may be lost.
 */
#ifndef ANALYZER_PROBER_ARRIVAL_H
#define ANALYZER_PROBER_ARRIVAL_H

#include "collector.h"
#include "prober.h"

struct collector_seen;
struct prober_hold;

struct prober_arrival_host { /* borrowed */
	const uint8_t *key;
	struct collector_seen *seen;
	struct prober_hold *hold;
	void (*emit)(void *context, struct prober_event *ev);
	/* The run that may be waiting for it. */
	void (*tell)(void *context, uint64_t probe_id, unsigned case_number, bool bounce);
	void *context;
};

/* sequence: what HELD waits for. */
enum collector_told prober_arrival_take(const struct prober_arrival_host *host,
	const struct collector_arrival *a, const struct endpoint *peer, uint64_t *sequence);

#endif
