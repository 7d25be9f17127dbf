/* tls_stream.h - a TCP connection that never waits, in clear or over TLS.
 *
 * Both kinds are read and written by the same functions, which are as recv and send of a socket
 * that does not block. Over TLS a try may wait for the opposite of what it does, so that
 * tls_stream_events says what to poll for. SIGPIPE has to be ignored.
 */
#ifndef DNSD_TLS_STREAM_H
#define DNSD_TLS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tls_context.h"

struct tls_stream {
	int fd;                 /* -1: none */
	SSL *ssl;               /* NULL: in clear */
	short wants;            /* of poll, after a try that could not go on; 0: nothing else */
	bool is_ready;          /* its handshake is done */
	bool is_broken;         /* nothing more can be said on it */
	const char *asked_name; /* a client's; kept */
};

/* Put TLS on a connection; the handshake is still to be done. False: out of memory. */
bool tls_stream_accept(struct tls_stream *s, const struct tls_context *c);
/* name is what the server's certificate has to be valid for; kept. */
bool tls_stream_connect(struct tls_stream *s, const struct tls_context *c, const char *name);

enum tls_stream_shaken { TLS_STREAM_NOT_YET, TLS_STREAM_READY, TLS_STREAM_FAILED };
/* A step of the handshake. FAILED: the error says why. */
enum tls_stream_shaken tls_stream_shake(struct tls_stream *s, struct error *e);

/* As recv: 0 is the end, or the other side's goodbye; -1 with errno, EPROTO when TLS is broken. */
ssize_t tls_stream_read(struct tls_stream *s, void *to, size_t size);
/* As send. After EAGAIN the next one is to begin with the same bytes. */
ssize_t tls_stream_write(struct tls_stream *s, const void *bytes, size_t len);
/* Is there something to read that poll does not know of? */
bool tls_stream_has_more(const struct tls_stream *s);
short tls_stream_events(const struct tls_stream *s, short events);
/* With a goodbye (close_notify), where one can be said. */
void tls_stream_close(struct tls_stream *s);

#endif
