/* event_markup.h - where an event starts and ends in XML that may be damaged.
 *
 * Exports are `<Events>` with events in it, or events one after another without a root; either
 * may have declarations at the front or in between. So events are cut out first, and parsed one by
 * one: what is wrong with one is not the next one's. Comments, CDATA and quoted values are
 * passed over, so that nothing in them looks like an event.
 */
#ifndef ANALYZER_EVENT_MARKUP_H
#define ANALYZER_EVENT_MARKUP_H

#include <stdbool.h>
#include <stddef.h>

#include <orbl/text.h>

enum markup {
	MARKUP_MORE,        /* a tag whose end is not there yet */
	MARKUP_SECTION,     /* a comment or CDATA whose end is not there yet */
	MARKUP_TEXT,        /* no markup: up to the next "<" */
	MARKUP_EVENT_START, /* <Event ...> */
	MARKUP_EVENT_EMPTY, /* <Event .../> */
	MARKUP_EVENT_END,   /* </Event> */
	MARKUP_USER_START,  /* <UserData ...>: events may be inside */
	MARKUP_USER_END,
	MARKUP_DOCTYPE,
	MARKUP_OTHER /* another tag, a comment, CDATA, an instruction */
};

/* What t, not empty, starts with; *len: its bytes, when its end is there. */
enum markup event_markup_next(struct text t, size_t *len);
/* Is it a start tag of that name? A prefix does not count. */
bool event_markup_is(struct text tag, struct text name);

#endif
