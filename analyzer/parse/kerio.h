/* kerio.h - relay denials in the security log of Kerio Connect (Kerio MailServer).
 *
 *	[30/Nov/2026 05:27:59] Relay attempt from IP address IP, mail from <S> to <R> rejected
 */
#ifndef ANALYZER_PARSE_KERIO_H
#define ANALYZER_PARSE_KERIO_H

#include "dialect.h"

bool kerio_knows(const struct log_line *s);
enum parse_result
kerio_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
