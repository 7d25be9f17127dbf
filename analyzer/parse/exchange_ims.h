/* exchange_ims.h - the SMTP protocol log of the Exchange 5.5 Internet Mail Service (L0000001.LOG).
 *
 *	4/2/01 11:44:31 AM : A connection was accepted from [192.0.2.1].
 *	4/2/01 11:44:31 AM : <<< RCPT To:<user@example.com>
 *	4/2/01 11:44:31 AM : >>> 550 Relaying is prohibited
 *
 * Lines do not say which connection they belong to. So a refusal counts only while there is
 * but one: from the file's start, and from the time a second one is accepted before the first was
 * closed, until the log is silent for longer than the service waits for a client, no line can be
 * told.
 */
#ifndef ANALYZER_PARSE_EXCHANGE_IMS_H
#define ANALYZER_PARSE_EXCHANGE_IMS_H

#include "dialect.h"
#include "locale_date.h"

struct exchange_ims { /* memory of the dialect */
	struct locale_date locale;
	int64_t last_s; /* of the last line */
	bool is_started, is_open, is_mixed;
};

bool exchange_ims_knows(const struct log_line *s);
enum parse_result
exchange_ims_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
