/* guard.h - what is never listed, whoever asks: reserved networks, our own, exempt and safe ones.
 *
 * Asked where a listing is made, and again for all of them where the list is published.
 */
#ifndef ANALYZER_GUARD_H
#define ANALYZER_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/conf.h>
#include <orbl/err.h>
#include <orbl/store.h>

struct guard;

enum guard_answer {
	GUARD_MAY_LIST,
	GUARD_RESERVED,
	GUARD_OWN,    /* an address that we listen on, probe from or serve from */
	GUARD_EXEMPT, /* listing.exempt, or an operator's order */
	GUARD_SAFE,   /* on a safe list: an alarm is due */
};
enum { GUARD_WHY = 256 };

/* Reads the safe lists; keeps conf and store. */
enum err guard_new(const struct conf *conf, struct store *store, int64_t now_s, struct guard **out,
	struct error *e) ORBL_NODISCARD;
void guard_free(struct guard *g); /* NULL ok */
/* Read again what has changed: files, and orders in the store. */
void guard_refresh(struct guard *g, int64_t now_s);
/* Does the prefix hold any of them, or lie in one? why gets one sentence, "" for MAY_LIST. */
enum guard_answer guard_check(const struct guard *g, const struct prefix *p, char why[GUARD_WHY]);
/* Grows when a refresh changes what is guarded: then the whole list is to be asked of anew. */
uint64_t guard_generation(const struct guard *g);

#endif
