/* notice_message.h - the notice that an address is listed, as a message (RFC 5322) to whom it
 * concerns: a text for people, and the same as an XARF 4 report (xarf.org) for programs.
 *
 * The parts are text/plain, application/json and, when a test was made, its dialogue, without its
 * tokens (redact.h).
 */
#ifndef ANALYZER_NOTICE_MESSAGE_H
#define ANALYZER_NOTICE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <orbl/conf.h>
#include <orbl/listing.h>

enum { NOTICE_UUID = 37 };

struct notice_message {          /* borrows */
	const struct conf *conf; /* zone, notify.from, probe.port */
	struct prefix prefix;
	struct addr tested; /* the host that the probe was of; family 0: none */
	enum category category;
	int64_t listed_s, effective_s, expires_s, now_s;
	const char *contact, *reason;
	const char *verdict;  /* of the probe; NULL: none */
	const json_t *result; /* probe_result_json of it, or NULL */
	char id[NOTICE_UUID]; /* version 4, RFC 9562 */
};

/* 16 random bytes as the id. */
void notice_message_id(const uint8_t random[16], char out[NOTICE_UUID]);
/* Lines end with LF, as sendmail -t wants them. The caller frees it; NULL: out of memory. */
char *notice_message_make(const struct notice_message *m, size_t *len);
/* The report alone; a new reference. */
json_t *notice_message_xarf(const struct notice_message *m);

#endif
