/* exchange_smtp.h - the SMTP receive protocol log of Exchange 2007 and later.
 *
 *	#Fields: date-time,connector-id,session-id,sequence-number,local-endpoint,
 *		remote-endpoint,event,data,context
 *	2020-11-27T09:34:38.010Z,MAIL01\Default Frontend MAIL01,08D892B7A9441226,7,
 *		10.0.1.5:25,192.0.2.1:54368,<,RCPT TO:<user@example.com>,
 *
 * (each on one line.) event is + and - for a connection's start and end, < for what the client
 * says, > for what the server says, * for the server's remarks. Every row has the client's
 * address; the sender and the recipient are in the commands of the same session.
 */
#ifndef ANALYZER_PARSE_EXCHANGE_SMTP_H
#define ANALYZER_PARSE_EXCHANGE_SMTP_H

#include "dialect.h"

enum { EXCHANGE_SMTP_COLUMNS = 9 };

struct exchange_smtp { /* memory of the dialect */
	bool has_columns;
	bool is_other; /* the log of what this server sends, or of other things */
	size_t column_count;
	size_t columns[EXCHANGE_SMTP_COLUMNS]; /* which column holds what */
};

bool exchange_smtp_knows(const struct log_line *s);
enum parse_result
exchange_smtp_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
