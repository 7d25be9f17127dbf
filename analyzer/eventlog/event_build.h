/* event_build.h - an event record out of the elements of its XML, whether text or binary.
 *
 *	Event / System / Provider@EventSourceName, else @Name, EventID, EventRecordID,
 *	                 TimeCreated@SystemTime, Computer
 *	      / EventData / Data[@Name]...            strings, in their order
 *	      / UserData / any element without elements   a string each, by its name
 *	      / RenderingInfo / Message
 *
 * Called as a reader goes through the elements; keeps the texts it wants and nothing else.
 * Depth and size are bounded, and the first thing that is wrong is kept: nothing counts then.
 */
#ifndef ANALYZER_EVENT_BUILD_H
#define ANALYZER_EVENT_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/text.h>

#include "event_record.h"

enum { EVENT_BUILD_DEPTH = 64, EVENT_BUILD_TEXT = 256 * 1024 };

struct event_build {
	struct event_record record;
	const char *problem; /* NULL: none yet; a literal */
	unsigned depth;      /* elements that are open */
	unsigned leaf;       /* depth of the open element that has no element in it; 0: none */
	uint8_t section, element, attribute;
	bool in_tag;   /* attributes may come */
	bool wants;    /* text that comes now is kept */
	bool is_event; /* the root element was an Event */
	bool has_id;   /* and had an EventID */
	size_t item;   /* in text: where what belongs to the open leaf starts */
	size_t value;  /* and its value */
	size_t used;
	struct text name; /* of the open leaf */
	char text[EVENT_BUILD_TEXT];
};

/* What the container knows; the record's own number and time take their place. */
void
event_build_begin(struct event_build *b, uint64_t number, bool is_line, const struct stamp *stamp);

void event_build_start(struct event_build *b, struct text name);
/* Text that follows is the attribute's. */
void event_build_attribute(struct event_build *b, struct text name);
/* No more attributes: text that follows is the element's. */
void event_build_content(struct event_build *b);
void event_build_end(struct event_build *b);
/* The element again, as it is repeated for each item of an array. */
void event_build_again(struct event_build *b);
/* It does not occur at all: its value is optional and there is none. */
void event_build_omit(struct event_build *b);

void event_build_text(struct event_build *b, struct text t);
/* The same without a copy: len bytes to be filled, or NULL when text is not wanted or does not
 * fit; event_build_filled says how many of them were. */
char *event_build_room(struct event_build *b, size_t len);
void event_build_filled(struct event_build *b, size_t len);

/* NULL: b->record is the event, its texts lent from b. Else what is wrong with it. */
const char *event_build_finish(struct event_build *b);

#endif
