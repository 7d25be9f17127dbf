/* delist.h - may a delisting be asked for now? Pure rules, as docs/listing-policy.md tells them.
 *
 * Anyone may ask. What keeps a request away is never who asks, but what the host has done: one that
 * was let off and was found open again must wait, each time twice as long. Whoever proves that the
 * host is his (control.h) need not wait. So many requests a day are taken for one host, as each
 * causes a test.
 */
#ifndef ANALYZER_DELIST_H
#define ANALYZER_DELIST_H

#include <stdbool.h>
#include <stdint.h>

enum { DELIST_WHY = 384, DELIST_PROVED_S = 7 * 86400 /* a proof of control lasts */ };

struct delist_rules {
	int64_t requests_per_day;
	int64_t lockout_s, max_lockout_s; /* 0: nobody has to wait */
};

struct delist_host { /* what is known of it; times are 0 when it never was */
	bool listed, locked;
	unsigned relapses;         /* times that it was let off and listed again */
	int64_t listed_s;          /* the last time that it was listed anew */
	int64_t removed_s;         /* the last time that it was let off */
	int64_t proved_s;          /* somebody proved that it is his */
	int64_t counted_request_s; /* the newest request but requests_per_day - 1 */
};

enum delist_answer {
	DELIST_TAKE,
	DELIST_NOT_LISTED,
	DELIST_LOCKED,     /* by an operator */
	DELIST_LOCKED_OUT, /* a relapse: not yet */
	DELIST_TOO_MANY,   /* requests: not today */
};

/* From when on a request is taken, as it looks now; it may be past. Says nothing of locked ones. */
int64_t
delist_next_s(const struct delist_rules *rules, const struct delist_host *host, int64_t now_s);
/* Must it wait for what it has done, which a proof of control would end? */
bool delist_is_locked_out(const struct delist_rules *rules, const struct delist_host *host,
	int64_t now_s);
/* Did somebody prove, for the listing as it is, that the host is his? */
bool delist_is_proved(const struct delist_host *host, int64_t now_s);
/* How long a host must wait after its relapse number r. */
int64_t delist_lockout_s(const struct delist_rules *rules, unsigned relapses);
/* why: one sentence, "" for DELIST_TAKE. */
enum delist_answer delist_ask(const struct delist_rules *rules, const struct delist_host *host,
	int64_t now_s, char why[DELIST_WHY]);

#endif
