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
	struct addr
		tested; /* put only: the host that the listing rests on; family 0: the probe's */
};
/* List or renew (since_s and effective_s of an existing listing are kept). It rests on the probes
 * of one host or of several, and lasts as long as the last of them says. */
enum err
store_listing_put(struct store *s, const struct store_listing *l, struct error *e) ORBL_NODISCARD;
/* Remove the listings in the categories of mask that rest on a probe of this host alone: its own
 * and those of its outputs. What was proved of another host, too, of its prefix or with the same
 * output, stays and rests on that. *removed may be NULL. */
enum err store_listing_remove(struct store *s, const struct addr *tested, uint32_t categories,
	size_t *removed, struct error *e) ORBL_NODISCARD;
/* Remove those of this prefix, whatever they rest on. */
enum err store_listing_end(struct store *s, const struct prefix *prefix, uint32_t categories,
	size_t *removed, struct error *e) ORBL_NODISCARD;
/* Remove what expired at or before now_s. */
enum err store_listing_expire(struct store *s, int64_t now_s, size_t *removed,
	struct error *e) ORBL_NODISCARD;
typedef enum err store_listing_fn(const struct store_listing *l, void *context);
/* All listings, by prefix and category; or those of one prefix when it is not NULL. */
enum err store_listings(struct store *s, const struct prefix *prefix, store_listing_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;
/* Those of the prefix and of all within it, by prefix and category. */
enum err store_listings_within(struct store *s, const struct prefix *prefix, store_listing_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;
/* Those of the wider prefixes in which it lies, the narrowest first. */
enum err store_listings_over(struct store *s, const struct prefix *prefix, store_listing_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;
/* At most max of all listings, those behind this prefix (as text) and category; "": from the
 * beginning. */
enum err store_listings_behind(struct store *s, const char *prefix, int category, size_t max,
	store_listing_fn *fn, void *context, struct error *e) ORBL_NODISCARD;

/* Those that store_listing_remove would remove. */
enum err store_listings_of_tested(struct store *s, const struct addr *tested, uint32_t categories,
	store_listing_fn *fn, void *context, struct error *e) ORBL_NODISCARD;
/* Those that store_listing_expire would. */
enum err store_listings_expired(struct store *s, int64_t upto_s, store_listing_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;
/* How many have become effective since the last call that found some: they count as changed from
 * here on. Inside a transaction. */
enum err
store_listings_due(struct store *s, int64_t now_s, size_t *due, struct error *e) ORBL_NODISCARD;

/* What was proved by tests of this host: each category with the last probe that found it true. Of
 * the listing only category, expires_s, probe and reason are set. */
enum err store_proofs_of(struct store *s, const struct addr *tested, store_listing_fn *fn,
	void *context, struct error *e) ORBL_NODISCARD;

/* How many outputs but this one are listed for the host, or for one that is listed by the same
 * prefix. */
enum err store_outputs_of(struct store *s, const struct addr *tested, const struct prefix *listed,
	const struct prefix *but, int64_t now_s, size_t *count, struct error *e) ORBL_NODISCARD;
typedef enum err store_tested_fn(const struct addr *host, void *context);
/* The hosts on which the listings of this prefix rest. */
enum err store_tested_of(struct store *s, const struct prefix *prefix, uint32_t categories,
	store_tested_fn *fn, void *context, struct error *e) ORBL_NODISCARD;
/* Hosts of which no proof in these categories is left when those up to upto_s have expired. */
enum err store_tested_expired(struct store *s, int64_t upto_s, uint32_t categories,
	store_tested_fn *fn, void *context, struct error *e) ORBL_NODISCARD;
/* Up to which time to expire, so that it is about max proofs in one go; 0: nothing has. */
enum err store_proofs_horizon(struct store *s, int64_t now_s, size_t max, int64_t *upto_s,
	struct error *e) ORBL_NODISCARD;

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
