/* observer.h - the process that tells what is going on: metrics, query log, dnstap.
 *
 *	shared counters (stats.h) --> GET /metrics ---------> Prometheus
 *	observations of workers ----> query log file, dnstap socket
 *
 * It has no access but to what it is given: the listening sockets, the channels, the log's
 * descriptor, and the dnstap connection, which it asks the keeper for (MESSAGE_TAP_WANTED) when it
 * has none, every few seconds. One poll loop, no thread.
 *
 * In the keeper:
 *	observer_files_bind      before privileges are dropped: dnsd.metrics
 *	observer_files_open      after that: the log belongs to who opens it anew later
 *	observer_run             in the child, after sandbox_enter, and in one that follows it
 *	observer_files_message   when the keeper's end of the channel is readable; may connect
 *	observer_files_reopen    at SIGHUP
 */
#ifndef DNSD_OBSERVER_H
#define DNSD_OBSERVER_H

#include <orbl/conf.h>

#include "stats.h"

enum { OBSERVER_LISTEN_MAX = 16 }; /* entries of dnsd.metrics */

struct access_shared;
struct transfer_status;

/* The keeper's; kept as long as it lives, so that an observer that follows has the same. */
struct observer_files {
	const struct conf *conf;
	size_t metrics_count;
	int metrics[OBSERVER_LISTEN_MAX];
	int log;       /* -1: none */
	int tap_errno; /* why dnstap's last connection failed, as was told; 0: it did not */
};

/* Is there anything to observe? */
bool observer_is_wanted(const struct conf *conf);
/* What can be told without opening anything: dnstap in a build without it. */
enum err observer_check(const struct conf *conf, struct error *e) ORBL_NODISCARD;
/* Close what they had opened on error. */
enum err observer_files_bind(struct observer_files *f, const struct conf *conf,
	struct error *e) ORBL_NODISCARD;
enum err observer_files_open(struct observer_files *f, struct error *e) ORBL_NODISCARD;
void observer_files_close(struct observer_files *f);
/* Open the log anew, after it was rotated, and give it to the observer at the other end of channel;
 * -1: there is none at the moment. What fails is logged. */
void observer_files_reopen(struct observer_files *f, int channel);
/* Read and do what the observer asks for: a dnstap connection. False: the other end is closed. */
bool observer_files_message(struct observer_files *f, int channel);

struct observer_options {
	const struct observer_files *files;
	struct stats *stats;
	const struct transfer_status *transfers; /* NULL: no transfer process */
	const struct access_shared *access;      /* NULL: none */
	int keeper;                              /* channel; its end is ours */
	int observations;                        /* the observer's end (observation.h) */
	int64_t started_s;                       /* of the daemon */
};

/* Until the keeper's end of the channel is closed, or SIGTERM. Returns the exit status. */
int observer_run(const struct observer_options *options);

#endif
