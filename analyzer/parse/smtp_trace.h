/* smtp_trace.h - an SMTP dialogue as a log shows it: commands of the client, replies of the server.
 *
 * Commands are kept until they are answered, in order (RFC 2920: a client may send several at
 * once, replies come in order), so that each reply meets its own command. A reply is the
 * server's; everything in a command is the client's.
 */
#ifndef ANALYZER_PARSE_SMTP_TRACE_H
#define ANALYZER_PARSE_SMTP_TRACE_H

#include "dialect.h"
#include "session.h"
#include "smtp_words.h"

/* One line from the client, without its end: a command, or an answer to AUTH, or message text. */
void smtp_trace_command(struct session_table *t, struct session *s, struct text line);

/* One line from the server: PARSE_SKIP, PARSE_REJECTION, or PARSE_DENIAL with client, helo,
 * sender, recipient, account, client_name, server, reply and kind filled from the session; or
 * PARSE_BAD when the session's client is not known. Lines "250-" of a reply of several lines
 * are passed over. Only a reply to RCPT is a denial; where the log does not have the command,
 * sender and recipient are missing. The texts lend from the reply and the session. A "220" with
 * nothing to reply to is a greeting: what was known of the dialogue belongs to an older one. */
enum parse_result smtp_trace_reply(struct session_table *t, struct session *s, struct text reply,
	const struct smtp_trace_denials *denials, struct parse_state *state, struct denial *out);

/* A reply of several lines that the log has in one, or of which it has the first one alone:
 * "250-x" becomes "250 x", in the scratch. */
struct text smtp_trace_whole(struct parse_state *state, struct text reply);

/* Has the log shown any reply in this session? */
bool smtp_trace_has_replies(struct session *s);

/* The path of "MAIL FROM:<path> ..." or "RCPT TO:<path> ..." behind the colon: without
 * brackets and parameters; false when there is none. Blanks may stand around it. */
bool smtp_trace_path(struct text argument, struct text *path);

#endif
