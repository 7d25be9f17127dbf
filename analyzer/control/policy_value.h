/* policy_value.h - the numbers of a configuration, as the listing policy tells them. */
#ifndef ANALYZER_POLICY_VALUE_H
#define ANALYZER_POLICY_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/conf.h>

#include "page_writer.h"

/* The value of a name, such as "lifetime" or "code relay"; false: no such name. */
bool policy_value(const struct conf *c, const char *name, char out[PAGE_VALUE]);
/* "30 days", "1 hour", "150 seconds": in the largest unit that says it exactly. */
void policy_value_duration(int64_t seconds, char out[PAGE_VALUE]);
/* "30d", "1h", "150s": as orbl.conf(5) takes it; returns out. */
const char *policy_value_short(int64_t seconds, char out[PAGE_VALUE]);
/* In how many hours of the last day each of score.min_reporters new reporters must have denied a
 * host, recipients in two domains, to nominate it; 0: there are not so many. */
int64_t policy_value_new_hours(const struct conf *c);

#endif
