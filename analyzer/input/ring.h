/* ring.h - buffers that one thread fills and another empties, in turn. */
#ifndef ANALYZER_INPUT_RING_H
#define ANALYZER_INPUT_RING_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include <orbl/err.h>
#include <orbl/text.h>

enum { RING_SLOTS = 4, RING_SLOT_BYTES = 256 * 1024 };

struct ring {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned filled, taken; /* since the start; the slot is this modulo RING_SLOTS */
	bool ended;             /* by the filler: nothing more comes */
	bool stopped;           /* by the emptier: nothing more is wanted */
	bool lent;              /* slot taken is in the emptier's hands */
	size_t len[RING_SLOTS];
	char *bytes; /* of all slots */
};

enum err ring_init(struct ring *r) ORBL_NODISCARD; /* ERR_MEMORY */
void ring_destroy(struct ring *r);

/* The filler's: RING_SLOT_BYTES to fill, NULL when nothing is wanted any more; they are given to
 * the other side by ring_put. */
char *ring_space(struct ring *r);
void ring_put(struct ring *r, size_t len);
void ring_end(struct ring *r);

/* The emptier's: the next bytes, lent until the next call; empty at the end. */
struct text ring_take(struct ring *r);
void ring_stop(struct ring *r);

#endif
