/* utf16_stream.h - UTF-16 (RFC 2781) to UTF-8, in pieces of any size. */
#ifndef ANALYZER_UTF16_STREAM_H
#define ANALYZER_UTF16_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	UTF16_STREAM_OUT = 2, /* bytes that one byte may become, rounded up ... */
	UTF16_STREAM_MORE = 6 /* ... and what may be left from the piece before */
};

struct utf16_stream {
	bool is_big;
	bool has_byte; /* half of a unit was left */
	uint8_t byte;
	uint16_t high; /* surrogate that waits for its low one; 0 none */
};

/* out has room for UTF16_STREAM_OUT * len + UTF16_STREAM_MORE bytes. Returns how many were written.
 * A surrogate that is alone becomes U+FFFD. */
size_t utf16_stream_feed(struct utf16_stream *u, const void *in, size_t len, char *out);
/* The end: what is left is U+FFFD, in at most UTF16_STREAM_MORE bytes. */
size_t utf16_stream_finish(struct utf16_stream *u, char *out);

#endif
