/* incoming_record.h - records of a message from a primary, their names made whole.
 *
 * Names may be compressed (RFC 1035 section 4.1.4), also those in the data of the types of RFC 1035
 * and of the few later ones that RFC 3597 section 4 names; a pointer leads back, never forward, so
 * that each name ends.
 */
#ifndef DNSD_INCOMING_RECORD_H
#define DNSD_INCOMING_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "query.h"

enum { INCOMING_RDATA_MAX = 65535 };

struct incoming_message {
	const uint8_t *bytes; /* borrows */
	size_t len, at;
	uint16_t id, flags, questions, answers;
};

struct incoming_record {
	uint8_t owner[WIRE_NAME_MAX]; /* as it is spelt */
	size_t owner_len;
	uint16_t type, class;
	uint32_t ttl_s;
	size_t rdata_len;
	uint8_t rdata[INCOMING_RDATA_MAX];
};

/* Header; at is behind it. False: too short. */
bool incoming_message_open(struct incoming_message *m, const uint8_t *bytes, size_t len);
/* Step over a question. is_ours: it is this one, name in lower case. False: malformed. */
bool incoming_message_question(struct incoming_message *m, const uint8_t *name, size_t name_len,
	uint16_t type, bool *is_ours);
/* The next record; the caller counts. False: malformed, or its data get longer than a record can
 * have. */
bool incoming_message_record(struct incoming_message *m, struct incoming_record *out);
/* A name at *at, which is moved behind it. Returns its length, 0: malformed. */
size_t
incoming_record_name(const uint8_t *bytes, size_t len, size_t *at, uint8_t out[WIRE_NAME_MAX]);

#endif
