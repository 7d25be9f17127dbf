/* postfix.h - Postfix smtpd(8).
 *
 *	QID: reject: RCPT from NAME[ADDR]: 554 5.7.1 <R>: Relay access denied; from=<S> to=<Q>
 *	proto=ESMTP helo=<H>
 *
 * R is the recipient as Postfix holds it, unquoted; S and Q are quoted (RFC 5321) unless the
 * server is older than 3.5 or has info_log_address_format=internal. So R can hold ">: Relay
 * access denied; from=<b", and so can, in a refusal for another reason, a sender or a
 * recipient of the client's choice. No regular expression tells the two apart. What does:
 * the reply in front of the words must hold the very recipient that to=<> holds, with a
 * sender between them that is quoted where it has to be. A line that fails this is a
 * rejection for an unknown reason and no evidence.
 */
#ifndef ANALYZER_PARSE_POSTFIX_H
#define ANALYZER_PARSE_POSTFIX_H

#include "dialect.h"

bool postfix_knows(const struct log_line *s);
/* No refusal by its first bytes: postfix_parse skips it. */
bool postfix_is_idle(struct text message);
enum parse_result
postfix_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
