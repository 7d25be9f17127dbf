/* weights.h - what each reporter's word weighs, and with whom it is one: trust.h and distinct.h,
 * remembered for a while, as every fact asks.
 */
#ifndef ANALYZER_WEIGHTS_H
#define ANALYZER_WEIGHTS_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/conf.h>
#include <orbl/store.h>

#include "geo.h"
#include "score.h"

enum { WEIGHTS_KEPT_S = 60 };

struct weights;

struct weight {
	char reporter[SCORE_NAME];
	char key[SCORE_KEY]; /* distinct_key */
	int64_t trust;       /* percent */
	bool is_revoked;
	int64_t looked_s;
};

/* Keeps store, conf and geo, which may be NULL. NULL: out of memory. */
struct weights *weights_new(struct store *s, const struct conf *conf, const struct geo *geo);
void weights_free(struct weights *w); /* NULL ok */
/* A revocation counts at once, what probes found of its nominations within WEIGHTS_KEPT_S. *out
 * is lent until the next call. */
enum err weights_of(struct weights *w, const char *reporter, int64_t now_s,
	const struct weight **out, struct error *e) ORBL_NODISCARD;

#endif
