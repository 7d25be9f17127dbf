/* query_process.h - the process that answers: workers (worker.h), and a main thread that takes new
 * data from the keeper and puts them into service (live.h).
 *
 * It opens no file and connects to nobody: sockets and buffers are there before it begins, data
 * come as descriptors. Until START it answers nothing and has rights left that nobody can abuse: no
 * bytes from outside have come to it. From then on it has none (sandbox.h).
 */
#ifndef DNSD_QUERY_PROCESS_H
#define DNSD_QUERY_PROCESS_H

#include "listeners.h"
#include "message.h"
#include "server.h"
#include "stats.h"

struct access_shared;

struct query_process {
	const struct server_options *server;
	const struct answer_config *answer;
	const struct listeners *listeners;
	const struct stats *stats;
	int observations; /* the workers' end of the channel of observation.h; -1: none */
	int transfer[HANDED_CHANNELS]; /* to the transfer process; -1: none */
	struct access_shared *access;  /* what was counted (access/access_report.h) */
};

/* Of child_start; context is a struct query_process. Until the keeper closes its end. */
int query_process_run(void *context, int keeper);

#endif
