/* tcp.h - one worker's TCP connections (RFC 7766).
 *
 * A table of fixed size with fixed buffers. A connection's idleness ends only when a whole
 * reply was written: one that drips its query, or does not read, is closed after idle_ms as
 * one that does nothing. When the table is full the most idle one gives way. While replies
 * wait to be read, no query is taken in.
 */
#ifndef DNSD_TCP_H
#define DNSD_TCP_H

#include <stdint.h>

#include "answer.h"

struct tcp;

/* Events of connections go to epoll with data.u64 = tag | index. NULL: out of memory. */
struct tcp *tcp_new(size_t connections, int64_t idle_ms, int epoll, uint64_t tag);
void tcp_free(struct tcp *t); /* closes all; NULL ok */

/* Take what waits at a listening socket, a bounded number at a time. */
void tcp_accept(struct tcp *t, int listening, int64_t now_ms);
/* Serve connection i, which epoll says is ready. */
void tcp_serve(struct tcp *t, size_t i, const struct zone_set *zones,
	const struct answer_context *context, int64_t now_ms);
/* Close what is idle too long. Returns milliseconds to the next one's end, -1: none is open. */
int tcp_expire(struct tcp *t, int64_t now_ms);
size_t tcp_count(const struct tcp *t);

#endif
