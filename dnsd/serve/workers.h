/* workers.h - all the workers of the server. */
#ifndef DNSD_WORKERS_H
#define DNSD_WORKERS_H

#include "listeners.h"
#include "server.h"
#include "worker.h"

struct workers;

struct workers_options {
	const struct server_options *server;
	const struct answer_config *answer;
	const struct listeners *listeners;
	const struct stats *stats; /* has a part for each worker */
	struct live *live;
	int observations;    /* the workers' end of the channel of observation.h; -1: none */
	const int *transfer; /* HANDED_CHANNELS to the transfer process (hand_over.h); -1: none */
	struct gates *gates; /* has one for each worker; NULL: none */
};

/* Open the buffers of all. Keeps what the options point to. On error *out is NULL. */
enum err workers_open(const struct workers_options *options, struct workers **out,
	struct error *e) ORBL_NODISCARD;
/* Begin to answer. */
enum err workers_start(struct workers *w, struct error *e) ORBL_NODISCARD;
/* Make each one pass its quiescent point soon. */
void workers_wake(struct workers *w);
/* End the threads. NULL ok. */
void workers_close(struct workers *w);

#endif
