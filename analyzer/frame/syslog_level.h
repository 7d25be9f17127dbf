/* syslog_level.h - facility and level, where a syslog daemon writes them into the line.
 *
 *	Nov 21 19:00:56 mx mail.info postfix/smtpd[2201]: message       BusyBox
 *	Nov 21 19:00:56 mx <mail.info> postfix/smtpd[2201]: message     FreeBSD, syslogd -v
 *	Nov 21 19:00:56 mx mail:info postfix/smtpd[2201]: message       AIX
 *	Nov 21 19:00:56 mx sendmail[28001]: [ID 801593 mail.info] message     Solaris, illumos
 *	2026-11-21T19:00:56+00:00 INFO    postfix/smtpd[2201]: message  a template for containers
 *	2026-11-21T19:00:56.051Z [NOTICE] message                       a server's own stamp
 */
#ifndef ANALYZER_PARSE_SYSLOG_LEVEL_H
#define ANALYZER_PARSE_SYSLOG_LEVEL_H

#include <stdbool.h>

#include <orbl/text.h>

/* Take "mail.info ", "mail:info " or "<mail.info> ". */
bool syslog_level_take(struct text *rest);
/* Take "[ID 801593 mail.info] ". */
bool syslog_level_take_id(struct text *rest);
/* Is the word a level in capitals, "INFO"? */
bool syslog_level_is_name(struct text word);
/* "[NOTICE]", whatever the letters. */
bool syslog_level_is_mark(struct text word);

#endif
