/* iis_smtp.h - the SMTP service of IIS, Exchange 2000 and 2003: W3C, NCSA and IIS log files.
 *
 *	2006-10-09 05:10:02 192.0.2.1 HELO SMTPSVC1 HOST 10.0.0.2 0 RCPT - +TO:<a@b> 550 0 41 ...
 *	192.0.2.1 - HELO [18/Aug/2006:13:17:37 -0800] "RCPT -?+TO:<a@b> SMTP" 550 41
 *	192.0.2.1, HELO, 8/18/06, 13:17:37, SMTPSVC1, HOST, 10.0.0.2, 0, 41, 0, 550, 0, RCPT TO, -,
 *		TO:<a@b>,
 *
 * One row for each command and its reply's code; blanks are "+". The text of the reply is not
 * logged, but its length may be, and that of the refusal is known. There are no session ids:
 * the sender is that of the last MAIL of the same client, which with two connections at once
 * may be the other's; the address cannot be another's.
 */
#ifndef ANALYZER_PARSE_IIS_SMTP_H
#define ANALYZER_PARSE_IIS_SMTP_H

#include "dialect.h"

enum { IIS_SMTP_COLUMNS = 11 };

struct iis_smtp {            /* memory of the dialect */
	struct stamp date;   /* of #Date, for rows that have the time alone */
	size_t column_count; /* 0: there was no #Fields */
	size_t columns[IIS_SMTP_COLUMNS];
};

struct iis_row { /* texts lend from the line; p NULL: the log does not have it */
	struct stamp stamp;
	struct text client, user, site, computer, server, method, query, status, bytes;
};

bool iis_smtp_knows(const struct log_line *s);
enum parse_result
iis_smtp_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
