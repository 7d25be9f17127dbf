#include "ring.h"

#include <stdlib.h>

enum err
ring_init(struct ring *r)
{
	*r = (struct ring){.bytes = malloc((size_t)RING_SLOTS * RING_SLOT_BYTES)};
	if (r->bytes == NULL)
		return ERR_MEMORY;
	(void)pthread_mutex_init(&r->mutex, NULL); /* cannot fail here */
	(void)pthread_cond_init(&r->changed, NULL);
	return OK;
}

void
ring_destroy(struct ring *r)
{
	if (r->bytes == NULL)
		return;
	(void)pthread_cond_destroy(&r->changed);
	(void)pthread_mutex_destroy(&r->mutex);
	free(r->bytes);
	r->bytes = NULL;
}

static char *
slot(const struct ring *r, unsigned number)
{
	return r->bytes + (size_t)(number % RING_SLOTS) * RING_SLOT_BYTES;
}

char *
ring_space(struct ring *r)
{
	bool stopped;

	(void)pthread_mutex_lock(&r->mutex);
	while (r->filled - r->taken == RING_SLOTS && !r->stopped)
		(void)pthread_cond_wait(&r->changed, &r->mutex);
	stopped = r->stopped;
	(void)pthread_mutex_unlock(&r->mutex);
	return stopped ? NULL : slot(r, r->filled);
}

void
ring_put(struct ring *r, size_t len)
{
	(void)pthread_mutex_lock(&r->mutex);
	r->len[r->filled % RING_SLOTS] = len;
	r->filled++;
	(void)pthread_cond_signal(&r->changed);
	(void)pthread_mutex_unlock(&r->mutex);
}

void
ring_end(struct ring *r)
{
	(void)pthread_mutex_lock(&r->mutex);
	r->ended = true;
	(void)pthread_cond_signal(&r->changed);
	(void)pthread_mutex_unlock(&r->mutex);
}

struct text
ring_take(struct ring *r)
{
	struct text out = TEXT_NONE;

	(void)pthread_mutex_lock(&r->mutex);
	if (r->lent) {
		r->lent = false;
		r->taken++;
		(void)pthread_cond_signal(&r->changed);
	}
	while (r->filled == r->taken && !r->ended)
		(void)pthread_cond_wait(&r->changed, &r->mutex);
	if (r->filled != r->taken) {
		r->lent = true;
		out = (struct text){slot(r, r->taken), r->len[r->taken % RING_SLOTS]};
	}
	(void)pthread_mutex_unlock(&r->mutex);
	return out;
}

void
ring_stop(struct ring *r)
{
	(void)pthread_mutex_lock(&r->mutex);
	r->stopped = true;
	(void)pthread_cond_signal(&r->changed);
	(void)pthread_mutex_unlock(&r->mutex);
}
