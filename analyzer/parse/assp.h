/* assp.h - relay denials in the maillog of ASSP, the Anti-Spam SMTP Proxy.
 *
 *	Nov-21-26 16:49:52 m1-25391-06124 [Worker_1] [TLS-out] [RelayAttempt] 192.0.2.1 <S> to: X
 *		relay attempt blocked for: R                                        (one line)
 *
 * Id, worker and the words in brackets may be missing, as may "to:", the recipients so far.
 */
#ifndef ANALYZER_PARSE_ASSP_H
#define ANALYZER_PARSE_ASSP_H

#include "dialect.h"

bool assp_knows(const struct log_line *s);
enum parse_result
assp_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
