/* hmailserver.h - relay denials in hMailServer's log: a tab between the fields.
 *
 *	"SMTPD" 3012 17 "2026-11-21 19:00:56.123" "192.0.2.1" "RECEIVED: RCPT TO:<R>"
 *	"SMTPD" 3012 17 "2026-11-21 19:00:56.124" "192.0.2.1" "SENT: 550 Delivery is not ..."
 *
 * thread, number of the session since the service started, local time, client. "SMTPC" is the
 * server as a client of others. What a client sends stands in the last field alone, so nothing
 * in it can shift another. It may hold LF, but not CR LF, which ends the server's lines: what
 * follows a line that ends in LF alone is the client's.
 */
#ifndef ANALYZER_PARSE_HMAILSERVER_H
#define ANALYZER_PARSE_HMAILSERVER_H

#include "dialect.h"

bool hmailserver_knows(const struct log_line *s);
enum parse_result
hmailserver_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
