/* store_audit.h - the audit log in the store: chained, signed, never changed.
 *
 * Records are added with store_audit_add (store_listing.h), or by the store itself, in the
 * transaction of what they are about:
 *
 *	unlist      a listing has ended, by whatever way: its prefix and category
 *	probing     a probe is started
 *	probed      it is over: verdict, reason and the hash of its result
 *	answered    a delisting request has ended: how and why
 *	decided     a row of table decision, with the hash of what it was decided on
 *	submission  an hour of a log that goes on is over: its numbers
 *
 * Each record has the hash of the one before in its own (audit_record.h). Without a key they are
 * chained, and signed as soon as the store has one; from then on nothing is added without a key,
 * and nothing is chained or signed afterwards.
 */
#ifndef ORBL_STORE_AUDIT_H
#define ORBL_STORE_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/audit_record.h>
#include <orbl/store.h>
#include <orbl/store_decision.h>
#include <orbl/store_evidence.h>
#include <orbl/store_listing.h>

#define STORE_AUDIT_UNLIST "unlist"
#define STORE_AUDIT_KEY    "key" /* its subject signs from here on */

/* Keep the key until the store is closed. The first time, chain and sign what is not yet; later
 * ERR_CORRUPT when a record is missing, not chained or not signed. COMMITs. */
enum err store_audit_open(struct store *s, const uint8_t secret[AUDIT_SECRET],
	struct error *e) ORBL_NODISCARD;

struct store_audit_head {
	uint64_t seq; /* 0: there is no record, the hash is that before the first */
	int64_t time_s;
	uint8_t hash[AUDIT_HASH];
};
/* The last record. */
enum err
store_audit_head(struct store *s, struct store_audit_head *out, struct error *e) ORBL_NODISCARD;
/* The last record made before a time. Asked again for the same time it costs nothing. */
enum err store_audit_head_before(struct store *s, int64_t before_s, struct store_audit_head *out,
	struct error *e) ORBL_NODISCARD;

typedef enum err store_audit_fn(const struct audit_entry *x, void *context);
/* Records from number since on, at most max. Not OK from fn ends the walk with that code. */
enum err store_audit_entries(struct store *s, uint64_t since, size_t max, store_audit_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;

/* What was committed lazily is durable from here on, too. COMMITs, when there is any. */
enum err store_audit_sync(struct store *s, struct error *e) ORBL_NODISCARD;

/* --- what the store's own functions record, inside their transactions --- */

enum err
store_audit_probing(struct store *s, uint64_t probe, int64_t now_s, struct error *e) ORBL_NODISCARD;
enum err
store_audit_probed(struct store *s, uint64_t probe, int64_t now_s, struct error *e) ORBL_NODISCARD;
/* The requests that wait for this probe have their answer. */
enum err store_audit_answered(struct store *s, uint64_t probe, int64_t now_s,
	struct error *e) ORBL_NODISCARD;
enum err store_audit_decided(struct store *s, const struct store_decision *d, uint64_t id,
	struct error *e) ORBL_NODISCARD;

/* This submission goes on: its numbers are recorded when its hour is over. */
enum err
store_audit_submission(struct store *s, int64_t submission, struct error *e) ORBL_NODISCARD;
/* Those of hours that are over. COMMITs. */
enum err store_audit_submissions(struct store *s, int64_t now_s, struct error *e) ORBL_NODISCARD;

/* The key that signs from here on. *is_new: it was another one, or none. Inside a transaction. */
enum err store_audit_key(struct store *s, const uint8_t key[AUDIT_PUBLIC], bool *is_new,
	struct error *e) ORBL_NODISCARD;

/* That key. *has: there is one. */
enum err store_audit_public(struct store *s, uint8_t key[AUDIT_PUBLIC], bool *has,
	struct error *e) ORBL_NODISCARD;
/* The keys that records tell of, the last first, at most max. */
enum err store_audit_keys(struct store *s, uint8_t (*out)[AUDIT_PUBLIC], size_t max, size_t *count,
	struct error *e) ORBL_NODISCARD;

/* --- after a restore, inside a transaction --- */

/* Take over a record that was made in the time that the store has lost; it must follow the last.
 * Kept as it is, with its signature. */
enum err
store_audit_import(struct store *s, const struct audit_entry *x, struct error *e) ORBL_NODISCARD;
/* A listing that was removed at removed_s, unless it was proved again since. */
enum err store_restore_end(struct store *s, const struct prefix *prefix, enum category category,
	int64_t removed_s, size_t *ended, struct error *e) ORBL_NODISCARD;
/* On whose tests that listing rests, as far as it would end: the first max. */
enum err store_restore_tested(struct store *s, const struct prefix *prefix, enum category category,
	int64_t removed_s, struct addr *hosts, size_t max, size_t *count,
	struct error *e) ORBL_NODISCARD;
/* End all listings; hosts that were tested are queued for a probe, the others for a look. */
struct store_distrusted {
	size_t listings, hosts;
};
enum err store_restore_distrust(struct store *s, int64_t now_s, struct store_distrusted *out,
	struct error *e) ORBL_NODISCARD;
/* What an operator has ordered and who was revoked in that time is lost, and evidence would list
 * suspects by it: none is listed until he has seen to it. Released, all are looked at again. */
enum err store_suspects_hold(struct store *s, bool hold, struct error *e) ORBL_NODISCARD;
enum err store_suspects_held(struct store *s, bool *held, struct error *e) ORBL_NODISCARD;
/* The next serial will be above this one. *raised: it would not have been. */
enum err store_restore_serial(struct store *s, uint32_t serial, bool *raised,
	struct error *e) ORBL_NODISCARD;

#endif
