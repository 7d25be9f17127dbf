/* opensmtpd.h - relay denials in the log of OpenSMTPD's smtpd.
 *
 *	b83cf2d9a5a1b8e7 smtp connected address=192.0.2.1 host=client.example
 *	b83cf2d9a5a1b8e7 smtp failed-command command="RCPT TO:<R>" result="550 Invalid ...: <R>"
 *
 * Since 6.4; 5.9 to 6.3 write event=connected and event=failed-command, older ones sentences
 * ("smtp-in: New session ..."). The server says the same of an unknown local user: a denial
 * is no more than probable, and none when the log has shown mail for the domain delivered here.
 */
#ifndef ANALYZER_PARSE_OPENSMTPD_H
#define ANALYZER_PARSE_OPENSMTPD_H

#include "dialect.h"

enum { OPENSMTPD_DOMAINS = 64, OPENSMTPD_DOMAIN = 128 };

struct opensmtpd { /* domains seen to be local, the latest ones */
	size_t next;
	struct {
		size_t len;                  /* 0: none */
		char name[OPENSMTPD_DOMAIN]; /* of the host that logs, a space, the domain */
	} domains[OPENSMTPD_DOMAINS];
};

bool opensmtpd_knows(const struct log_line *s);
enum parse_result
opensmtpd_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
