/* publish.h - from the listings in the store to the files that dnsd serves.
 *
 *	zone.snapshot         the whole list, replaced now and then
 *	zone.snapshot.delta   what has changed since, replaced after each change
 *
 * Both are replaced by rename, and a delta names the snapshot it belongs to, so that at any
 * moment the two files are one list, older or newer.
 */
#ifndef ANALYZER_PUBLISH_H
#define ANALYZER_PUBLISH_H

#include <stdbool.h>

#include <event2/event.h>

#include <orbl/conf.h>
#include <orbl/store.h>

struct publisher;

/* Keeps store and conf. */
enum err publish_new(struct store *store, const struct conf *conf, struct publisher **out,
	struct error *e) ORBL_NODISCARD;
void publish_free(struct publisher *p); /* NULL ok */

/* Publish all listings that have not expired at now_s, under a new serial: as a delta when the
 * changes are few, else whole. The first one is whole. On error what is published stays. */
enum err
publish_list(struct publisher *p, int64_t now_s, uint32_t *serial, struct error *e) ORBL_NODISCARD;
/* Is it time to publish again though nothing has changed (zone.heartbeat)? A server can tell by
 * the age of its data that we are dead. */
bool publish_is_due(const struct publisher *p, int64_t now_s);

/* Tell dnsd, without waiting for it: its answer, or that it is not there, is logged. A dnsd
 * that does not hear it finds the new files by itself within dnsd.check_interval. */
void publish_tell(struct event_base *base, const char *dnsd_socket, uint32_t serial);

#endif
