/* notify.h - each new listing is told to the abuse contact of its network, once.
 *
 *	listing -> table notice -> contact from notify.contacts (txt_lookup.h) -> message in
 *	notify.spool, as NAME.eml, whole or not at all; what delivers it is not ours:
 *	sendmail -i -t <NAME.eml
 *
 * Relays are told at once, outputs and bouncers when their notice period begins; suspects and
 * untestable hosts are not. A contact gets notify.per_day messages in 24 hours at most, the others
 * wait; one that cannot be looked up for a day is given up (no-answer, store_notice.h). One loop,
 * no threads: the lookups go on between two calls of notify_run.
 */
#ifndef ANALYZER_NOTIFY_H
#define ANALYZER_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/conf.h>
#include <orbl/store.h>

#include "txt_lookup.h"

struct notify;

/* Are the options there that belong together? The error names the one that is missing. */
enum err notify_check(const struct conf *conf, struct error *e) ORBL_NODISCARD;
/* All are kept; lookup may be NULL when conf->notify.spool is "". Without a spool nothing is done.
 */
enum err notify_new(const struct conf *conf, struct store *store, struct txt_lookup *lookup,
	struct notify **out, struct error *e) ORBL_NODISCARD;
void notify_free(struct notify *n); /* NULL ok; after its lookup */
/* From time to time. Trouble is logged. */
void notify_run(struct notify *n, int64_t now_s);

#endif
