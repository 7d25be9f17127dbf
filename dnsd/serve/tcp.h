/* tcp.h - one worker's TCP connections (RFC 7766).
 *
 * A table of fixed size with fixed buffers (tcp_stream.h). A connection's idleness ends only when
 * a whole reply was written: one that drips its query, or does not read, is closed after idle_ms
 * as one that does nothing, by a reset when it left bytes unread, which the system would keep
 * otherwise. When the table is full the most idle one gives way.
 *
 * A client is an IPv4 address or an IPv6 /64. One that opens more than it may have loses its own
 * most idle connection, not the new one: that is the one somebody waits for, and the others may be
 * gone at its side without our knowing it.
 */
#ifndef DNSD_TCP_H
#define DNSD_TCP_H

#include "answer.h"
#include "listener.h"
#include "observation.h"

struct tcp;

struct tcp_options {
	size_t connections;        /* at most */
	size_t client_connections; /* of one client; 0: no such limit */
	int64_t idle_ms;
	int epoll;
	uint64_t tag; /* events of connections have data.u64 = tag | index */
	struct stats_worker *stats;
	struct observing *observing;
	int transfer;      /* channel to the transfer process; -1: none */
	struct gate *gate; /* NULL: none */
};

/* Keeps stats, observing and gate. NULL: out of memory. */
struct tcp *tcp_new(const struct tcp_options *options);
void tcp_free(struct tcp *t); /* closes all; NULL ok */

/* Take what waits at a listening socket, a bounded number at a time. False: the system has no
 * descriptor or memory for another one; accept no more for a while. */
bool tcp_accept(struct tcp *t, const struct listener *listening, int64_t now_ms);
/* Serve connection i, which epoll says is ready. Fills context's transport and client. */
void tcp_serve(struct tcp *t, size_t i, const struct zone_set *zones,
	struct answer_context *context, int64_t now_ms);
/* Close what is idle too long. Returns milliseconds to the next one's end, -1: none is open. */
int tcp_expire(struct tcp *t, int64_t now_ms);
size_t tcp_count(const struct tcp *t);

#endif
