/* probe_message.h - the test message: small, identified, and polite. */
#ifndef ANALYZER_PROBE_MESSAGE_H
#define ANALYZER_PROBE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>

enum { PROBE_MESSAGE_MAX = 2048, PROBE_DATE = 64 };

struct probe_message {
	const char *helo;   /* who tests */
	const char *domain; /* the collector's */
	const char *url;    /* page about us, "" none */
	const char *target; /* address under test */
	const char *case_id;
	const char *sender_token, *recipient_token;
	int64_t now_s;
};

/* As RFC 5322 section 3.3 has it. Returns out. */
const char *probe_message_date(int64_t now_s, char out[PROBE_DATE]);
/* Lines with CRLF, without the final dot. ERR_FULL when it would not fit: domain, helo or url
 * are too long. */
enum err probe_message_format(const struct probe_message *m, char out[PROBE_MESSAGE_MAX],
	size_t *len, struct error *e) ORBL_NODISCARD;

#endif
