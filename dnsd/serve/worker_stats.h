/* worker_stats.h - what a worker counts.
 *
 * The worker counts in a struct of its own and publishes it, word by word, at the end of each
 * round of events (worker.h): counting is plain addition, and nothing that two threads write
 * shares a cache line. A reader may see one counter of a round newer than another one.
 */
#ifndef DNSD_WORKER_STATS_H
#define DNSD_WORKER_STATS_H

#include <stddef.h>
#include <stdint.h>

/* Each reply is of one class. */
enum worker_reply {
	WORKER_REPLY_ANSWER, /* NOERROR with answers, or with TC */
	WORKER_REPLY_NODATA, /* NOERROR without */
	WORKER_REPLY_NXDOMAIN,
	WORKER_REPLY_REFUSED,
	WORKER_REPLY_SERVFAIL,
	WORKER_REPLY_FORMERR,
	WORKER_REPLY_NOTIMP,
	WORKER_REPLY_OTHER, /* BADVERS, BADCOOKIE */
	WORKER_REPLY_CLASSES,
};

/* All since the worker began. Only uint64_t. */
struct worker_stats {
	uint64_t queries[2]; /* by enum answer_transport; each is replied to, dropped or unsent */
	uint64_t replies[WORKER_REPLY_CLASSES];
	uint64_t truncated; /* of replies: those with TC */
	uint64_t dropped;   /* queries that get no reply: replies themselves, refuse, by the ACL */
	uint64_t unsent;    /* of replies: those the system did not take */
	uint64_t bytes_in, bytes_out; /* of messages; over TCP without the lengths before them */
	uint64_t tcp_accepted;
	uint64_t tcp_idle;    /* of them: closed by the idle limit */
	uint64_t tcp_evicted; /* of them: closed to make room in the table or for a descriptor */
	uint64_t tcp_refused; /* of them: closed because their client has too many */
};

enum { WORKER_STATS_WORDS = sizeof(struct worker_stats) / sizeof(uint64_t) };

/* A query of in bytes got this reply of out bytes; 0: none. */
void worker_stats_count(struct worker_stats *s, const uint8_t *reply, size_t in, size_t out);

#endif
