/* evt.h - event logs of Windows NT 4 to 2003 (.evt), as a container.
 *
 *	48 bytes of header, then records in a circle; an end record behind the newest
 *
 *	| header | end of the record that starts at the file's end | newer ... | END | older ... |
 *
 * The header is old in a log that was not closed, so that nothing of it is needed: records are
 * found by their signature. What lies before the first record is kept until the file's end, whose
 * last record may need it.
 */
#ifndef ANALYZER_EVT_H
#define ANALYZER_EVT_H

#include "container.h"

bool evt_knows(struct text head);
void *evt_open(const struct container_sink *sink);
enum err evt_feed(void *context, const void *bytes, size_t len);
enum err evt_finish(void *context);
void evt_close(void *context);

#endif
