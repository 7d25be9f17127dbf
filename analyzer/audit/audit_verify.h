/* audit_verify.h - is a copy of the audit log whole? Needs nothing but the copy and the key.
 *
 * Bytes are given in pieces of any size; the first line that is wrong ends the check. A log that
 * begins with a later record than the first is an excerpt, good only when one was expected; what
 * was cut off at the end shows only against a head that is known from elsewhere.
 */
#ifndef ANALYZER_AUDIT_VERIFY_H
#define ANALYZER_AUDIT_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/audit_record.h>
#include <orbl/text.h>

enum audit_fault {
	AUDIT_SOUND,
	AUDIT_BAD_JSON,      /* not a line as the analyzer writes it */
	AUDIT_BAD_SEQUENCE,  /* a record is missing, doubled or moved */
	AUDIT_BAD_CHAIN,     /* the hash before is not that of the record before */
	AUDIT_BAD_HASH,      /* the record was changed */
	AUDIT_BAD_SIGNATURE, /* not signed with one of the keys */
	AUDIT_TORN,          /* the last line has no end */
	AUDIT_NO_HEAD,       /* the head that was asked for is not in it */
	AUDIT_EMPTY,         /* there is no record */
	AUDIT_FAULT_COUNT
};
const char *audit_fault_name(enum audit_fault f); /* "hash" */

enum { AUDIT_KEYS_MAX = 8, AUDIT_WHY = 256 };

struct audit_verifier {
	/* To be set before the first line. */
	size_t key_count; /* 0: signatures are not looked at */
	uint8_t keys[AUDIT_KEYS_MAX][AUDIT_PUBLIC];
	uint64_t since;  /* the first record to come; 0: the first of all */
	bool wants_head; /* head must occur */
	uint8_t head[AUDIT_HASH];
	uint64_t head_seq; /* as this record; 0: as any */
	/* What was found. */
	enum audit_fault fault;
	char why[AUDIT_WHY];      /* one clause */
	uint64_t lines;           /* up to the faulty one, which is counted */
	uint64_t first, seq;      /* of the records; of the faulty one, as far as it can be known */
	uint64_t not_signed;      /* when no key was given */
	uint64_t other_key;       /* the last record that keys[0] has not signed; 0: none */
	bool has_head;            /* it has occurred */
	uint8_t hash[AUDIT_HASH]; /* of the last good record */
	/* Of a line whose end has not come yet. */
	size_t held;
	char line[AUDIT_LINE_MAX];
};

/* False: v says what is wrong; no more is taken. */
bool audit_verify_feed(struct audit_verifier *v, struct text bytes);
/* After the last byte. */
bool audit_verify_end(struct audit_verifier *v);

/* A head: "HASH", or "DATE:SEQ:HASH" as it is published. */
enum err audit_verify_want(struct audit_verifier *v, struct text head) ORBL_NODISCARD;

#endif
