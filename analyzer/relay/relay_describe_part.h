/* relay_describe_part.h - what each dialect brings to relay_describe.h. */
#ifndef ANALYZER_RELAY_DESCRIBE_PART_H
#define ANALYZER_RELAY_DESCRIBE_PART_H

#include "relay_describe.h"

struct relay_telling { /* who listens */
	relay_item_fn *fn;
	void *context;
};

/* --- relay_describe_postfix.c --- */

void relay_describe_postfix(const struct relay_policy *p, const struct relay_telling *t);
const char *relay_describe_postfix_domain(const struct relay_policy *p, size_t i);
const char *relay_describe_postfix_host(const struct relay_policy *p);

#endif
