/* answer.h - from query packet to reply packet.
 *
 *	answer.c          the short way: an IPv4 address in a zone of addresses
 *	answer_long.c     any packet: who asks, which zone, which verdict
 *	answer_data.c     what the zone's data say about the name
 *	answer_records.c  the records of that
 *	answer_chaos.c    what the server says of itself
 *
 * One pure function: the same packet, zones and context give the same reply. No
 * allocation, no lock, no system call, nothing kept between packets; work and size are
 * bounded by constants.
 */
#ifndef DNSD_ANSWER_H
#define DNSD_ANSWER_H

#include "cookie.h"
#include "zone.h"

enum answer_transport { ANSWER_UDP, ANSWER_TCP };

enum {
	ANSWER_MAX = 65535,        /* bytes of a reply over TCP */
	ANSWER_IDENTITY_MAX = 255, /* of identity and version; what is longer is cut */
	ANSWER_BATCH = 32,         /* packets that are read at once */
	ANSWER_ACL_TTL_S = 2100,   /* of a client's own answer without a TTL, as rbldnsd */
	ANSWER_ERROR_TTL_S = 60,   /* of an error code: it is about who asks, not about the name */
};

/* What does not change while the server runs. */
struct answer_config {
	uint16_t udp_size;      /* ours: advertised, and the most that is sent over UDP */
	uint16_t amplification; /* a UDP reply is at most so many times its query, unless a
	                         * cookie proves the client's address; 0: no such bound */
	struct text identity;   /* NSID, and CH TXT id.server, hostname.bind; "": hidden */
	struct text version;    /* CH TXT version.bind, version.server; "": hidden */
	struct text url;        /* told to whom a key or a quota refuses; "": none */
	bool error_codes;       /* ... by a code of 127.255.255.0/24 */
	struct cookie_secrets cookies;
	bool hands_over; /* there is a transfer process (transfer/transfer.h) */
};

struct answer_context {
	const struct answer_config *config;
	enum answer_transport transport;
	int64_t now_s;
	struct addr client; /* of this packet */

	/* What the gate says of it (access/gate.h). */
	bool is_limited; /* too many replies a second over UDP: a truncated one, unless a cookie
	                  * proves the client or an access list lets it pass */
	bool is_dropped; /* ... or none */
	bool is_over;    /* its quota is used up by what it has proved to have asked: REFUSED,
	                  * unless the name has a key */
	bool is_doubted; /* ... by what others may have forged: truncated over UDP, unless a cookie
	                  * proves the client; it asks over TCP */
	bool is_exempt;  /* access.exempt: may ask without a key where one is needed */
};

/* What there is to know of a packet besides its reply. */
struct answer_outcome {
	const struct zone *zone; /* that was asked; NULL: none of ours */
	bool hand_over;          /* the transfer process is to have it: AXFR, IXFR, NOTIFY, and what
	                          * is signed with TSIG; nothing was written */

	/* For the gate, and for counting. */
	bool is_special; /* one of the following is set */
	bool is_proven;  /* the client, by a cookie */
	bool passes;     /* an access list lets the client pass */
	bool is_limited; /* the reply was truncated for is_limited of the context */
	bool is_dropped; /* there is none for it */
	bool is_over;    /* refused, or told by an error code: over quota */
	bool is_keyless; /* the same: the key is none of ours, was revoked, or is missing */
	uint32_t key;    /* slot of its key (keys/keys.h); KEY_NONE */
};

/* Returns the length of the reply in out, 0: send nothing. size is at least udp_size for UDP;
 * over TCP ANSWER_MAX makes every reply whole. Also 0 when there is no room for header, question
 * and OPT. */
size_t answer_packet(const struct zone_set *zones, const struct answer_context *context,
	const uint8_t *packet, size_t len, uint8_t *out, size_t size);

/* The same in two steps, the first of them for a whole batch: waiting for memory is the greatest
 * part of what an answer costs, and the packets of a batch wait for theirs together
 * (snapshot_layer_find_many4). */
struct answer_reading {
	const uint8_t *packet; /* these two are the caller's to fill */
	size_t len;
	const struct zone *zone; /* NULL: it is for the long way */
	uint32_t address;        /* asked for in zone */
	bool is_listed;          /* there; the next two say how */
	uint32_t ttl_s;
	struct snapshot_view view;
	struct query query; /* without labels */
};

void answer_read(const struct zone_set *zones, int64_t now_s, struct answer_reading *readings,
	size_t count); /* up to ANSWER_BATCH */
size_t answer_write(const struct zone_set *zones, const struct answer_context *context,
	const struct answer_reading *r, uint8_t *out, size_t size, struct answer_outcome *outcome);

#endif
