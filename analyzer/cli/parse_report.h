/* parse_report.h - what a run of orbl parse counted, and how that is said. */
#ifndef ANALYZER_CLI_PARSE_REPORT_H
#define ANALYZER_CLI_PARSE_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "host_count.h"
#include "parse_options.h"
#include "reader.h"

struct parse_totals {
	struct reader_summary sum; /* of all files; its troubles are not used */
	uint64_t files;
	uint64_t duplicates; /* denials that an earlier file had, not counted in sum.denials */
};

/* Count a file in; duplicates of it. */
void parse_report_add(struct parse_totals *t, const struct reader_summary *s, uint64_t duplicates);
/* What was not understood, to standard error. name is printable; format: of a mail server's
 * lines, when one was asked for, or NULL. */
void parse_report_troubles(const char *name, const char *format, const struct reader_summary *s);
/* Probably no mail log? One with other programs' lines alone may be a quiet one, but not when it
 * was to be of that format. */
bool parse_report_is_useless(const struct parse_totals *t, const char *format);
/* Counts them; with the option summary also prints them to standard output. */
enum err parse_report_hosts(struct host_count *hosts, const struct parse_options *o,
	uint64_t *count, struct error *e) ORBL_NODISCARD;
/* To standard output. */
void parse_report_json(const struct parse_totals *t, uint64_t hosts);
/* The totals, to standard error. */
void parse_report_print(const struct parse_totals *t, uint64_t hosts);

#endif
