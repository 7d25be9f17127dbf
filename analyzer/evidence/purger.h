/* purger.h - runs a purge in the analyzer's event loop, slice by slice; one at a time.
 *
 * What is over with its first slice is answered at once. Who waits for a longer one has its number,
 * PURGER_NUMBER, as he has that of a probe: tell() is called after each slice, and at the end with
 * done. When he goes away, the purge is broken off.
 */
#ifndef ANALYZER_PURGER_H
#define ANALYZER_PURGER_H

#include <jansson.h>

#include "purge.h"

struct event_base;

#define PURGER_NUMBER UINT64_MAX

enum { PURGER_TEXT = 320 };

struct purger_order {                              /* copied */
	char reporter[CONF_REPORTER_NAME_MAX + 1]; /* whose evidence; "": listings of a cause */
	int64_t since_s, until_s;                  /* of that */
	bool with_proved;
	struct purge_cause cause;
	bool is_dry, force;
	char reason[PURGER_TEXT], author[PURGER_TEXT];
};

struct purger_parts { /* kept */
	const struct conf *conf;
	struct event_base *base;
	/* Who ends listings, now; is it such as may be permitted (purge.h)? */
	struct lister (*lister)(void *context, int64_t now_s, bool *permits);
	/* A slice has been committed. */
	void (*sliced)(void *context, int64_t now_s);
	/* It is over: it ended listings (changed), or at least looked at hosts. */
	void (*over)(void *context, bool changed);
	void (*tell)(uint64_t number, const char *text, bool done, void *context);
	void *context;
};

struct purger;
/* NULL: out of memory. */
struct purger *purger_new(const struct purger_parts *parts);
void purger_free(struct purger *p); /* NULL ok; what runs is left as if the analyzer had died */
/* Is one under way? Then nobody is to be listed by evidence. */
bool purger_is_busy(const struct purger *p);

/* ERR_REFUSED also when one is under way. *waits: the end is not there yet, it will be told; else
 * purger_result has it. */
enum err purger_start(struct purger *p, const struct purger_order *o, int64_t now_s, bool *waits,
	struct error *e) ORBL_NODISCARD;
/* Nobody waits for it any more. */
void purger_break_off(struct purger *p, int64_t now_s);

struct purger_result { /* lent, until the next one is started */
	const struct purger_order *order;
	const struct purge *purge; /* its counts */
	json_t *items;             /* what goes: "what", "subject", "category" */
	uint64_t items_more;       /* that are not in it */
	int64_t begun_s;
	struct error error; /* code OK: it was done */
};
void purger_result(const struct purger *p, struct purger_result *out);

#endif
