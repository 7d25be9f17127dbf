/* collector.h - the SMTP server to which test messages come back: one session, no sockets.
 *
 *	bytes from the client -> collector_feed -> replies (collector_output)
 *	                                        -> arrival_fn, once a message is complete
 *
 * A recipient is accepted only when it is a token of ours at our domain; all else is 550. It
 * relays nothing and bounces nothing; the message itself is counted and thrown away.
 * Everything is bounded: line, recipients, message, errors.
 */
#ifndef ANALYZER_COLLECTOR_H
#define ANALYZER_COLLECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/text.h>

#include "token.h"

enum {
	COLLECTOR_LINE_MAX = 2048, /* bytes of a command line */
	COLLECTOR_RCPTS_MAX = 10,
	COLLECTOR_MESSAGE_MAX = 1 << 20, /* bytes; bounces may carry copies of copies */
	COLLECTOR_MESSAGES_MAX = 100,    /* of one session */
	COLLECTOR_ERRORS_MAX = 10,
	COLLECTOR_OUTPUT_MAX = 4096,
	COLLECTOR_PATH = 320,
	TOKEN_MAX_AGE_HOURS = 72,
};

struct collector_arrival {
	struct token token;
	bool null_sender;               /* MAIL FROM:<> */
	char mail_from[COLLECTOR_PATH]; /* printable, with brackets */
	char rcpt_to[COLLECTOR_PATH];
	char helo[256]; /* printable */
	size_t bytes;   /* of the message */
};
/* Called for each accepted recipient of a complete message. */
typedef void collector_arrival_fn(const struct collector_arrival *a, void *context);

struct collector_conf {
	const char *domain, *name; /* name: in the banner */
	const uint8_t *key;        /* TOKEN_KEY_BYTES */
	collector_arrival_fn *arrival_fn;
	void *context;
};

struct collector_session; /* opaque */
/* conf is kept. local: our address on this connection, accepted as a literal; may be NULL. */
struct collector_session *
collector_session_new(const struct collector_conf *conf, const struct addr *local);
void collector_session_free(struct collector_session *s); /* NULL ok */
/* Take in bytes; returns how many: fewer than len only when the output is full or the session
 * is over. */
size_t collector_feed(struct collector_session *s, const void *bytes, size_t len, int64_t now_s);
/* Replies not yet taken; lent until the next call. */
struct text collector_output(const struct collector_session *s);
void collector_output_taken(struct collector_session *s, size_t len); /* len <= output's */
bool collector_is_over(const struct collector_session *s); /* send the output, then close */

#endif
