/* submission_summary.h - what a part of a submission had, as JSON. */
#ifndef ANALYZER_SUBMISSION_SUMMARY_H
#define ANALYZER_SUBMISSION_SUMMARY_H

#include <jansson.h>

#include <orbl/store_evidence.h>

#include "reader.h"

/* A new reference; NULL: out of memory. now and before are the reader's at both ends of the part;
 * line_shift is added to line numbers. */
json_t *submission_summary_json(const struct store_submission *totals,
	const struct reader_summary *now, const struct reader_summary *before, int64_t line_shift);

#endif
