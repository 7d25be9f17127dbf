/* distinct.h - which reporters are independent of each other.
 *
 * By score.distinct of orbl.conf(5): those with different names, or in different networks (/24, /48
 * of reporter.address), or in different ASes (reporter.asn, else that of reporter.address). Those
 * of whom this is not known are one with each other: whoever wants to count has to say where it
 * is. So are those without a section, when anybody has one.
 */
#ifndef ANALYZER_DISTINCT_H
#define ANALYZER_DISTINCT_H

#include <orbl/conf.h>

#include "geo.h"
#include "score.h"

/* What reporters that are not independent have in common: "mx1", "192.0.2.0/24", "AS64500" or
 * "unknown". geo may be NULL. Returns out. */
const char *distinct_key(const struct conf *conf, const struct geo *geo, const char *reporter,
	char out[SCORE_KEY]);

#endif
