/* incoming_stream.h - the messages of one AXFR or IXFR (RFC 5936, 1995), taken apart.
 *
 *	SOA  records ...  SOA                           all of the zone
 *	SOA  (SOA records ... SOA records ...) ... SOA  changes, from our version on
 *	SOA                                             we are up to date
 *
 * Knows nothing of sockets and clocks; signatures were checked before (tsig.h). After STREAM_FAILED
 * the import is good for nothing else, but of an IXFR it is as it was.
 */
#ifndef DNSD_INCOMING_STREAM_H
#define DNSD_INCOMING_STREAM_H

#include "incoming_record.h"
#include "zone_import.h"

enum incoming_stream_result {
	STREAM_MORE,    /* the next message, please */
	STREAM_CURRENT, /* we are up to date */
	STREAM_WHOLE,   /* all of the zone is in the import `whole` */
	STREAM_CHANGES, /* the changes are told to the import `base` */
	STREAM_FAILED,  /* the error says why */
};

enum incoming_stream_state {
	STREAM_BEGIN,
	STREAM_FIRST, /* its first SOA was read */
	STREAM_ALL,   /* all of the zone */
	STREAM_REMOVES,
	STREAM_ADDS,
	STREAM_END,
};

struct incoming_stream {
	enum incoming_stream_state state;
	const uint8_t *origin; /* wire form, lower case; kept */
	size_t origin_len;
	uint16_t id, type;          /* of our query */
	bool has_serial;            /* of our version; else whatever it has is new */
	uint32_t serial, at_serial; /* ours; of the changes read so far */
	uint64_t records, octets;   /* read so far */
	uint32_t new_serial;
	size_t soa_len;
	uint32_t soa_ttl_s;
	uint8_t soa[2 * WIRE_NAME_MAX + 20]; /* the first one */
	struct zone_import *whole, *base;    /* kept; base: NULL of an AXFR */
	struct incoming_record record;
};

/* The query, with our SOA in an IXFR; returns its length. size: 600 is enough. */
size_t incoming_stream_query(const struct incoming_stream *s, uint8_t *out, size_t size);
enum incoming_stream_result incoming_stream_message(struct incoming_stream *s, const uint8_t *bytes,
	size_t len, struct error *e);

/* The reply to a query for the SOA, over UDP or TCP. */
enum incoming_soa_result {
	INCOMING_SOA,
	INCOMING_SOA_OTHER,     /* not the reply to our query: wait for that */
	INCOMING_SOA_TRUNCATED, /* ask over TCP */
	INCOMING_SOA_FAILED,
};
size_t incoming_soa_query(const uint8_t *origin, size_t origin_len, uint16_t id, uint8_t *out,
	size_t size);
enum incoming_soa_result incoming_soa_reply(const uint8_t *origin, size_t origin_len, uint16_t id,
	const uint8_t *bytes, size_t len, uint32_t *serial, struct error *e);
/* "REFUSED" and so on. */
const char *incoming_rcode_name(unsigned rcode);

/* RFC 1982: is a newer than b? */
static inline bool
incoming_is_newer(uint32_t a, uint32_t b)
{
	return a != b && a - b < UINT32_C(0x80000000);
}

#endif
