/* spamdyke.h - spamdyke, the filter in front of qmail-smtpd.
 *
 *	DENIED_RELAYING from: S to: R origin_ip: ADDR origin_rdns: NAME auth: USER encryption: E
 *	reason: X
 *
 * Nothing is quoted, and an address may hold blanks. Missing ones are "(unknown)", the null
 * sender included. So there must be one place only at which "origin_ip:" can stand; if there
 * are several places for " to: ", sender and recipient are left out.
 */
#ifndef ANALYZER_PARSE_SPAMDYKE_H
#define ANALYZER_PARSE_SPAMDYKE_H

#include "dialect.h"

bool spamdyke_knows(const struct log_line *s);
enum parse_result
spamdyke_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
