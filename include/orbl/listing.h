/* listing.h - categories, return codes and subzones: the vocabulary of the list.
 *
 * A category says why a prefix is listed; it has one return code and one subzone. The
 * base zone serves the categories that are proofs of an open relay, "all" serves every
 * one (docs/architecture.md, Categories).
 */
#ifndef ORBL_LISTING_H
#define ORBL_LISTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/text.h>

enum category {
	CATEGORY_RELAY,        /* open relay, proved from the same address */
	CATEGORY_RELAY_INPUT,  /* open relay whose message came back from another address */
	CATEGORY_SUSPECT,      /* relay abuse by log evidence, not proved */
	CATEGORY_RELAY_OUTPUT, /* delivers for a multi-hop relay */
	CATEGORY_UNTESTABLE,   /* refuses our tester */
	CATEGORY_BOUNCER,      /* accepts for strangers, then bounces */
	CATEGORY_COUNT
};

enum { CATEGORY_ALL_MASK = (1 << CATEGORY_COUNT) - 1 };

struct category_row {
	const char *name;    /* "relay" */
	uint32_t code;       /* host order, 127.0.0.x */
	const char *subzone; /* "relays" */
	const char *meaning; /* one clause for TXT records and reports */
};

const struct category_row *category_row(enum category c); /* c must be in range */
enum err category_by_name(struct text name, enum category *out) ORBL_NODISCARD;

/* The zones served: relative name ("" is the base zone) and the categories in it, as a
 * mask of 1 << category. */
struct subzone_row {
	const char *name;
	uint32_t categories;
};
enum { SUBZONE_COUNT = 7 };
const struct subzone_row *subzone_row(size_t i); /* i < SUBZONE_COUNT; 0 is the base zone */

#endif
