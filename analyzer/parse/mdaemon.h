/* mdaemon.h - relay denials in MDaemon's SMTP logs: sessions as they were spoken.
 *
 *	Sat 2026-11-21 19:00:56.123: 05: [514116] Accepting SMTP connection from IP:PORT to ...
 *	Sat 2026-11-21 19:00:56.124: 02: [514116] <-- RCPT TO:<R>
 *	Sat 2026-11-21 19:00:56.125: 03: [514116] --> 550 ...
 *
 * The log of one service writes a session as a whole when it is over, without its number but in a
 * line "Session 514116; child 0001" before it. Numbers such as "05: " may be missing.
 * The words of a refusal differ between versions and can be set: what counts is a phrase about
 * relaying that is the server's own.
 */
#ifndef ANALYZER_PARSE_MDAEMON_H
#define ANALYZER_PARSE_MDAEMON_H

#include "dialect.h"

enum { MDAEMON_ID = 20 };

struct mdaemon {
	size_t id_len; /* of the session that lines without a number belong to; 0: none */
	char id[MDAEMON_ID];
};

bool mdaemon_knows(const struct log_line *s);
enum parse_result
mdaemon_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
