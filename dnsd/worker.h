/* worker.h - a thread that answers: its own sockets, buffers and connections. */
#ifndef DNSD_WORKER_H
#define DNSD_WORKER_H

#include "listener.h"
#include "live.h"

struct worker;

struct worker_options {
	size_t index; /* which reader of live it is */
	struct live *live;
	size_t endpoint_count;
	const struct endpoint *endpoints;
	uint16_t udp_size;
	size_t tcp_connections;
	int64_t tcp_idle_ms;
};

/* Open sockets and buffers. Keeps live; copies the rest. On error *out is NULL. */
enum err worker_new(const struct worker_options *options, struct worker **out,
	struct error *e) ORBL_NODISCARD;
/* Begin to answer. */
enum err worker_start(struct worker *w, struct error *e) ORBL_NODISCARD;
/* Make it pass its quiescent point soon, though no query comes. */
void worker_wake(struct worker *w);
/* End the thread (when started) and close everything. NULL ok. */
void worker_free(struct worker *w);

#endif
