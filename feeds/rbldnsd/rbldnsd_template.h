/* rbldnsd_template.h - texts of entries, with their variables put in.
 */
#ifndef FEEDS_RBLDNSD_TEMPLATE_H
#define FEEDS_RBLDNSD_TEMPLATE_H

#include "rbldnsd.h"

struct rbldnsd_template {
	const struct rbldnsd_set *set; /* has the variables */
	struct text own;               /* the entry's text, also for $= in the base template */
	size_t len;                    /* wanted, which may be above what fits */
	char text[SNAPSHOT_TXT_MAX];
};

/* Fill len and text from set and own. The base template ($=) stands in for the entry's own text,
 * unless that begins with "=". Variables are put in as they are: nothing in them is substituted
 * again. */
void rbldnsd_template_expand(struct rbldnsd_template *x);

#endif
