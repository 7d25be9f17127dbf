/* received.h - FILE of a zone that comes by transfer: what the transfer process made is stored.
 *
 *	sealed memfd -> checks -> FILE.new, fsync, FILE.prev, rename      a whole snapshot
 *	                       -> FILE.delta likewise, no .prev           a delta: when it expires
 *
 * The transfer process talks to the world and is not believed: what it hands over is stored when
 * it can be no longer changed, is a snapshot by all checks of the reader, has the one zone and no
 * more, and is newer than what is there (RFC 1982). A delta has to be one of what is there.
 */
#ifndef DNSD_RECEIVED_H
#define DNSD_RECEIVED_H

#include <orbl/feed.h>

/* current: in service now, or NULL. fd stays the caller's. ERR_REFUSED: it is not what it has to
 * be, and FILE is as it was. */
enum err received_store(const struct feed_source *source, const struct snapshot *current, int fd,
	struct error *e) ORBL_NODISCARD;

#endif
