#include "host_state.h"

#include <stddef.h>

#include <orbl/compiler.h>

static const char locked[] = "is locked by an operator", not_locked[] = "is not locked",
		  is_off[] = "is off the list, a test found it closed or an operator took it off";

/* One row an event, in each a cell for what it does in a state, in the order of enum host_state.
 * The cells are written as the letter of the next state, or the reason of a refusal. */
/* clang-format off */
#define S       {HOST_SEEN, NULL}
#define N       {HOST_NOMINATED, NULL}
#define P       {HOST_PROBING, NULL}
#define L       {HOST_LISTED, NULL}
#define E       {HOST_EXPIRING, NULL}
#define D       {HOST_DELISTING, NULL}
#define C       {HOST_CLEARED, NULL}
#define K       {HOST_LOCKED, NULL}
#define NO(why) {HOST_REFUSED, why}

static const struct host_step table[HOST_EVENT_COUNT][HOST_STATE_COUNT] = {
	/*                         seen nom. prob. list. exp. del. cleared locked */
	[HOST_EVIDENCE] =         {S,   N,   P,    L,    E,   D,   S,      K},
	[HOST_QUEUED] =           {N,   N,   P,    L,    E,   D,   N,      NO(locked)},
	[HOST_PROBE_STARTED] =    {P,   P,   P,    L,    E,   D,   C,      NO(locked)},
	[HOST_FOUND_OPEN] =       {L,   L,   L,    L,    L,   L,   L,      NO(locked)},
	[HOST_FOUND_CLOSED] =     {C,   C,   C,    C,    C,   C,   C,      NO(locked)},
	[HOST_FOUND_BOUNCING] =   {S,   S,   S,    S,    S,   S,   S,      NO(locked)},
	[HOST_FOUND_OTHERWISE] =  {S,   S,   S,    L,    E,   L,   S,      NO(locked)},
	[HOST_NOT_PROBED] =       {S,   S,   S,    L,    E,   L,   C,      K},
	[HOST_RETEST_DUE] =       {N,   N,   P,    E,    E,   D,   C,      NO(locked)},
	[HOST_REQUEST] =          {N,   N,   P,    D,    D,   D,   NO(is_off), NO(locked)},
	[HOST_EXPIRED] =          {S,   N,   P,    S,    S,   S,   C,      K},
	[HOST_PURGED] =           {S,   N,   P,    S,    S,   S,   C,      K},
	[HOST_OPERATOR_LISTS] =   {L,   L,   L,    L,    L,   L,   L,      NO(locked)},
	[HOST_OPERATOR_DELISTS] = {C,   N,   P,    C,    C,   C,   C,      NO(locked)},
	[HOST_LOCK] =             {K,   K,   K,    K,    K,   K,   K,      K},
	[HOST_UNLOCK] =           {NO(not_locked), NO(not_locked), NO(not_locked), NO(not_locked),
		NO(not_locked), NO(not_locked), NO(not_locked), S},
	[HOST_UNLOCK_LISTED] =    {NO(not_locked), NO(not_locked), NO(not_locked), NO(not_locked),
		NO(not_locked), NO(not_locked), NO(not_locked), L},
};
/* clang-format on */

struct host_step
host_state_step(enum host_state from, enum host_event_kind event)
{
	if ((unsigned)from >= HOST_STATE_COUNT || (unsigned)event >= HOST_EVENT_COUNT)
		return (struct host_step)NO("is in a state that is not known");
	return table[event][from];
}

const char *
host_state_name(enum host_state s)
{
	static const char *const names[HOST_STATE_COUNT] = {"seen", "nominated", "probing",
		"listed", "expiring", "delisting", "cleared", "locked"};

	return (size_t)s < ORBL_COUNT(names) ? names[s] : "unknown";
}

const char *
host_event_name(enum host_event_kind k)
{
	static const char *const names[HOST_EVENT_COUNT] = {
		[HOST_EVIDENCE] = "evidence",
		[HOST_QUEUED] = "queued",
		[HOST_PROBE_STARTED] = "probe-started",
		[HOST_FOUND_OPEN] = "found-open",
		[HOST_FOUND_CLOSED] = "found-closed",
		[HOST_FOUND_BOUNCING] = "found-bouncing",
		[HOST_FOUND_OTHERWISE] = "found-otherwise",
		[HOST_NOT_PROBED] = "not-probed",
		[HOST_RETEST_DUE] = "retest-due",
		[HOST_REQUEST] = "request",
		[HOST_EXPIRED] = "expired",
		[HOST_PURGED] = "purged",
		[HOST_OPERATOR_LISTS] = "operator-lists",
		[HOST_OPERATOR_DELISTS] = "operator-delists",
		[HOST_LOCK] = "lock",
		[HOST_UNLOCK] = "unlock",
		[HOST_UNLOCK_LISTED] = "unlock-listed",
	};

	return (size_t)k < ORBL_COUNT(names) ? names[k] : "unknown";
}
