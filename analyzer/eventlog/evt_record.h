/* evt_record.h - one record of an old Windows Event Log ([MS-EVEN] 2.2.3 EVENTLOGRECORD). */
#ifndef ANALYZER_EVT_RECORD_H
#define ANALYZER_EVT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event_record.h"

enum {
	EVT_RECORD_HEAD = 56,
	EVT_RECORD_MIN = EVT_RECORD_HEAD + 4, /* and the length again */
	EVT_RECORD_MAX = 128 * 1024           /* the service writes 64 KiB at most */
};

/* record: from its length to its length's copy. out's texts lend from text, 3 * EVT_RECORD_MAX
 * bytes. NULL, or what is wrong, a literal. */
const char *
evt_record_read(const uint8_t *record, size_t len, char *text, struct event_record *out);

#endif
