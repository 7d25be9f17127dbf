/* relay_describe.h - a relay policy as it was understood, for the eyes of its operator.
 *
 * Settings, entries of lists and the rules in effect, in an order fit for reading: all settings,
 * then all entries, then the rules in the order in which they are asked, then what is odd.
 */
#ifndef ANALYZER_RELAY_DESCRIBE_H
#define ANALYZER_RELAY_DESCRIBE_H

#include <stddef.h>

#include "relay_policy.h"

enum relay_item_kind {
	RELAY_ITEM_SETTING, /* name, value */
	RELAY_ITEM_ENTRY,   /* of list name: value */
	RELAY_ITEM_RULE,    /* name; value is the answer or "-", note says when it applies */
	RELAY_ITEM_WARNING, /* value is a sentence */
	RELAY_ITEM_COUNT
};

struct relay_item { /* lends, during the call */
	enum relay_item_kind kind;
	const char *name; /* NULL: a warning */
	const char *value;
	const char *note; /* NULL: none */
	const char *file; /* NULL: the policy's own */
	unsigned line;    /* 0: not in a file: a default, or a rule */
};
typedef void relay_item_fn(const struct relay_item *item, void *context);

void relay_describe(const struct relay_policy *p, relay_item_fn *fn, void *context);
/* "an Exchange Internet Mail Service" */
const char *relay_describe_dialect(const struct relay_policy *p);
/* Domain i whose mail this server takes as its own; NULL: there are fewer. Lent. */
const char *relay_describe_domain(const struct relay_policy *p, size_t i);
/* What the server calls itself; NULL: the policy does not say. Lent. */
const char *relay_describe_host(const struct relay_policy *p);

#endif
