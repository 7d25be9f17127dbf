/* keeper_transfer.h - the keeper's side of the transfer process (transfer/transfer.h).
 *
 * It gets all data that the query process has put into service, without anybody waiting for it:
 * what does not fit into the channel is owed, and sent when it has answered. One that was started
 * again gets everything again, and then START.
 */
#ifndef DNSD_KEEPER_TRANSFER_H
#define DNSD_KEEPER_TRANSFER_H

#include "listeners.h"
#include "message.h"
#include "reload.h"
#include "service.h"

struct keeper_transfer;
struct transfer_status;

struct keeper_transfer_options {
	const struct server_options *server;
	const struct answer_config *answer;
	const struct listeners *listeners;
	const struct reload *reload;
	/* A zone came from a primary: the data of zones given[index], sealed. The descriptor is
	 * lent. */
	enum err (*receive)(void *context, size_t index, int fd, struct error *e);
	void *context;
};

/* Is there anything for such a process to do? */
bool keeper_transfer_is_wanted(const struct conf *conf);
/* Before rights are given up. On error *out is NULL. */
enum err keeper_transfer_open(const struct keeper_transfer_options *options,
	struct keeper_transfer **out, struct error *e) ORBL_NODISCARD;
void keeper_transfer_close(struct keeper_transfer *t); /* NULL ok, as for all that follow */

/* Begin, when all processes but this one were started: it alone has the keys that are read now.
 * What the keeper starts later has to forget them. */
enum err keeper_transfer_start(struct keeper_transfer *t, struct error *e) ORBL_NODISCARD;
/* In another child: the keys, and unless it reads it the status. */
void keeper_transfer_forget(struct keeper_transfer *t, bool reads_status);

/* The query process's ends of the channels to it; -1: there is none. */
void keeper_transfer_channels(const struct keeper_transfer *t, int out[HANDED_CHANNELS]);
const struct transfer_status *keeper_transfer_status(const struct keeper_transfer *t);
/* Read the certificate again when it has changed, as after each interval of looking at files, and
 * warn of its end. */
enum err
keeper_transfer_load_tls(struct keeper_transfer *t, int64_t now_s, struct error *e) ORBL_NODISCARD;
/* To be polled; -1: it does not run. */
int keeper_transfer_fd(const struct keeper_transfer *t);
/* NULL: there is none. */
const struct service *keeper_transfer_service(const struct keeper_transfer *t);

/* A source has other data in service; same_snapshot: only its delta is another. */
void keeper_transfer_owe(struct keeper_transfer *t, size_t source, bool same_snapshot);
/* All that can be loaded at first is. */
void keeper_transfer_begin(struct keeper_transfer *t);
/* It has said something, or ended. */
void keeper_transfer_read(struct keeper_transfer *t, int64_t now_ms);
/* Start it again, send what is owed. */
void keeper_transfer_tick(struct keeper_transfer *t, int64_t now_ms);
int64_t keeper_transfer_wait_ms(const struct keeper_transfer *t, int64_t now_ms); /* -1: no tick */
/* MESSAGE_FETCH: ask the primaries of zones given[index] now. */
enum err
keeper_transfer_fetch(struct keeper_transfer *t, size_t index, struct error *e) ORBL_NODISCARD;

#endif
