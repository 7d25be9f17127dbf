/* dialogue.h - one TCP connection to a server under test: a command out, a reply in.
 *
 * Knows lines, replies and time, nothing of mail. It never speaks before the reply to the
 * last command is complete, and ends by itself when a reply breaks the grammar or its limits,
 * when the server speaks out of turn, when a reply takes too long, or at the deadline.
 */
#ifndef ANALYZER_DIALOGUE_H
#define ANALYZER_DIALOGUE_H

#include <stdint.h>

#include <orbl/addr.h>

#include "smtp_reply.h"

struct event_base;

enum dialogue_end {
	DIALOGUE_UNREACHABLE, /* no connection */
	DIALOGUE_DROPPED,     /* it hung up */
	DIALOGUE_BROKEN,      /* garbage, too much, out of turn */
	DIALOGUE_TIMEOUT,     /* a reply, or the whole session, took too long */
};

/* Each function is the last thing that the dialogue does in an event: it may free the dialogue. */
struct dialogue_listener {
	void (*line)(void *context, char direction, struct text line); /* not printable yet */
	void (*reply)(void *context, const struct smtp_reply *r);
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
/* One command, without CRLF. Only when the last one has its reply. */
void dialogue_say(struct dialogue *d, const char *command);
/* A message with CRLF line ends; dots are doubled and the final dot added (RFC 5321 4.5.2). */
void dialogue_say_message(struct dialogue *d, const char *message, size_t len);
/* The replies to come may take only so long: for QUIT. */
void dialogue_hurry(struct dialogue *d, uint32_t reply_timeout_s);

#endif
