/* audit_replay.h - what a record of the time that a store has lost means for it.
 *
 * Listings that ended end again, and their hosts are as the reason of that leaves them; orders and
 * revoked reporters are as they were last, as is the end of the list (retire.h). All else is
 * only remembered: what was listed meanwhile is found again by tests, evidence that was purged
 * must be purged again.
 */
#ifndef ANALYZER_AUDIT_REPLAY_H
#define ANALYZER_AUDIT_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/audit_record.h>
#include <orbl/listing.h>
#include <orbl/store.h>

#include "host_state.h"

enum { AUDIT_REASONS = 16 };

/* Why a listing ended: said in front of the record that it has. */
struct audit_reason {
	bool is_there;
	struct prefix prefix;
	enum category category;
	enum host_event_kind kind;
};

struct audit_replayed {
	int64_t confirm_after_s; /* in: delist.confirm_after */
	size_t listings, orders;
	struct audit_reason reasons[AUDIT_REASONS]; /* the newest */
	size_t next_reason;
};

/* Add what r has changed to *out. A record that is not understood changes nothing. Inside a
 * transaction. */
enum err audit_replay(struct store *s, const struct audit_record *r, struct audit_replayed *out,
	struct error *e) ORBL_NODISCARD;

#endif
