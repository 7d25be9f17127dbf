/* reply.h - writing one reply: header, question, records, OPT (RFC 1035 section 4, RFC 6891).
 *
 * The room for OPT is set aside first, so records can fill the rest. A record that does not
 * fit is left out whole; over UDP reply_end then empties the reply and sets TC.
 */
#ifndef DNSD_REPLY_H
#define DNSD_REPLY_H

#include <stdbool.h>

#include <orbl/text.h>
#include <orbl/writer.h>

#include "query.h"
#include "zone.h"

enum reply_rcode {
	RCODE_NOERROR = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5,
	RCODE_BADVERS = 16, /* its upper bits are in OPT */
};

/* Extended DNS errors (RFC 8914 section 5.2). */
enum reply_ede {
	EDE_NONE = -1,
	EDE_NOT_READY = 14,
	EDE_NOT_AUTHORITATIVE = 20,
};

enum {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_SOA = 6,
	TYPE_TXT = 16,
	TYPE_IXFR = 251,
	TYPE_AXFR = 252,
	TYPE_ANY = 255,
	CLASS_IN = 1,
};

enum reply_section { REPLY_ANSWER, REPLY_AUTHORITY, REPLY_SECTIONS };

struct reply {
	const struct query *query; /* borrows */
	struct writer w;
	uint16_t udp_size; /* ours, for OPT */
	uint16_t counts[REPLY_SECTIONS];
	enum reply_rcode rcode;
	enum reply_ede ede;
	bool authoritative;
	bool overflow;      /* a record was left out */
	uint16_t origin_at; /* offset of the zone's origin in the packet */
};

/* Begin a reply of at most size bytes in out; size is at least QUERY_UDP_SIZE_MIN. */
void
reply_begin(struct reply *r, const struct query *q, uint16_t udp_size, uint8_t *out, size_t size);
/* Write header and OPT. may_truncate: over UDP a reply with something left out has TC set and no
 * records; otherwise it has those that fitted. Returns the length. */
size_t reply_end(struct reply *r, bool may_truncate);

/* Records of the question's name. */
void reply_a(struct reply *r, uint32_t ttl_s, uint32_t address);
/* Each SNAPSHOT_ADDRESS_MARK becomes address; as many strings of 255 bytes as it needs. */
void reply_txt(struct reply *r, uint32_t ttl_s, struct text template, struct text address);
/* Records of the zone's origin; reply_set_origin comes before. */
void reply_set_origin(struct reply *r, const struct zone *z);
void reply_soa(struct reply *r, enum reply_section section, uint32_t ttl_s, const struct zone *z);
void reply_ns(struct reply *r, uint32_t ttl_s, const struct zone_name *name);

#endif
