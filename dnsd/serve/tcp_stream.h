/* tcp_stream.h - bytes in, queries, replies, bytes out: a TCP connection without its socket.
 *
 *	receive -> in: [length query][length query].. -> answer -> out: [length reply].. -> send
 *
 * RFC 1035 section 4.2.2, RFC 7766: any number of queries may come before the first reply is
 * read. Each is answered at once from memory, so that none ever waits for another one and
 * replies come in the order of the queries. Buffers and work have fixed bounds: there is no room
 * for bytes while replies wait to be sent, and one turn writes one buffer of replies at most.
 * The same bytes give the same replies, however they are cut.
 */
#ifndef DNSD_TCP_STREAM_H
#define DNSD_TCP_STREAM_H

#include "answer.h"
#include "observation.h"

enum {
	TCP_STREAM_FRAME = 2, /* the length before each message */
	TCP_STREAM_IN = 4096, /* a longer query is cut, and is FORMERR; its rest is skipped */
	TCP_STREAM_OUT = 2 * (TCP_STREAM_FRAME + ANSWER_MAX),
};

struct tcp_stream {
	size_t in_len, out_len, sent;
	size_t skip;     /* bytes still to come of a query that was cut */
	size_t whole;    /* end of the first reply in out that is not sent whole */
	size_t touched;  /* most that out_len ever was */
	bool hands_over; /* what is first in in is for the transfer process */
	uint8_t *in, *out;
	struct gate *gate; /* keeps; NULL: none */
};

/* Keeps in and out, of TCP_STREAM_IN and TCP_STREAM_OUT bytes. */
void tcp_stream_init(struct tcp_stream *s, uint8_t *in, uint8_t *out);

/* How many bytes can be received at *at now; 0: replies are to be sent first. */
size_t tcp_stream_room(const struct tcp_stream *s, uint8_t **at);
void tcp_stream_received(struct tcp_stream *s, size_t n);

/* Answer whole queries while any reply has room, and count them, until one is to be handed over:
 * from then on nothing is received or answered. observed may be NULL. Returns how many there
 * were. */
size_t tcp_stream_answer(struct tcp_stream *s, const struct zone_set *zones,
	const struct answer_context *context, struct stats_worker *stats,
	const struct observed *observed);
/* Is there a whole query, which could not be answered for want of room? */
bool tcp_stream_has_query(const struct tcp_stream *s);

/* Is the connection to be handed over, and were all replies sent that come before? *len bytes at
 * *at go with it: frames, the first one whole. */
bool tcp_stream_is_handed_over(const struct tcp_stream *s, const uint8_t **at, size_t *len);

/* How many bytes are to be sent from *at. */
size_t tcp_stream_pending(const struct tcp_stream *s, const uint8_t **at);
/* Returns whether a reply became whole by it. */
bool tcp_stream_sent(struct tcp_stream *s, size_t n);

#endif
