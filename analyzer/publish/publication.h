/* publication.h - one snapshot or delta in the making: listings in, classes and sets out.
 *
 * Listings of one prefix arrive together and become one class for each zone that serves one of its
 * categories. Left out are those that have expired, are not published yet (effective_s), or that
 * the guard keeps off the list. How the result differs from what is in service is counted.
 */
#ifndef ANALYZER_PUBLICATION_H
#define ANALYZER_PUBLICATION_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/conf.h>
#include <orbl/snapshot_builder.h>
#include <orbl/store_listing.h>

#include "blast_radius.h"
#include "guard.h"
#include "in_service.h"
#include "prefix_set.h"
#include "retire.h"

enum { PUBLICATION_GUARDED_MAX = 16, PUBLICATION_ORG = 64 };

struct publication_guarded {
	struct prefix prefix;
	enum guard_answer answer;
	char why[GUARD_WHY];
};

struct publication {
	/* in; all kept */
	const struct conf *conf;
	struct store *store;
	const struct guard *guard; /* NULL: nothing is guarded */
	const struct prefix_set *popular;
	const struct in_service *in_service;
	const struct retirement *retirement;
	int64_t now_s;
	bool only_removals; /* what is not in service yet is left out */
	struct error *e;

	/* out */
	struct snapshot_builder *builder;
	bool overlaps; /* some prefix may lie within another */
	struct blast_change change;
	uint64_t kept;    /* of what was in service before */
	uint64_t expired; /* of a delta: has come to its end in service, and is looked at */
	size_t guarded_count;
	struct publication_guarded guarded[PUBLICATION_GUARDED_MAX];

	/* the prefix gathered so far */
	struct prefix prefix;
	uint32_t categories; /* 0: none */
	bool was_ordered;    /* by an operator */
	int64_t expires_s[CATEGORY_COUNT];
	uint32_t asn;
	char org[PUBLICATION_ORG], country[3];
	size_t sets[SUBZONE_COUNT];
};

/* The zones, without listings. p has what goes in, and zeros. */
enum err publication_begin(struct publication *p, struct text notice) ORBL_NODISCARD;
/* Frees what publication_begin made. */
void publication_end(struct publication *p);
/* All listings; or, for a delta, what has become of one prefix. */
enum err publication_gather(struct publication *p) ORBL_NODISCARD;
enum err
publication_gather_prefix(struct publication *p, const struct prefix *prefix) ORBL_NODISCARD;

#endif
