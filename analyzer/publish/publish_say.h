/* publish_say.h - what is held, or kept off the list, is said in the log and kept as an alarm. */
#ifndef ANALYZER_PUBLISH_SAY_H
#define ANALYZER_PUBLISH_SAY_H

#include <orbl/store.h>

#include "publication.h"
#include "publish.h"

struct publish_said { /* zeros at first */
	enum blast blast;
	int64_t held_s;
	size_t guarded_count;
};

/* A hold that is new, or another one, is logged; one that goes on once an hour. */
void publish_say_hold(struct publish_said *said, struct store *store,
	const struct publish_hold *hold, int64_t now_s);
void
publish_say_guarded(struct publish_said *said, struct store *store, const struct publication *p);

#endif
