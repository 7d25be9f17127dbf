/* publish.h - from the listings in the store to the files that dnsd serves.
 *
 *	zone.snapshot         the whole list, replaced now and then
 *	zone.snapshot.delta   what has changed since, replaced after each change
 *
 * Both are replaced by rename, and a delta names the snapshot it belongs to, so that at any
 * moment the two files are one list, older or newer.
 *
 * A list that differs too much from the one in service (blast_radius.h) is held: what would be
 * removed is published when that alone is little, the rest waits for `orbl publish --force`.
 */
#ifndef ANALYZER_PUBLISH_H
#define ANALYZER_PUBLISH_H

#include <stdbool.h>

#include <event2/event.h>

#include <orbl/conf.h>
#include <orbl/store.h>

#include "blast_radius.h"
#include "guard.h"

struct publisher;

/* Keeps store and conf. Not OK also when publish.popular cannot be read. */
enum err publish_new(struct store *store, const struct conf *conf, struct publisher **out,
	struct error *e) ORBL_NODISCARD;
void publish_free(struct publisher *p); /* NULL ok */
/* From here on the guard is asked for each listing; kept. NULL: nothing is guarded. */
void publish_set_guard(struct publisher *p, const struct guard *guard);

/* Publish all listings that are to be at now_s, under a new serial: as a delta when the changes are
 * few, else whole. The first one is whole. On error what is published stays; ERR_REFUSED: it is
 * held, the error says why. *serial 0: nothing was written, the list is gone (retire.h). */
enum err
publish_list(struct publisher *p, int64_t now_s, uint32_t *serial, struct error *e) ORBL_NODISCARD;

struct publish_order { /* borrows */
	const char *author, *reason;
	bool force; /* publish what is held, too; of which there is an audit record */
};
/* The same, at once, and because somebody asks for it. */
enum err publish_ordered(struct publisher *p, const struct publish_order *o, int64_t now_s,
	uint32_t *serial, struct error *e) ORBL_NODISCARD;

/* Why something is held. */
struct publish_hold {
	enum blast blast; /* BLAST_SMALL: nothing is */
	bool is_partial;  /* what is removed is published */
	int64_t since_s;
	int64_t ends_s; /* not partial: when dnsd.max_age ends the list in service; 0: never */
	char why[BLAST_WHY];
};
const struct publish_hold *publish_hold(const struct publisher *p);
/* As what the list in service has an address: a mask of 1 << category. */
uint32_t publish_in_service(const struct publisher *p, const struct addr *a, int64_t now_s);

/* Is it time to publish again though no listing has changed? Yes when what is guarded has, and by
 * zone.heartbeat: a server can tell by the age of its data that we are dead. */
bool publish_is_due(const struct publisher *p, int64_t now_s);

/* Tell dnsd, without waiting for it: its answer, or that it is not there, is logged. A dnsd
 * that does not hear it finds the new files by itself within dnsd.check_interval. */
void publish_tell(struct event_base *base, const char *dnsd_socket, uint32_t serial);

#endif
