/* publish.h - from the listings in the store to the snapshot file that dnsd serves. */
#ifndef ANALYZER_PUBLISH_H
#define ANALYZER_PUBLISH_H

#include <event2/event.h>

#include <orbl/conf.h>
#include <orbl/store.h>

/* Freeze all listings that have not expired at now_s into conf's zone.snapshot, under a
 * new serial. On error the old snapshot stays. */
enum err publish_snapshot(struct store *store, const struct conf *conf, int64_t now_s,
	uint32_t *serial, struct error *e) ORBL_NODISCARD;

/* Tell dnsd, without waiting for it: its answer, or that it is not there, is logged. A dnsd
 * that does not hear it finds the new file by itself within dnsd.check_interval. */
void publish_tell(struct event_base *base, const char *dnsd_socket, uint32_t serial);

#endif
