/* probe_summary.h - all targets of orbl probe, in the order given, and what they come to. */
#ifndef ANALYZER_CLI_PROBE_SUMMARY_H
#define ANALYZER_CLI_PROBE_SUMMARY_H

#include "probe_report.h"

struct probe_row {
	const char *argument; /* as given; kept */
	char *refused;        /* why it may not be probed; NULL: it may */
	struct endpoint target;
	size_t report; /* its number among those that are probed */
};

/* Of what may be probed, in a table of verdicts: a line each, refused ones too. */
void
probe_summary_print(const struct probe_row *rows, size_t count, const struct probe_report *reports);
/* 0: every target is closed; 1: one is proved open or bounces; 2: neither is known. */
int probe_summary_status(const struct probe_row *rows, size_t count,
	const struct probe_report *reports);

#endif
