/* worker.h - a thread that answers: its own sockets, buffers, connections; it counts in a part of
 * stats.h. */
#ifndef DNSD_WORKER_H
#define DNSD_WORKER_H

#include "answer.h"
#include "listener.h"
#include "live.h"
#include "observation.h"

struct worker;

struct worker_options {
	size_t index; /* which reader of live it is */
	struct live *live;
	const struct answer_config *answer;
	struct stats_worker *stats;    /* where it counts */
	int observations;              /* channel of observation.h; -1: none */
	uint32_t log_every, tap_every; /* of observing */
	const int *transfer;           /* HANDED_CHANNELS to the transfer process; -1: none */
	struct gate *gate;             /* its own; NULL: none */
	size_t listener_count;
	const struct listener *listeners;
	size_t tcp_connections; /* this worker's share of all */
	/* That one client, an IPv4 address or an IPv6 /64, may have at this worker. Which worker a
	 * connection comes to is chosen by its ports, so that a client has up to so many at each:
	 * give every worker the whole limit divided by their number, rounded up. 0: no limit. */
	size_t tcp_client_connections;
	int64_t tcp_idle_ms;
};

/* Open buffers. Keeps live, answer, stats and listeners; copies the rest. On error *out is NULL. */
enum err worker_new(const struct worker_options *options, struct worker **out,
	struct error *e) ORBL_NODISCARD;
/* Begin to answer. */
enum err worker_start(struct worker *w, struct error *e) ORBL_NODISCARD;
/* Make it pass its quiescent point soon, though no query comes. */
void worker_wake(struct worker *w);
/* End the thread (when started) and close everything but the listeners. NULL ok. */
void worker_free(struct worker *w);

#endif
