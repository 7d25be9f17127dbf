/* dsn.h - delivery status notifications (RFC 3464): which message failed, why, and who says so.
 *
 *	multipart/report             top of the message
 *	  text/plain                 for people: passed over
 *	  message/delivery-status    fields of the message, then of each recipient
 *	  message/rfc822             the message that failed, or its header alone
 *
 * Written for what servers send and not only for what they should: parts in parts, a boundary
 * that never comes, fields in any order and case. Pure and bounded; linear in the message.
 */
#ifndef ANALYZER_DSN_H
#define ANALYZER_DSN_H

#include <stdbool.h>
#include <stddef.h>

#include <orbl/text.h>

enum {
	DSN_RECIPIENTS_MAX = 10, /* a test message has one */
	DSN_DEPTH_MAX = 8,       /* of parts in parts */
	DSN_BOUNDARY_MAX = 200,  /* RFC 2046 allows 70 */
	DSN_VALUE = 256,
};

/* In the order of their weight: of several recipients the heaviest counts. */
enum dsn_action {
	DSN_NONE,
	DSN_EXPANDED,
	DSN_RELAYED,
	DSN_DELIVERED,
	DSN_DELAYED,
	DSN_FAILED,
	DSN_ACTION_COUNT
};
const char *dsn_action_name(enum dsn_action action); /* "failed"; "" none */

struct dsn_recipient { /* printable; without types ("rfc822;"), brackets and comments */
	enum dsn_action action;
	char original[DSN_VALUE], final[DSN_VALUE];
	char status[16]; /* "5.7.1" (RFC 3463), "" none */
	char diagnostic[DSN_VALUE], remote_mta[DSN_VALUE];
};

struct dsn {
	bool is_report; /* says that it is a report, whether or not we can read it */
	char reporting_mta[DSN_VALUE];
	size_t count;
	struct dsn_recipient recipients[DSN_RECIPIENTS_MAX];
	struct text returned; /* what came back of the message; lends from it */
};

/* True when there is a recipient with an action. *out is filled in any case. */
bool dsn_parse(struct text message, struct dsn *out);
/* The recipient with the heaviest action, the first of equals; NULL: none. */
const struct dsn_recipient *dsn_worst(const struct dsn *d);

#endif
