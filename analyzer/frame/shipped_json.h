/* shipped_json.h - a log line as those who ship logs wrap it into JSON, one object a line.
 *
 *	{"@timestamp":"...","message":LINE}                      Filebeat, Logstash, Vector
 *	{"@timestamp":"...","log":LINE}, {"date":1795287656.1,"log":LINE}        Fluent Bit
 *	{"version":"1.1","timestamp":1795287656.1,"short_message":LINE}          GELF
 *	{"msg":" ...","timereported":"...","hostname":"mx","syslogtag":"postfix/smtpd[2201]:"}
 *	                                                         rsyslog's %jsonmesg%
 *
 * Programs write JSON of their own, too, of which a client may have chosen any text: so all the
 * members must be there, and no dialect may know the line.
 */
#ifndef ANALYZER_PARSE_SHIPPED_JSON_H
#define ANALYZER_PARSE_SHIPPED_JSON_H

#include <stdbool.h>

#include "log_line.h"

/* texts: room for as many bytes as the line has; made: for JOURNAL_LINE_MORE more. out lends from
 * all of them. */
bool shipped_json_take(struct text line, char *texts, char *made, struct log_line *out);

#endif
