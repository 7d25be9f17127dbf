/* outer.h - what tools that show containers' output put in front of each line.
 *
 *	postfix-1  | LINE                      docker compose logs, with colours or without
 *	[pod/mail-0/postfix] LINE              kubectl logs --prefix
 *	2026-11-21T19:00:56.051238112Z LINE    docker logs -t, kubectl logs --timestamps
 *
 * A name may be followed by a stamp. All of it stands at the start of the line, where what a
 * program says cannot come to.
 */
#ifndef ANALYZER_PARSE_OUTER_H
#define ANALYZER_PARSE_OUTER_H

#include <stdbool.h>

#include "log_line.h"

/* Take the name of a container. */
bool outer_take_name(struct text *rest);
/* Take a stamp in front of the priority of a syslog frame, "<22>". */
bool outer_take_stamp(struct text *rest, struct stamp *out);

/* Has the line, as syslog_line_parse has read it, such a stamp as its own? */
bool outer_may_be_stamp(const struct log_line *s);
/* And has the program's line another one behind it? Then this is of what looks like the host. */
bool outer_may_start_stamp(struct text host);
bool outer_is_stamp(const struct log_line *s);
/* What follows the stamp of such a line. */
struct text outer_rest(const struct log_line *s);

/* The frame inside a container's line, or FRAME_DOCKER. Of two times that of stamp counts, when
 * the inner one has no year. */
void
outer_unwrap(struct text raw, struct text message, const struct stamp *stamp, struct log_line *out);

#endif
