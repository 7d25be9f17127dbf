/* observation.h - one query and its reply, on the way from a worker to the observer.
 *
 *	worker -- SEQPACKET: struct observation, query, reply --> observer (query log, dnstap)
 *
 * One of so many queries. Sends never wait: when the observer does not keep up, what it would have
 * got is lost and counted, and answers go on.
 */
#ifndef DNSD_OBSERVATION_H
#define DNSD_OBSERVATION_H

#include <stdbool.h>

#include <orbl/addr.h>
#include <orbl/err.h>

#include "stats.h"

enum {
	OBSERVATION_LOG = 1, /* for the query log */
	OBSERVATION_TAP = 2, /* for dnstap */
	OBSERVATION_BYTES_MAX =
		4096, /* of the query and of the reply; what is longer is left out */
};

/* The header of a message. */
struct observation {
	uint32_t what; /* OBSERVATION_* */
	uint32_t transport;
	int64_t query_ns, reply_ns; /* since 1970 */
	struct endpoint client, local;
	uint32_t row;       /* of stats; STATS_NO_ZONE: none of ours */
	uint32_t query_len; /* bytes that follow */
	uint32_t reply_len; /* 0: there was none */
};

/* Of a worker: where to send, and when the next one is due. */
struct observing {
	int channel;                   /* -1: nobody observes */
	uint32_t log_every, tap_every; /* 0: never */
	uint32_t log_left, tap_left;
	struct stats_worker *stats;
};

/* A connection, for whom its queries are to be observed. */
struct observed {
	struct observing *observing;
	struct endpoint client, local;
};

/* A pair of the workers' end, which all share, and the observer's; both non-blocking. */
enum err observation_channel(int *workers, int *observer, struct error *e) ORBL_NODISCARD;

void observing_init(struct observing *o, int channel, uint32_t log_every, uint32_t tap_every,
	struct stats_worker *stats);
/* What this query is for, OBSERVATION_*; 0: nothing, as for most. Counts it. */
static inline unsigned
observing_next(struct observing *o)
{
	unsigned what = 0;

	if (o->channel < 0)
		return 0;
	if (o->log_every != 0 && --o->log_left == 0) {
		o->log_left = o->log_every;
		what |= OBSERVATION_LOG;
	}
	if (o->tap_every != 0 && --o->tap_left == 0) {
		o->tap_left = o->tap_every;
		what |= OBSERVATION_TAP;
	}
	return what;
}

/* Fills query_len and reply_len. Never waits. */
void observing_send(struct observing *o, struct observation *header, const uint8_t *query,
	size_t query_len, const uint8_t *reply, size_t reply_len);

/* A message as it was received: bounds are checked. False: it is none. query and reply point into
 * it. */
bool observation_read(const uint8_t *message, size_t len, struct observation *out,
	const uint8_t **query, const uint8_t **reply);

#endif
