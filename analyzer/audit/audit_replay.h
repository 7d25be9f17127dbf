/* audit_replay.h - what a record of the time that a store has lost means for it.
 *
 * Listings that ended end again; orders and revoked reporters are as they were last. All else is
 * only remembered: what was listed meanwhile is found again by tests, evidence that was purged
 * must be purged again.
 */
#ifndef ANALYZER_AUDIT_REPLAY_H
#define ANALYZER_AUDIT_REPLAY_H

#include <orbl/audit_record.h>
#include <orbl/store.h>

struct audit_replayed {
	size_t listings, orders;
};

/* Add what r has changed to *out. A record that is not understood changes nothing. Inside a
 * transaction. */
enum err audit_replay(struct store *s, const struct audit_record *r, struct audit_replayed *out,
	struct error *e) ORBL_NODISCARD;

#endif
