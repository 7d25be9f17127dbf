/* evtx.h - Windows Event Logs since Vista (.evtx), versions 3.1 and 3.2, as a container.
 *
 *	4096 bytes of header, then chunks of 64 KiB (evtx_chunk.h)
 *
 * The header's count of chunks is of no account: it is old in a log that was copied while the
 * service had it open. One chunk is in memory at a time.
 */
#ifndef ANALYZER_EVTX_H
#define ANALYZER_EVTX_H

#include "container.h"

bool evtx_knows(struct text head);
void *evtx_open(const struct container_sink *sink);
enum err evtx_feed(void *context, const void *bytes, size_t len);
enum err evtx_finish(void *context);
void evtx_close(void *context);

#endif
