/* event_record.h - one event of a Windows Event Log, whatever container it came in.
 *
 * Binary logs hold no text, only source, id and insertion strings; the message is made of them
 * by a library of the machine that wrote the event. Exports may hold the message alone.
 */
#ifndef ANALYZER_EVENT_RECORD_H
#define ANALYZER_EVENT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/text.h>

#include "stamp.h"

enum { EVENT_STRINGS_MAX = 128 };

struct event_string {
	struct text name; /* of <Data Name="...">; p NULL: it has its place only */
	struct text value;
};

struct event_record {    /* texts lend, in UTF-8, and may hold anything but NUL */
	uint64_t number; /* EventRecordID, or line when is_line */
	bool is_line;
	bool doubtful;                 /* from a damaged part of the log: its texts may be wrong */
	struct stamp stamp;            /* month 0: not known */
	struct text source;            /* provider or source name */
	uint32_t id;                   /* without severity and facility: its lower 16 bits */
	struct text computer, message; /* p NULL: not known */
	size_t string_count;
	struct event_string strings[EVENT_STRINGS_MAX];
};

#endif
