/* event_map.h - which events are relay denials, and which of their strings is what.
 *
 * Rows are built in for what is documented (Exchange 2000 and 2003: MSExchangeTransport 7010;
 * Exchange 5.5: MSExchangeIMC, whose id no public text gives, so that any id with the four
 * strings of KB Q193922 is taken but for the known others). The operator adds rows:
 *
 *	SOURCE:ID:FIELD=PLACE,...[,kind=KIND][,has=TEXT]
 *
 *	MSExchangeIMC:2027:ip=1,host=2,account=3,recipient=4
 *
 * FIELD is ip, host, account, recipient, sender, helo or reply; PLACE a string's 1-based place
 * or its name; ID a number or * for any; has: this text must be in one of the strings or in
 * the message; it comes last and may hold commas. Rows of the operator come first.
 */
#ifndef ANALYZER_EVENT_MAP_H
#define ANALYZER_EVENT_MAP_H

#include <orbl/err.h>

#include "dialect.h"
#include "event_record.h"

struct event_map;

/* The built-in rows. NULL: out of memory. */
struct event_map *event_map_new(void);
void event_map_free(struct event_map *m); /* NULL ok */
/* A row of the operator's, in front of the built-in ones, in the order of the calls. */
enum err event_map_add(struct event_map *m, const char *row, struct error *e) ORBL_NODISCARD;

/* May some row say something of such an event? For readers that can pass over the rest cheaply. */
bool event_map_concerns(const struct event_map *m, struct text source, uint32_t id);
/* The same of a text in which such a source would be named as it is. */
bool event_map_may_concern(const struct event_map *m, struct text t);

/* Evidence of a doubtful record is relay-denied-probable at most, unless the account is known.
 * As a dialect does: PARSE_SKIP, PARSE_DENIAL, PARSE_REJECTION or PARSE_BAD. Fills all of out but
 * time and count; line, is_record, raw and identity included, and state->stamp with the event's.
 * Texts of out are in the scratch, which starts anew. Uses of state: reason, rejection, scratch,
 * stamp. */
enum parse_result event_map_judge(const struct event_map *m, const struct event_record *e,
	struct parse_state *state, struct denial *out);

#endif
