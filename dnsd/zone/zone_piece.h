/* zone_piece.h - records written once, when a zone is loaded, and copied into replies.
 *
 *	origin in a reply = where the question has it      "ns1" + pointer there
 *
 * A piece is a run of whole records of one section. What lies in the origin is a pointer
 * into the origin as the question spells it; only these few places differ from reply to
 * reply. Owner names are such pointers, or that to the question's name itself.
 */
#ifndef DNSD_ZONE_PIECE_H
#define DNSD_ZONE_PIECE_H

#include <stdbool.h>

#include <orbl/snapshot.h>

#include "query.h"

enum {
	ZONE_PIECE_TTL_AT = 6, /* of the first record; its owner is always a pointer */
	ZONE_PIECE_MAX = 16384,
	ZONE_PIECE_POINTERS_MAX = 2 * SNAPSHOT_NS_MAX + 2,
};

struct zone_pointer {
	uint16_t at;       /* in the piece */
	uint8_t origin_at; /* in the origin; what follows from there is the rest of the name */
};

struct zone_piece {
	uint16_t len, count, pointer_count; /* count: records; 0: there is no piece */
	uint8_t *bytes;                     /* both in one allocation, of pointers */
	struct zone_pointer *pointers;
};

/* A piece being written, for the zone of this origin (lower case). */
struct zone_draft {
	const uint8_t *origin;
	size_t origin_len, at, data_at;
	bool failed; /* it does not fit */
	uint16_t count, pointer_count;
	struct zone_pointer pointers[ZONE_PIECE_POINTERS_MAX];
	uint8_t bytes[ZONE_PIECE_MAX];
};

void zone_draft_init(struct zone_draft *d, const uint8_t *origin, size_t origin_len);
/* A record of the origin, or of the question's name; then its data; then its end. */
void zone_draft_begin(struct zone_draft *d, bool of_origin, uint16_t type, uint32_t ttl_s);
void zone_draft_bytes(struct zone_draft *d, const void *bytes, size_t len);
void zone_draft_u32(struct zone_draft *d, uint32_t v);
/* A name in wire form of any case, shortened by what it has in common with the origin. */
void zone_draft_name(struct zone_draft *d, const uint8_t *wire, size_t len);
/* As many strings as the text needs (RFC 1035 section 3.3.14). */
void zone_draft_text(struct zone_draft *d, struct text t);
void zone_draft_end(struct zone_draft *d);

/* Make the piece; *out is free or empty before. */
enum err zone_draft_finish(const struct zone_draft *d, struct zone_piece *out,
	struct error *e) ORBL_NODISCARD;
void zone_piece_free(struct zone_piece *p); /* leaves an empty one */

#endif
