/* http_request.h - what a client of /metrics asks (RFC 9110, RFC 9112), and no more of HTTP.
 *
 * A request is looked at when its head is whole, and its bounds are small: whoever needs more does
 * not ask for metrics. Bodies are not read: the connection is closed after the reply.
 */
#ifndef DNSD_HTTP_REQUEST_H
#define DNSD_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

enum {
	HTTP_REQUEST_MAX = 4096, /* bytes of the head */
	HTTP_HEADERS_MAX = 64,
};

/* The status of the reply. */
enum http_status {
	HTTP_INCOMPLETE = 0, /* more has to come */
	HTTP_OK = 200,
	HTTP_BAD_REQUEST = 400,
	HTTP_NOT_FOUND = 404,
	HTTP_METHOD_NOT_ALLOWED = 405,
	HTTP_TOO_LARGE = 431,
	HTTP_UNAVAILABLE = 503,
	HTTP_VERSION = 505,
};

/* *head_only: no body is to follow, as of HEAD. */
enum http_status http_request_read(const char *bytes, size_t len, bool *head_only);
const char *http_status_text(enum http_status status);

#endif
