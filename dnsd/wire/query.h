/* query.h - a DNS query packet taken apart (RFC 1035 section 4, RFC 6891).
 *
 * Looks at the header, the one question and the OPT record, and at nothing else: other
 * records are stepped over, at most QUERY_RECORDS_MAX of them. Never fails otherwise than
 * by a verdict; reads the packet once, copies nothing.
 */
#ifndef DNSD_QUERY_H
#define DNSD_QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire_name.h"

enum {
	QUERY_HEADER_SIZE = 12,
	QUERY_RECORDS_MAX = 16, /* no client sends more than OPT, TSIG and an IXFR's SOA */
	QUERY_UDP_SIZE_MIN = 512,
};

/* Types and classes we do something about. */
enum {
	TYPE_A = 1,
	TYPE_NS = 2,
	TYPE_SOA = 6,
	TYPE_TXT = 16,
	TYPE_OPT = 41,
	TYPE_DS = 43,
	TYPE_TSIG = 250,
	TYPE_IXFR = 251,
	TYPE_AXFR = 252,
	TYPE_ANY = 255,
	CLASS_IN = 1,
	CLASS_CH = 3,
};

enum query_verdict {
	QUERY_ANSWER,
	QUERY_DROP,   /* no reply whatever: short, or a reply itself */
	QUERY_COOKIE, /* no question, only a cookie to be answered (RFC 7873 section 5.4) */
	QUERY_NOTIFY, /* a well-formed one, with a question (RFC 1996) */
	QUERY_FORMERR,
	QUERY_NOTIMP,
	QUERY_BADVERS,
};

struct query_name {
	const uint8_t *wire; /* as it was spelt; borrows the packet */
	uint8_t len;         /* with the root's 0 */
	uint8_t labels;      /* without the root */
	/* Offset of each label's length byte; one more, for a name that turns out too long. */
	uint8_t label_at[WIRE_NAME_LABELS_MAX + 1];
};

struct query {
	uint16_t id, flags;
	const uint8_t *question; /* borrows the packet: name, type, class */
	size_t question_len;     /* 0: there is no question that can be repeated */
	struct query_name name;
	uint16_t type, class;
	bool edns, dnssec_ok, wants_nsid;
	bool tsig; /* the last record is a TSIG (RFC 8945), whatever is in it */
	uint8_t edns_version;
	uint8_t cookie_len;    /* 0: none; 8: the client's part alone */
	uint16_t udp_size;     /* what the client takes over UDP; at least QUERY_UDP_SIZE_MIN */
	const uint8_t *cookie; /* borrows the packet */
};

/* Whatever the verdict (QUERY_DROP excepted), id, flags, question_len and the EDNS fields
 * say what could be read, so that an error reply can repeat it. */
enum query_verdict query_parse(const uint8_t *packet, size_t len, struct query *out);

#endif
