/* transfer.h - the transfer process: zones out (AXFR, IXFR, RFC 5936, 1995), zones in, NOTIFY both
 * ways (RFC 1996), and whatever is signed with TSIG (RFC 8945).
 *
 *	keeper ------------- TAKE, FETCH ---> generations (generations.h) <--- outgoing.h
 *	       <------------ TAKEN, RECEIVED
 *	query process ------ struct handed -> a datagram: transfer_reply.h
 *	                                      a connection: connections.h <- over TLS
 *	NOTIFY out: notify.h      zones in: incoming.h      what they did: transfer_status.h
 *
 * One thread, one poll. Nothing here waits: each turn does a bounded piece of work for each
 * connection, datagram and peer that is ready. It opens no file; keys and rows (peers.h) were read
 * before the fork.
 */
#ifndef DNSD_TRANSFER_H
#define DNSD_TRANSFER_H

#include "message.h"
#include "peers.h"
#include "server.h"
#include "tls_context.h"
#include "transfer_status.h"

struct transfer_options {
	const struct server_options *server;
	const struct answer_config *answer;
	struct peers *peers;
	int keeper;                  /* channel to the keeper */
	int handed[HANDED_CHANNELS]; /* from the query process */
	const int *udp; /* one of each of the server's endpoints, to reply from; not read */
	struct transfer_status *status;
	struct tls_context *tls_client; /* NULL: no primary is asked over TLS */
	struct tls_context
		*tls_server; /* at first; taken over. NULL: nobody is answered over TLS */
	size_t tls_listener_count;
	const int *tls_listeners;
};

/* What has to be done while files can still be opened, before the sandbox. */
enum err transfer_prepare(const struct transfer_options *o, struct error *e) ORBL_NODISCARD;
/* Until the keeper closes its channel, or SIGTERM. Returns the process's exit status. */
int transfer_run(const struct transfer_options *o);

#endif
