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
	uint64_t probe; /* 0: it does not rest on one */
	const char *reason;
	int64_t effective_s;          /* it is not published before; 0: at once */
	uint32_t asn;                 /* of the prefix, when it was listed; 0: not known */
	const char *as_org, *country; /* NULL or "": not known */
	const char *author;           /* the operator who listed it; NULL or "": nobody */
};
/* List or renew (since_s and effective_s of an existing listing are kept). The probe's host is kept
 * as one that the listing rests on. */
enum err
store_listing_put(struct store *s, const struct store_listing *l, struct error *e) ORBL_NODISCARD;
/* Remove the listings in the categories of mask that rest on a probe of this host alone: its own
 * and those of its outputs. What was proved of another host, too, of its prefix or with the same
 * output, stays and rests on that. *removed may be NULL. */
enum err store_listing_remove(struct store *s, const struct addr *tested, uint32_t categories,
	size_t *removed, struct error *e) ORBL_NODISCARD;
/* Remove what expired at or before now_s. */
enum err store_listing_expire(struct store *s, int64_t now_s, size_t *removed,
	struct error *e) ORBL_NODISCARD;
typedef enum err store_listing_fn(const struct store_listing *l, void *context);
/* All listings, by prefix and category; or those of one prefix when it is not NULL. */
enum err store_listings(struct store *s, const struct prefix *prefix, store_listing_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;

/* What was proved by tests of this host: each category with the last probe that found it true. Of
 * the listing only category, expires_s, probe and reason are set. */
enum err store_proofs_of(struct store *s, const struct addr *tested, store_listing_fn *fn,
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

struct store_audit { /* lends */
	int64_t time_s;
	const char *author;  /* the user who asked; NULL or "": the analyzer by itself */
	const char *action;  /* one word: "list" */
	const char *subject; /* host, prefix, reporter; NULL: none */
	const char *detail;
};
/* What was done, when, by whom and why; never changed afterwards. Inside the transaction of what
 * was done. */
enum err
store_audit_add(struct store *s, const struct store_audit *a, struct error *e) ORBL_NODISCARD;

#endif
