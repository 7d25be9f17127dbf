/* list.h - the one way on the list and off it, whoever asks: a verdict, a score, an operator.
 *
 * list_make asks the guard (guard.h), gives outputs and bouncers their notice, lets the listing of
 * a host that relapsed last longer, writes down whose network it is (geo.h), and what was done and
 * why into the audit log. All of it is inside the caller's transaction.
 *
 * Audit records, by which what was removed can be removed again after a restore:
 *
 *	list    PREFIX  "relay, probe 12: REASON"
 *	ACTION  PREFIX  "relay: REASON"            (delist, expire, exempt, purge; one a category)
 */
#ifndef ANALYZER_LIST_H
#define ANALYZER_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/conf.h>
#include <orbl/listing.h>
#include <orbl/store.h>

#include "geo.h"
#include "guard.h"
#include "host_state.h"

struct list_rules {
	int64_t lifetime_s, max_lifetime_s, relapse_window_s;
	int64_t notice_output_s, notice_bouncer_s;
	int64_t confirm_after_s; /* delist.confirm_after */
	int64_t retest_s;        /* probe.retest_before, at most half the lifetime */
	uint8_t ipv6_prefix;
};
struct list_rules list_rules_of(const struct conf *c);

/* What is listed for a host: the address, or its IPv6 prefix. */
struct prefix list_prefix(const struct list_rules *rules, const struct addr *host);
struct prefix list_prefix_of(const struct conf *c, const struct addr *host);
/* Of a host that had so many relapses. */
int64_t list_lifetime(const struct list_rules *rules, enum category category, unsigned relapses);
/* Until it is published: from now, of a new listing. */
int64_t list_notice(const struct list_rules *rules, enum category category);

struct lister { /* who lists; one for a transaction is enough */
	struct store *store;
	const struct guard *guard; /* NULL: nothing is guarded */
	const struct geo *geo;     /* NULL: nothing is known */
	struct list_rules rules;
	int64_t now_s;
	bool changed; /* out: the list is another one now, publish it */
};

struct list_request { /* borrows */
	struct prefix prefix;
	enum category category;
	struct addr tested;  /* for whom it is listed, who gets it off by being found closed; family
	                      * 0: the address of a prefix of one host, else nobody */
	uint64_t probe;      /* it rests on; 0: none */
	int64_t expires_s;   /* 0: by the rules */
	int64_t not_after_s; /* by the rules, but not longer than this; 0: by the rules */
	const char *reason;
	const char *author; /* an operator; NULL: none */
};

struct list_made {
	bool listed;  /* false: it is not to be, see why */
	bool renewed; /* it was listed already */
	enum guard_answer guard;
	char why[GUARD_WHY]; /* "" when it is listed */
	int64_t since_s, effective_s, expires_s;
};

/* List or renew; out may be NULL. A prefix that is guarded, or a host that is locked, is not
 * listed, which is no error; one on a safe list raises an alarm (table alarm). The state of the
 * host is not changed here: host_event goes first. */
enum err list_make(struct lister *l, const struct list_request *r, struct list_made *out,
	struct error *e) ORBL_NODISCARD;

struct list_ending {         /* borrows */
	uint32_t categories; /* mask of 1 << category */
	const char *action;  /* of the audit record: "delist" */
	const char *reason;
	const char *author;         /* NULL: none */
	enum host_event_kind event; /* given to the hosts that are listed no more as a relay by it;
	                             * HOST_EVENT_COUNT: none */
};

/* End what rests on this host alone: its own listings, and those of its outputs. *ended (NULL ok)
 * counts them. */
enum err list_end_of_host(struct lister *l, const struct addr *tested,
	const struct list_ending *ending, size_t *ended, struct error *e) ORBL_NODISCARD;
/* End the listings of the prefix and of those within it. */
enum err list_end_within(struct lister *l, const struct prefix *prefix,
	const struct list_ending *ending, size_t *ended, struct error *e) ORBL_NODISCARD;
/* End those of this very prefix. */
enum err list_end_prefix(struct lister *l, const struct prefix *prefix,
	const struct list_ending *ending, size_t *ended, struct error *e) ORBL_NODISCARD;

#endif
