/* sendmail.h - Sendmail 8.9 and later.
 *
 *	QID: ruleset=check_rcpt, arg1=<R>, relay=[[IDENT@]NAME ][ADDR][ (may be forged)],
 *	reject=550 5.7.1 <R>... Relaying denied[. IP name lookup failed [ADDR]]
 *	QID: from=<S>, size=0, class=0, nrcpts=0, proto=ESMTP, daemon=MTA, relay=...
 *
 * The sender comes only in the second line, once the transaction is over, so that a denial is
 * held for it. arg1 is as the client wrote it, with control and 8-bit bytes as \ooo; the
 * reply repeats it (a long one without its middle, 8-bit bytes with 7 bits). Both can hold
 * ", relay=x [192.0.2.1], reject=550". IDENT and NAME cannot: Sendmail lets through only
 * letters, digits and marks that are none of , [ ] ( ) and blank. So the line can be read in
 * one way only, if there is but one place where relay= may stand, or but one at which what
 * stands in front of it is what the reply repeats.
 */
#ifndef ANALYZER_PARSE_SENDMAIL_H
#define ANALYZER_PARSE_SENDMAIL_H

#include "dialect.h"

bool sendmail_knows(const struct log_line *s);
enum parse_result
sendmail_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
