/* http.h - the few clients that fetch /metrics.
 *
 * A table of connections, each with one request and one reply, and an end in time whatever the
 * client does. A full table loses the connection that has been there longest: a scrape takes
 * milliseconds, so that is one that only holds its place.
 */
#ifndef DNSD_HTTP_H
#define DNSD_HTTP_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

enum {
	HTTP_LISTEN_MAX = 16,
	HTTP_CLIENTS = 32,
	HTTP_POLLS = HTTP_CLIENTS + HTTP_LISTEN_MAX,
	HTTP_TIME_MS = 10000, /* of a connection, from its beginning to its end */
};

struct http;

/* Makes the body: the caller frees it. NULL: the reply is 503. */
struct http_body {
	char *(*make)(void *context, size_t *len);
	void *context;
	const char *type;
};

/* Keeps the listening sockets, which stay the caller's. NULL: out of memory. */
struct http *http_new(const int *listening, size_t count, const struct http_body *body);
void http_free(struct http *h); /* NULL ok */

/* Fill polls (HTTP_POLLS of them), then, after poll, serve them. */
void http_prepare(const struct http *h, struct pollfd *polls);
void http_serve(struct http *h, const struct pollfd *polls, int64_t now_ms);
/* Close what is beyond its time. Returns milliseconds to the next one's end, -1: none. */
int http_expire(struct http *h, int64_t now_ms);
/* Take a connection; takes the descriptor, which does not block. For tests, too. */
void http_take(struct http *h, int fd, int64_t now_ms);

#endif
