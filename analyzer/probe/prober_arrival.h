/* prober_arrival.h - from a message at the collector to the events that tell of it.
 *
 *	new, or from a new sender   ARRIVAL, and for the first one of a case its HEADER lines
 *	sent once more              AGAIN, ever more seldom
 *	proves nothing              a line of transcript
 */
#ifndef ANALYZER_PROBER_ARRIVAL_H
#define ANALYZER_PROBER_ARRIVAL_H

#include "collector.h"
#include "prober.h"

struct collector_seen;

struct prober_arrival_host { /* borrowed */
	const uint8_t *key;
	struct collector_seen *seen;
	void (*emit)(void *context, struct prober_event *ev);
	/* The run that may be waiting for it. */
	void (*tell)(void *context, uint64_t probe_id, unsigned case_number, bool bounce);
	void *context;
};

void prober_arrival_take(const struct prober_arrival_host *host, const struct collector_arrival *a,
	const struct endpoint *peer);

#endif
