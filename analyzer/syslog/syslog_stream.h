/* syslog_stream.h - syslog messages out of a stream of bytes (RFC 6587, RFC 5425).
 *
 * Octet counting ("LEN SP MESSAGE") or one message a line, told from the first byte of each:
 * a digit of a count, or anything else. Bounded: a message longer than message_max is passed
 * over. What is given out is one line: a line feed inside a message would begin a line that its
 * sender's syslog daemon never wrote.
 */
#ifndef ANALYZER_PARSE_SYSLOG_STREAM_H
#define ANALYZER_PARSE_SYSLOG_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>
#include <orbl/text.h>

enum syslog_stream_state {
	SYSLOG_START,   /* between two messages */
	SYSLOG_COUNT,   /* digits so far: a count, or a line after all */
	SYSLOG_LINE,    /* up to LF or NUL */
	SYSLOG_COUNTED, /* left bytes more */
	SYSLOG_BROKEN
};

struct syslog_stream {
	size_t message_max;
	char *message; /* message_max and one more; made when it is needed */
	size_t len;
	enum syslog_stream_state state;
	size_t left;
	bool overlong;   /* this message is passed over */
	uint64_t passed; /* messages that were */
};

/* The message ends with its LF, lent; not OK ends the feeding with that code. */
typedef enum err syslog_message_fn(struct text message, void *context);

void syslog_stream_init(struct syslog_stream *s, size_t message_max);
void syslog_stream_reset(struct syslog_stream *s); /* frees what it holds */
/* ERR_SYNTAX: no framing, now and ever. */
enum err syslog_stream_feed(struct syslog_stream *s, const void *bytes, size_t len,
	syslog_message_fn *fn, void *context) ORBL_NODISCARD;
bool syslog_stream_is_inside(const struct syslog_stream *s); /* of a message */

/* Make one line of a message, in place: LF, CR and NUL go at its end, inside they become blanks.
 * bytes[len] must be writable and gets an LF. Its length with that; 0 when nothing is left. */
size_t syslog_stream_line(char *bytes, size_t len);

#endif
