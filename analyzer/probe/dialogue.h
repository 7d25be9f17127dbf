/* dialogue.h - one TCP connection to a server under test: a command out, a reply in.
 *
 * Knows lines, replies and time, nothing of mail. It never speaks before the replies to the
 * last command, or group of commands, are complete, and ends by itself when a reply breaks the
 * grammar or its limits, when the server speaks out of turn, when a reply takes too long, or at
 * the deadline. In the middle of the way it may become encrypted (RFC 3207).
 */
#ifndef ANALYZER_DIALOGUE_H
#define ANALYZER_DIALOGUE_H

#include <stdint.h>

#include <orbl/addr.h>

#include "smtp_reply.h"

struct event_base;
struct probe_tls;

enum dialogue_end {
	DIALOGUE_UNREACHABLE, /* no connection */
	DIALOGUE_DROPPED,     /* it hung up */
	DIALOGUE_BROKEN,      /* garbage, too much, out of turn */
	DIALOGUE_TIMEOUT,     /* a reply took too long */
	DIALOGUE_DEADLINE,    /* the whole session did */
	DIALOGUE_NO_TLS,      /* the handshake failed */
};

/* Each function is the last thing that the dialogue does in an event: it may free the dialogue. */
struct dialogue_listener {
	void (*line)(void *context, char direction, struct text line); /* not printable yet */
	void (*reply)(void *context, const struct smtp_reply *r);
	void (*encrypted)(void *context, const char *how); /* after dialogue_encrypt */
	void (*end)(void *context, enum dialogue_end end, const char *why);
	void *context;
};

struct dialogue_conf {
	struct endpoint target;
	struct addr source; /* family 0: any */
	uint32_t reply_timeout_s, session_timeout_s;
};

struct dialogue;
/* Connect, and wait for the greeting as if it were a reply. end may be called before the first
 * reply, never before this returns. NULL: out of memory or sockets. */
struct dialogue *dialogue_new(struct event_base *base, const struct dialogue_conf *conf,
	const struct dialogue_listener *listener);
void dialogue_free(struct dialogue *d); /* NULL ok; closes at once */
/* Which address of ours the connection has; family 0: none yet. */
struct addr dialogue_source(const struct dialogue *d);
/* One command, without CRLF. Only when the last one has its reply. */
void dialogue_say(struct dialogue *d, const char *command);
/* Several at once (RFC 2920); reply is called for each, in their order. Nothing may be said before
 * the last of these replies. */
void dialogue_say_group(struct dialogue *d, const char *const commands[], size_t count);
/* The handshake, as the reply to STARTTLS allowed it; takes at most as long as a reply. What the
 * server has said in clear behind that reply is thrown away, and ends the dialogue: anybody on the
 * way could have said it. */
void dialogue_encrypt(struct dialogue *d, struct probe_tls *tls);
/* A message with CRLF line ends; dots are doubled and the final dot added (RFC 5321 4.5.2). */
void dialogue_say_message(struct dialogue *d, const char *message, size_t len);
/* The replies to come may take only so long: for QUIT. */
void dialogue_hurry(struct dialogue *d, uint32_t reply_timeout_s);

#endif
