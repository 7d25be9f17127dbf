/* mailenable.h - relay denials in MailEnable's SMTP logs: each row is a command with its reply.
 *
 * Activity log, a tab between the columns ("|" here), local time, month first:
 *
 *	11/21/26 19:00:56|SMTP-IN|ID.MAI|816|192.0.2.1|RCPT|RCPT TO:<R>|503 This mail ...|120|32||
 *
 * date, agent, message, connection, client, verb, command, reply, bytes out, bytes in, user;
 * newer versions add the subject. W3C log, spaces inside of a column written as "+":
 *
 *	2026-11-21 19:00:56 192.0.2.1 SMTP-IN account 192.0.2.25 816 RCPT RCPT+TO:<R> 503+This+...
 *
 * "SMTP-OU" is the server as a client of others.
 */
#ifndef ANALYZER_PARSE_MAILENABLE_H
#define ANALYZER_PARSE_MAILENABLE_H

#include "dialect.h"

struct mailenable {
	size_t columns; /* of a row, as greetings show; 0: not seen */
};

bool mailenable_knows(const struct log_line *s);
enum parse_result
mailenable_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
