/* collector.h - the SMTP server to which test messages come back: one session, no sockets.
 *
 *	bytes from the client -> collector_feed -> replies (collector_output)
 *	                                        -> arrival_fn, once a message is complete
 *	                                           its 250 may wait for collector_release
 *
 * A recipient is accepted only when it is a token of ours at our domain; all else is 550,
 * postmaster (RFC 5321 section 4.5.1) included: nobody reads mail here, and the reply says
 * where somebody can be found. It relays nothing and bounces nothing; the beginning of a
 * message is kept until it is complete and told, the rest is counted. Everything is bounded:
 * line, recipients, message, errors.
 *
 * STARTTLS (RFC 3207) is a word with the owner of the socket: after the reply to it
 * collector_wants_tls is true, and what comes in clear is dropped until collector_tls_started.
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
	COLLECTOR_KEPT_MAX = 64 << 10,    /* bytes of a message, from its beginning */
	COLLECTOR_HEADER_BYTES = 8 << 10, /* of a header, and lines, that are told */
	COLLECTOR_HEADER_LINES = 100,
	COLLECTOR_TLS_TEXT = 96,
	TOKEN_MAX_AGE_HOURS = 72,
};

struct collector_arrival {
	struct token token;
	bool null_sender;               /* MAIL FROM:<> */
	char mail_from[COLLECTOR_PATH]; /* printable, with brackets */
	char rcpt_to[COLLECTOR_PATH];
	char helo[256];               /* printable */
	char tls[COLLECTOR_TLS_TEXT]; /* protocol and cipher, "" in clear */
	size_t bytes;                 /* of the message */
	/* To a return path, when the recipient of the same probe was named, too: no answer to the
	 * test message but itself. */
	bool is_copy;
	struct text message; /* its beginning, without the dots of SMTP; lent */
};
/* What became of an arrival, and so of the reply to its message. Of several recipients LOST goes
 * before KEPT, and HELD before both: there is one reply, and it waits for the last. */
enum collector_told {
	COLLECTOR_KEPT, /* there is nothing that could be lost: 250 */
	COLLECTOR_HELD, /* the session takes no more until collector_release */
	COLLECTOR_LOST, /* 451: a relay tries again */
};
/* Called for each accepted recipient of a complete message. */
typedef enum collector_told collector_arrival_fn(const struct collector_arrival *a, void *context);

struct collector_conf {
	const char *domain, *name; /* name: in the banner */
	const char *url;           /* page about us, in replies; may be NULL */
	bool tls;                  /* STARTTLS is offered */
	const uint8_t *key;        /* TOKEN_KEY_BYTES */
	collector_arrival_fn *arrival_fn;
	void *context;
};

struct collector_session; /* opaque */
/* conf is kept. local: our address on this connection, accepted as a literal; may be NULL. */
struct collector_session *
collector_session_new(const struct collector_conf *conf, const struct addr *local);
void collector_session_free(struct collector_session *s); /* NULL ok */
/* Take in bytes; returns how many: fewer than len only when the output is full, or the session
 * held or over. */
size_t collector_feed(struct collector_session *s, const void *bytes, size_t len, int64_t now_s);
/* Replies not yet taken; lent until the next call. */
struct text collector_output(const struct collector_session *s);
void collector_output_taken(struct collector_session *s, size_t len); /* len <= output's */
/* Has it named a token of ours? Whoever has not may be sent away. */
bool collector_is_known(const struct collector_session *s);
bool collector_is_held(const struct collector_session *s);
/* Answer the message of a session that is held: 250, or 451 when it is not stored. */
void collector_release(struct collector_session *s, bool stored);
bool collector_is_over(const struct collector_session *s);   /* send the output, then close */
bool collector_wants_tls(const struct collector_session *s); /* send the output, then begin */
/* The client must introduce itself anew. how: printable. */
void collector_tls_started(struct collector_session *s, const char *how);

#endif
