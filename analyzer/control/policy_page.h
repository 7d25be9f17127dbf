/* policy_page.h - the listing policy of the list that a configuration makes: who is listed, on what
 * proof, for how long, and how that ends (RFC 6471 section 2.1). Every number in it is the
 * configuration's own.
 */
#ifndef ANALYZER_POLICY_PAGE_H
#define ANALYZER_POLICY_PAGE_H

#include <stdio.h>

#include <orbl/conf.h>

#include "page_writer.h"

struct policy_page {
	const struct conf *conf;
	const char *audit_key; /* with which the audit log is checked; NULL or "": not known */
	const char *notice; /* what stands above all else, such as that the list ends; NULL: none */
};

/* "2026-03-01"; returns out. */
const char *policy_page_day(int64_t t, char *out, size_t size);
void policy_page_write(const struct policy_page *p, enum page_format format, FILE *out);

#endif
