/* exim.h - Exim: main log, reject log, and syslog; also as Debian, cPanel, DirectAdmin set it up.
 *
 *	2026-11-21 19:00:56[.123] [+0100] [\[PID\]] [MESSAGE-ID] H=... rejected RCPT ...
 *	2001-02-03 04:05:06 refused relay (host) to <R> from <S> H=...                  Exim 3
 *
 * With syslog the line has Exim's own time stamp all the same, and comes twice. What is client
 * and what is text in such a line: exim_rejected.h. In the reject log the header of a message
 * may follow, each field behind one character and a blank, and long ones folded: no line of
 * it begins with a digit. With syslog those are further messages, "[2\7] ...", and a line longer
 * than 870 bytes is in pieces, "[1/2] ...", where what a client sent can look like the whole.
 */
#ifndef ANALYZER_PARSE_EXIM_H
#define ANALYZER_PARSE_EXIM_H

#include "dialect.h"

bool exim_knows(const struct log_line *s);
bool exim_continues(const struct log_line *s);
enum parse_result
exim_parse(const struct log_line *s, struct parse_state *state, struct denial *out);

#endif
