/* collector_mail.h - what a message that came back is: the test message itself, a bounce of
 * it, an answer to it, or nothing that tells of relaying.
 *
 * A bounce names the exact case when the message that it returns, or the recipient that it
 * tells of, has the case's own token; else it stands for all cases with that return path.
 * Pure: no more is believed of a stranger's message than a token of ours confirms.
 */
#ifndef ANALYZER_COLLECTOR_MAIL_H
#define ANALYZER_COLLECTOR_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "collector.h"
#include "dsn_summary.h"

enum collector_mail_kind {
	COLLECTOR_MAIL_RELAYED,  /* our message, at its recipient */
	COLLECTOR_MAIL_BOUNCED,  /* taken, and not delivered */
	COLLECTOR_MAIL_ANSWERED, /* an automatic reply (RFC 3834) */
	COLLECTOR_MAIL_NOTE,     /* proves nothing */
};

struct collector_mail {
	enum collector_mail_kind kind;
	unsigned case_index;
	bool exact;             /* case_index is the message's own */
	const char *why;        /* NOTE: one clause */
	struct dsn_summary dsn; /* BOUNCED, ANSWERED, NOTE */
};

/* False when the token's case does not exist. */
bool collector_mail_read(const struct collector_arrival *a, const uint8_t key[TOKEN_KEY_BYTES],
	struct collector_mail *out);

#endif
