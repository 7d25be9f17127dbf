/* txt_lookup.h - TXT records from a resolver, without waiting for it.
 *
 * Each question has a socket, and with it a port, of its own and a random id; what does not answer
 * it is passed over. UDP, twice, then no more; TCP when the answer was cut. The number of questions
 * under way is bounded.
 */
#ifndef ANALYZER_TXT_LOOKUP_H
#define ANALYZER_TXT_LOOKUP_H

#include <stddef.h>

#include <orbl/addr.h>

#include "txt_answer.h"

struct event_base;

enum {
	TXT_LOOKUPS_MAX = 64,
	TXT_LOOKUP_TRIES = 2,
	TXT_LOOKUP_STRANGERS = 64, /* packets that are no answer: then it is given up */
};

struct txt_lookup_conf {
	struct endpoint resolver;
	unsigned timeout_ms; /* of a try, and of TCP as a whole; 0: 3 seconds */
};

struct txt_lookup;
enum err txt_lookup_new(struct event_base *base, const struct txt_lookup_conf *conf,
	struct txt_lookup **out, struct error *e) ORBL_NODISCARD;
/* NULL ok. Nobody who has asked is told any more. */
void txt_lookup_free(struct txt_lookup *l);

/* The answer is lent, and FOUND, NONE or FAILED. Not called before txt_lookup_ask has returned. */
typedef void txt_lookup_fn(const struct txt_answer *answer, void *context);
/* ERR_FULL: too many are under way. */
enum err txt_lookup_ask(struct txt_lookup *l, const char *name, txt_lookup_fn *fn, void *context,
	struct error *e) ORBL_NODISCARD;
size_t txt_lookup_count(const struct txt_lookup *l); /* under way */

#endif
