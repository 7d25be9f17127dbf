/* facts.h - the facts about a host as they are scored, in memory. */
#ifndef ANALYZER_FACTS_H
#define ANALYZER_FACTS_H

#include <stddef.h>

#include <orbl/err.h>

#include "score.h"

struct facts {
	size_t count;
	struct score_fact *items; /* they lend from it */

	size_t room, text_count, text_room;
	char **texts;
};

void facts_init(struct facts *f);
void facts_reset(struct facts *f);
/* Copies the fact with its texts. */
enum err facts_add(struct facts *f, const struct score_fact *fact, struct error *e) ORBL_NODISCARD;

#endif
