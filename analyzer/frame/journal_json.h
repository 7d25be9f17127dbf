/* journal_json.h - an entry of systemd's journal as a JSON object.
 *
 *	{"MESSAGE":"...","SYSLOG_IDENTIFIER":"postfix/smtpd",...}
 */
#ifndef ANALYZER_PARSE_JOURNAL_JSON_H
#define ANALYZER_PARSE_JOURNAL_JSON_H

#include <stdbool.h>

#include "log_line.h"

/* texts: room for as many bytes as the object has; made: for JOURNAL_LINE_MORE more. out lends
 * from made. */
bool journal_json_make(struct text object, char *texts, char *made, struct log_line *out);

#endif
