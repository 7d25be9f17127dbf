/* store_listing.h - the listings, and the audit log of what was done to them. */
#ifndef ORBL_STORE_LISTING_H
#define ORBL_STORE_LISTING_H

#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/listing.h>
#include <orbl/store.h>

struct store_listing { /* lends */
	struct prefix prefix;
	enum category category;
	int64_t since_s, expires_s;
	uint64_t probe;
	const char *reason;
};
/* List or renew (since_s of an existing listing is kept). */
enum err
store_listing_put(struct store *s, const struct store_listing *l, struct error *e) ORBL_NODISCARD;
/* Remove the listings in the categories of mask that rest on a probe of this host: its own and
 * those of its outputs, but not what was proved of another host of its prefix. *removed may be
 * NULL. */
enum err store_listing_remove(struct store *s, const struct addr *tested, uint32_t categories,
	size_t *removed, struct error *e) ORBL_NODISCARD;
/* Remove what expired at or before now_s. */
enum err store_listing_expire(struct store *s, int64_t now_s, size_t *removed,
	struct error *e) ORBL_NODISCARD;
typedef enum err store_listing_fn(const struct store_listing *l, void *context);
/* All listings, by prefix and category; or those of one prefix when it is not NULL. */
enum err store_listings(struct store *s, const struct prefix *prefix, store_listing_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;

/* --- what has changed since the whole list was published --- */

/* Prefixes with a listing that was made, renewed or removed since. */
typedef enum err store_changed_fn(const struct prefix *prefix, void *context);
enum err
store_changed(struct store *s, store_changed_fn *fn, void *context, struct error *e) ORBL_NODISCARD;
enum err store_changed_count(struct store *s, size_t *count, struct error *e) ORBL_NODISCARD;
/* The whole list is published, as the snapshot with this checksum: forget the changes. */
enum err store_published_whole(struct store *s, uint64_t checksum, struct error *e) ORBL_NODISCARD;
/* That checksum; 0: never yet. */
enum err
store_published_checksum(struct store *s, uint64_t *checksum, struct error *e) ORBL_NODISCARD;

/* What was done, when and why; never changed afterwards. host may be NULL. */
enum err store_audit_add(struct store *s, int64_t now_s, const char *action, const char *host,
	const char *detail, struct error *e) ORBL_NODISCARD;

#endif
