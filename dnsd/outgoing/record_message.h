/* record_message.h - DNS messages of many records, as transfers are made of (RFC 5936 section 2.2).
 *
 *	header, question | records, names shortened by what the question or the name before has
 */
#ifndef DNSD_RECORD_MESSAGE_H
#define DNSD_RECORD_MESSAGE_H

#include "query.h"
#include "zone_records.h"

/* The question, kept for all messages. */
struct record_question {
	uint16_t id, flags;
	bool edns, dnssec_ok;
	size_t len;
	uint8_t bytes[WIRE_NAME_MAX + 4]; /* name, type, class */
};

void record_question_init(struct record_question *out, const struct query *q);

struct record_message {
	const struct record_question *question;
	uint8_t *out;
	size_t at, size; /* size: without OPT */
	bool has_opt;
	unsigned count;
	size_t last_len; /* the name that was written last, and where its labels are */
	uint8_t last[WIRE_NAME_MAX];
	uint16_t label_at[WIRE_NAME_MAX];
};

/* False: there is no room for the question and OPT. */
bool record_message_begin(struct record_message *m, const struct record_question *q, bool with_opt,
	uint8_t *out, size_t size);
/* False: it does not fit, nothing was written. */
bool record_message_add(struct record_message *m, const struct zone_record *r);
size_t record_message_end(struct record_message *m); /* returns the length */

#endif
