/* session.h - what is known of the SMTP sessions a log tells about, joined by the server's key.
 *
 * Bounded: at most sessions_max sessions and bytes_max bytes of text. When either is reached
 * the session that nothing was heard of for longest is forgotten; its later lines then count
 * as a session whose start the log does not have. A client can fill the table, at the price of
 * a connection for each entry, and gains only that fields are missing.
 */
#ifndef ANALYZER_PARSE_SESSION_H
#define ANALYZER_PARSE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/text.h>

enum {
	SESSIONS_MAX = 16384,
	SESSION_BYTES_MAX = 16 << 20,
	SESSION_KEY_MAX = 128,
	SESSION_TEXT_MAX = 2048,    /* bytes of one field; what is longer is cut */
	SESSION_COMMANDS_MAX = 1000 /* unanswered lines of the client; smtp_trace.h */
};

enum session_field {
	SESSION_CLIENT_NAME,
	SESSION_HELO,
	SESSION_ACCOUNT, /* only once the server has said that it is who it claims */
	SESSION_SENDER,
	SESSION_RECIPIENT,
	SESSION_SERVER,
	SESSION_CLAIM, /* of smtp_trace.c: the user name that an AUTH going on claims */
	SESSION_FIELD_COUNT
};

struct session; /* lent by the table until the next call that may add or forget one */
struct session_table;

struct session_table *session_table_new(size_t sessions_max, size_t bytes_max); /* NULL: memory */
void session_table_free(struct session_table *t);                               /* NULL ok */
/* NULL when there is none, or the key is too long or empty. */
struct session *session_find(struct session_table *t, struct text key);
/* A new one, or NULL when memory is out or the key too long or empty. A session of that key
 * is forgotten first: a server uses a key again. */
struct session *session_start(struct session_table *t, struct text key);
void session_end(struct session_table *t, struct session *s); /* NULL ok */
size_t session_count(const struct session_table *t);
size_t session_bytes(const struct session_table *t); /* at most bytes_max */

void session_set_client(struct session *s, const struct addr *a);
const struct addr *session_client(const struct session *s); /* NULL: not known */
/* A copy; p NULL clears. Out of memory clears, too. */
void
session_set(struct session_table *t, struct session *s, enum session_field f, struct text value);
struct text session_get(const struct session *s, enum session_field f); /* p NULL: not known */

/* What follows is for smtp_trace.c alone: lines of the client that the server has not
 * answered, oldest first. */
struct session_command {
	struct session_command *next;
	size_t full_len;  /* of the line as it was */
	struct text line; /* cut to SESSION_TEXT_MAX */
};

/* False, and nothing done, when there are SESSION_COMMANDS_MAX, or no room. */
bool session_push_command(struct session_table *t, struct session *s, struct text line);
const struct session_command *session_commands(const struct session *s); /* NULL: none */
/* Take the oldest; it lives until the next is taken. NULL: none. */
const struct session_command *session_take_command(struct session_table *t, struct session *s);
void session_drop_commands(struct session_table *t, struct session *s); /* but the one taken */

struct session_dialogue {
	unsigned char phase, mechanism; /* 0 at the start */
	bool heard;                     /* the server has said something */
	bool lost;          /* which command a reply belongs to cannot be told any more */
	bool authenticated; /* the server has said so; the name may be unknown */
	bool asked;         /* the user name of AUTH has been given, or asked for */
	bool ends_envelope; /* the message text that is going on ends the transaction */
	bool denied;        /* an earlier line of this reply denied relaying */
};

struct session_dialogue *session_dialogue(struct session *s);

#endif
