/* probe_record.h - an event of the prober as text, for the store (table probe_event).
 *
 * A JSON object with what is not empty: {"kind": "case", "time_us": ..., "case": 1, "answer":
 * "refused", "rcpt_reply": ...}. What is read back is believed no more than what came through the
 * pipe (prober_event.h).
 */
#ifndef ANALYZER_PROBE_RECORD_H
#define ANALYZER_PROBE_RECORD_H

#include <orbl/err.h>

#include "prober.h"

/* NULL: out of memory. The caller frees it. */
char *probe_record_format(const struct prober_event *ev);
/* The id is not part of the record. ERR_SYNTAX: no record of ours. */
enum err
probe_record_parse(const char *record, uint64_t id, struct prober_event *out) ORBL_NODISCARD;

#endif
