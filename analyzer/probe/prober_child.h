/* prober_child.h - what runs in the prober's own process. */
#ifndef ANALYZER_PROBER_CHILD_H
#define ANALYZER_PROBER_CHILD_H

#include "prober.h"

enum { PROBER_JOBS_MAX = 8192 }; /* held by the child; more wait in the pipe */

/* To the child come struct prober_job and these, told apart by their size. */
struct prober_cancel {
	uint64_t id;
};
struct prober_ack {
	uint64_t sequence; /* higher than any before, none that was not given */
	uint64_t stored;   /* 0 or 1 */
};

/* Bind the collector, shut the process in, and work until the parent hangs up. channel: the
 * child's end of the SOCK_SEQPACKET pair. Returns an exit status. */
int prober_child_main(const struct prober_conf *conf, int channel);

#endif
