/* udp.h - one worker's UDP: datagrams in and replies out, a batch at a time. */
#ifndef DNSD_UDP_H
#define DNSD_UDP_H

#include "answer.h"
#include "listener.h"
#include "observation.h"

struct udp;

struct udp_options {
	uint16_t udp_size; /* bytes of a reply, at most */
	struct stats_worker *stats;
	struct observing *observing;
	int transfer;      /* channel to the transfer process; -1: none */
	struct gate *gate; /* NULL: none */
};

/* Buffers of one worker. Keeps stats, observing and gate. NULL: out of memory. */
struct udp *udp_new(const struct udp_options *options);
void udp_free(struct udp *u); /* NULL ok */

/* Answer what is waiting, at most one batch. Fills context's transport and client for each
 * datagram. True when there may be more. */
bool udp_serve(struct udp *u, const struct listener *l, const struct zone_set *zones,
	struct answer_context *context);

#endif
