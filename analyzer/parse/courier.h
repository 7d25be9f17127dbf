/* courier.h - Courier's SMTP server, courieresmtpd.
 *
 *	error,relay=ADDR[,port=N][,ident=I],from=<S>,to=<R>: 513 Relaying denied.
 *
 * Courier makes each < > : inside S and R a blank, and each , : inside I, so that every field
 * has one end only. The reply has to be these very words: it may repeat what the client wrote.
 */
#ifndef ANALYZER_PARSE_COURIER_H
#define ANALYZER_PARSE_COURIER_H

#include "dialect.h"

bool courier_knows(const struct log_line *s);
enum parse_result
courier_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
