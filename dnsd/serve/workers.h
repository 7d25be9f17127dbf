/* workers.h - all the workers of the server. */
#ifndef DNSD_WORKERS_H
#define DNSD_WORKERS_H

#include "server.h"
#include "worker.h"

struct workers;

/* Open the sockets of all. Keeps options, live and answer. On error *out is NULL. */
enum err workers_open(const struct server_options *options, struct live *live,
	const struct answer_config *answer, struct workers **out, struct error *e) ORBL_NODISCARD;
/* Begin to answer. */
enum err workers_start(struct workers *w, struct error *e) ORBL_NODISCARD;
/* Make each one pass its quiescent point soon. */
void workers_wake(struct workers *w);
/* The sums of what they counted. */
void workers_stats(const struct workers *w, struct worker_stats *out);
/* End the threads and close the sockets. NULL ok. */
void workers_close(struct workers *w);

#endif
