/* haraka.h - relay denials in Haraka's log, from syslog, standard output or a container.
 *
 *	[NOTICE] [UUID] [core] connect ip=192.0.2.1 port=50776 local_ip=192.0.2.25 ...
 *	[PROTOCOL] [UUID.1] [core] C: RCPT TO:<R> state=1
 *	[PROTOCOL] [UUID.1] [core] S: 550 I cannot deliver mail for <R>
 *	[NOTICE] [UUID.1] [core] disconnect ip=192.0.2.1 rdns=N helo=H ... lr="550 ..." time=8.2
 *
 * At its default log level Haraka shows no dialogue: then the line of the disconnect tells the last
 * refusal. "I cannot deliver mail for" is what it says when no plugin vouches for a recipient;
 * a plugin that knows users has words of its own, but need not be there, so this is probable.
 */
#ifndef ANALYZER_PARSE_HARAKA_H
#define ANALYZER_PARSE_HARAKA_H

#include "dialect.h"

bool haraka_knows(const struct log_line *s);
enum parse_result
haraka_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
