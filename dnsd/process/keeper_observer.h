/* keeper_observer.h - the keeper's side of the observer (observe/observer.h). */
#ifndef DNSD_KEEPER_OBSERVER_H
#define DNSD_KEEPER_OBSERVER_H

#include "observer.h"
#include "server.h"
#include "service.h"

struct keeper_observer;
struct keeper_transfer;

struct keeper_observer_options {
	const struct server_options *server;
	struct stats *stats;
	struct keeper_transfer *transfer;        /* NULL: no transfer process */
	const struct transfer_status *transfers; /* its; NULL likewise */
	const struct access_shared *access;      /* NULL: nobody is counted */
	int64_t started_s;
};

/* Before rights are given up. *out is NULL on error, and when there is nothing to observe. */
enum err keeper_observer_open(const struct keeper_observer_options *options,
	struct keeper_observer **out, struct error *e) ORBL_NODISCARD;
/* After they were. */
enum err keeper_observer_open_files(struct keeper_observer *o, struct error *e) ORBL_NODISCARD;
void keeper_observer_close(struct keeper_observer *o); /* NULL ok, as for all that follow */
/* NULL: there is none. */
const struct service *keeper_observer_service(const struct keeper_observer *o);

/* The workers' end of the channel to it; -1: nobody observes queries. */
int keeper_observer_channel(const struct keeper_observer *o);
/* To be polled; -1: it does not run. */
int keeper_observer_fd(const struct keeper_observer *o);
/* It has said something, or ended. */
void keeper_observer_read(struct keeper_observer *o, int64_t now_ms);
/* Open the files anew, after they were moved away. */
void keeper_observer_reopen(struct keeper_observer *o);
void keeper_observer_tick(struct keeper_observer *o, int64_t now_ms);
int64_t keeper_observer_wait_ms(const struct keeper_observer *o, int64_t now_ms);

#endif
