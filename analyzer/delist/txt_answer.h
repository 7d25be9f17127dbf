/* txt_answer.h - a question for TXT records as bytes, and what the bytes that come back say.
 *
 * Pure. The answer comes from a resolver, or from somebody who says that he is one: what is not an
 * answer to this very question is not ours, and whoever waits goes on waiting.
 */
#ifndef ANALYZER_TXT_ANSWER_H
#define ANALYZER_TXT_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>

enum {
	TXT_QUERY_MAX = 320, /* bytes of a question */
	TXT_NAME_MAX = 256,
	TXT_RECORDS_MAX = 16, /* further ones are left out */
	TXT_RECORD_MAX = 512, /* with the NUL; a longer one is left out */
	TXT_ALIASES_MAX = 8,
	TXT_UDP_SIZE = 1232, /* that is told to the resolver */
};

struct txt_question {
	char name[TXT_NAME_MAX];
	uint16_t id;
};

enum txt_kind {
	TXT_NOT_OURS,  /* no answer to this question */
	TXT_FOUND,     /* count is not 0 */
	TXT_NONE,      /* there are none, or no such name */
	TXT_TRUNCATED, /* ask over TCP */
	TXT_FAILED,    /* the resolver does not know: SERVFAIL, REFUSED ... */
};

struct txt_answer {
	enum txt_kind kind;
	const char *why; /* FAILED: one word */
	size_t count;
	/* The strings of each record joined, RFC 7208 section 3.3; printable, other bytes are '?'.
	 */
	char records[TXT_RECORDS_MAX][TXT_RECORD_MAX];
};

/* ERR_SYNTAX: not a domain name. */
enum err txt_answer_ask(const struct txt_question *q, uint8_t out[TXT_QUERY_MAX], size_t *len,
	struct error *e) ORBL_NODISCARD;
void txt_answer_read(const struct txt_question *q, const uint8_t *bytes, size_t len,
	struct txt_answer *out);

#endif
