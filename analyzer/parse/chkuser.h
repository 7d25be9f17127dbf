/* chkuser.h - lines of chkuser, a patch of qmail-smtpd, about recipients and senders.
 *
 *	CHKUSER rejected relaying: from <SENDER:INFO:ID> remote <HELO:NAME:ADDR> rcpt <R> : TEXT
 *	CHKUSER ... from <S|remoteinfo/auth:INFO|chkuser-identify:ID>
 *	    remote <helo:HELO|remotehostname:NAME|remotehostip:ADDR> rcpt <R> : TEXT    since 2.0.9
 *
 * Nothing is quoted, and of addresses qmail-smtpd has taken the quotes off: SENDER, HELO and R
 * may hold anything, NAME and INFO anything but blanks. So each of "> remote <", "> rcpt <" and
 * "> : " must stand there once; then ADDR is what the server itself wrote in front of the second.
 * HELO is left out by chkuser when it is the same as NAME.
 */
#ifndef ANALYZER_PARSE_CHKUSER_H
#define ANALYZER_PARSE_CHKUSER_H

#include "dialect.h"

/* t starts behind "CHKUSER ". */
enum parse_result chkuser_parse(struct text t, struct parse_state *state, struct denial *out);

#endif
