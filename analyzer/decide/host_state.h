/* host_state.h - what a host has been through: a table of states and events, and no more.
 *
 *	seen       named by evidence; or nothing is known of it any more
 *	nominated  a probe of it is queued
 *	probing    a probe of it is under way
 *	listed     as an open relay, or by an operator
 *	expiring   the same, and the probe before the listing ends is queued or under way
 *	delisting  the same, and somebody has asked for a probe
 *	cleared    the last probe found it closed, or an operator took it off
 *	locked     by an operator: nothing but his unlocking changes it
 *
 * A listing as suspect, output, untestable or bouncer is none of a relay: the host is seen.
 * Numbers are stored.
 */
#ifndef ANALYZER_HOST_STATE_H
#define ANALYZER_HOST_STATE_H

enum host_state {
	HOST_SEEN,
	HOST_NOMINATED,
	HOST_PROBING,
	HOST_LISTED,
	HOST_EXPIRING,
	HOST_DELISTING,
	HOST_CLEARED,
	HOST_LOCKED,
	HOST_STATE_COUNT,
	HOST_REFUSED = HOST_STATE_COUNT /* no state: an event that is not to be */
};

enum host_event_kind {
	HOST_EVIDENCE, /* a log has named it */
	HOST_QUEUED,   /* a probe is queued: nominated by evidence, or a retry */
	HOST_PROBE_STARTED,
	HOST_FOUND_OPEN,      /* it is listed as relay or relay-input */
	HOST_FOUND_CLOSED,    /* all that rested on its tests ends */
	HOST_FOUND_BOUNCING,  /* a listing as relay ends, it is a bouncer */
	HOST_FOUND_OTHERWISE, /* no listing as relay is made, none ends */
	HOST_NOT_PROBED,      /* a probe that was queued is not made */
	HOST_RETEST_DUE,      /* a listing ends soon; or it was cleared a while ago */
	HOST_REQUEST,         /* to be delisted */
	HOST_EXPIRED,         /* its listing as relay has ended by itself */
	HOST_PURGED,          /* the same, for whose evidence or test it was */
	HOST_OPERATOR_LISTS,
	HOST_OPERATOR_DELISTS,
	HOST_LOCK,
	HOST_UNLOCK,        /* it is not listed as relay */
	HOST_UNLOCK_LISTED, /* it is */
	HOST_EVENT_COUNT
};

struct host_step {
	enum host_state next; /* HOST_REFUSED: nothing changes */
	const char *why;      /* REFUSED: a clause of which the host is the subject */
};

struct host_step host_state_step(enum host_state from, enum host_event_kind event);
const char *host_state_name(enum host_state s);      /* "listed" */
const char *host_event_name(enum host_event_kind k); /* "retest-due" */

#endif
