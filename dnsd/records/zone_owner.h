/* zone_owner.h - the records that one owner name has in a version of a zone.
 *
 *	zone_owner_find(name) -> types -> zone_owner_write(type) -> records
 *
 * Whatever name is asked: what no walk would come to has no records. They are those that answers
 * have (answer_data.h), joined the same way.
 */
#ifndef DNSD_ZONE_OWNER_H
#define DNSD_ZONE_OWNER_H

#include "answer_data.h"
#include "zone_block.h"
#include "zone_records.h"

/* What makes the name be there. */
enum zone_owner_part {
	ZONE_OWNER_NONE,
	ZONE_OWNER_ORIGIN,
	ZONE_OWNER_DELEGATION,
	ZONE_OWNER_BUILT_IN,
	ZONE_OWNER_IPV4,
	ZONE_OWNER_IPV6,
	ZONE_OWNER_NAME,
};

enum { ZONE_OWNER_TYPES_MAX = 256 };

struct zone_owner {
	const struct zone_version *version;
	const uint8_t *owner;
	size_t owner_len;
	enum zone_owner_part part;
	size_t type_count;
	uint16_t types[ZONE_OWNER_TYPES_MAX];

	/* Of the type written last. */
	size_t record_count, next, at;

	struct answer answer; /* as if the name were asked */
	struct answer_context context;
	struct query query;
	const struct zone *delegated;
	bool is_network; /* a wildcard of IPv6 addresses */
	struct prefix network;
	uint8_t question[WIRE_NAME_MAX + 4];
	struct answer_match matches[ANSWER_MATCHES_MAX];
	uint8_t out[ANSWER_MAX];
};

/* Keeps version. */
void zone_owner_init(struct zone_owner *o, const struct zone_version *version);
/* owner: wire form, lower case; borrowed until the next call. */
void zone_owner_find(struct zone_owner *o, const uint8_t *owner, size_t len);
/* The records of a type, in a fixed order; then zone_owner_next gives them. */
void zone_owner_write(struct zone_owner *o, uint16_t type);
bool zone_owner_next(struct zone_owner *o, struct zone_record *out);
/* Is it among those of the type written last? */
bool zone_owner_has(const struct zone_owner *o, const struct zone_record *r);

#endif
