/* syslog_line.h - the frame that a syslog daemon puts around what a program said.
 *
 *	BSD       [<PRI>] Nov 21 19:00:56 host tag[pid]: message      RFC 3164, /var/log
 *	ISO       [<PRI>] 2026-11-21T19:00:56.051238+01:00 host tag[pid]: message
 *	RFC 5424  <PRI>1 2026-11-21T19:00:56Z host app procid msgid sd message
 *	full      Sat 2026-11-21 19:00:56 UTC host tag[pid]: message      journalctl -o short-full
 *
 * with a year in the BSD stamp and facility and level (syslog_level.h) in some writers' lines,
 *
 * and inside it, for a message that a daemon folded, "message repeated N times: [ message]"
 * (rsyslog) or "last message repeated N times" (BSD syslogd). No framing says who wrote a
 * line: that a tag or a host is true is the affair of the log's owner.
 */
#ifndef ANALYZER_PARSE_SYSLOG_LINE_H
#define ANALYZER_PARSE_SYSLOG_LINE_H

#include <orbl/err.h>

#include "log_line.h"

/* The line without its end. On ERR_SYNTAX *reason says what is wrong (a literal). O(frame). */
enum err
syslog_line_parse(struct text line, struct log_line *out, const char **reason) ORBL_NODISCARD;
/* A frame that lines of other logs look like: only for a line that no dialect knows.
 *
 *	2026-11-21 19:00:56 host tag[pid]: message
 *	1795287656.051238 host tag[pid]: message      journalctl -o short-unix
 */
bool syslog_line_parse_weak(struct text line, struct log_line *out);
/* Fill tag, pid and message, and what repeats, from what follows the host of a BSD or ISO frame. */
void syslog_line_message(struct text rest, struct log_line *out);

#endif
