/* udp.h - one worker's UDP: datagrams in and replies out, a batch at a time. */
#ifndef DNSD_UDP_H
#define DNSD_UDP_H

#include "answer.h"
#include "listener.h"
#include "worker_stats.h"

struct udp;

/* Buffers of one worker; replies of at most udp_size bytes. Keeps stats. NULL: out of memory. */
struct udp *udp_new(uint16_t udp_size, struct worker_stats *stats);
void udp_free(struct udp *u); /* NULL ok */

/* Answer what is waiting, at most one batch. Fills context's transport and client for each
 * datagram. True when there may be more. */
bool udp_serve(struct udp *u, const struct listener *l, const struct zone_set *zones,
	struct answer_context *context);

#endif
