/* event_row.h - a row that the operator adds to the map of events.
 *
 *	SOURCE:ID:FIELD=PLACE,...[,kind=KIND][,has=TEXT]
 *
 * has comes last: its text goes to the end of the row and may hold commas.
 */
#ifndef ANALYZER_EVENT_ROW_H
#define ANALYZER_EVENT_ROW_H

#include <orbl/err.h>

#include "event_denial.h"

struct event_place {
	size_t index; /* 1-based; 0: by name */
	struct text name;
	bool is_set;
};

struct event_row { /* texts lend from what was parsed */
	struct text source, has;
	bool any_id, has_kind;
	uint32_t id;
	enum denial_kind kind;
	struct event_place places[EVENT_FIELD_COUNT];
};

enum err event_row_parse(struct text row, struct event_row *out, struct error *e) ORBL_NODISCARD;

/* PARSE_SKIP: the row says nothing of this event. */
enum parse_result event_row_judge(const struct event_row *row, const struct event_record *e,
	struct event_facts *facts, struct parse_state *state);

#endif
