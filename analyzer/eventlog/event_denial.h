/* event_denial.h - from what a row of the map knows of an event to a denial.
 *
 * The texts of a denial are copied to the scratch: an event record dies sooner than it.
 */
#ifndef ANALYZER_EVENT_DENIAL_H
#define ANALYZER_EVENT_DENIAL_H

#include "dialect.h"
#include "event_record.h"

enum event_field {
	EVENT_IP,
	EVENT_HOST,
	EVENT_ACCOUNT,
	EVENT_RECIPIENT,
	EVENT_SENDER,
	EVENT_HELO,
	EVENT_REPLY,
	EVENT_FIELD_COUNT
};

struct event_facts {
	struct text of[EVENT_FIELD_COUNT]; /* as the event has them; p NULL: not known */
	bool has_kind;
	enum denial_kind kind; /* else by account and reply */
};

/* A client's address as servers write it: "192.0.2.1", "[2001:db8::1]", perhaps with a port. */
bool event_address(struct text t, struct addr *out);

/* Without blanks, tabs and line ends at both ends: Exchange keeps the CR LF of a command. */
struct text event_trim(struct text t);

/* A path out of "<a@b>", "RCPT TO:<a@b> ..." or "a@b". */
struct text event_path(struct text t);

/* PARSE_DENIAL, or PARSE_BAD when there is no address. */
enum parse_result event_denial_fill(const struct event_record *e, const struct event_facts *facts,
	struct parse_state *state, struct denial *out);

#endif
