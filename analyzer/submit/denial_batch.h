/* denial_batch.h - denials that wait to be written into the store together.
 *
 * The store works best on some thousands at once. Copies all it is given; bounded.
 */
#ifndef ANALYZER_DENIAL_BATCH_H
#define ANALYZER_DENIAL_BATCH_H

#include <orbl/store_evidence.h>

enum {
	DENIAL_BATCH_MAX = 8192,
	DENIAL_BATCH_BYTES = 2 << 20,
	DENIAL_BATCH_TEXT = 256 << 10 /* of each text; no line is longer */
};

struct denial_batch { /* zero: empty */
	size_t count, room, used;
	struct store_denial *denials;
	char *texts;
};

void denial_batch_free(struct denial_batch *b);
/* ERR_FULL: write and clear it first. The rule is kept, not copied. */
enum err denial_batch_add(struct denial_batch *b, const struct store_denial *d) ORBL_NODISCARD;
void denial_batch_clear(struct denial_batch *b);

#endif
