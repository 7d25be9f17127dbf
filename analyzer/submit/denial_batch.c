#include "denial_batch.h"

#include <stdlib.h>
#include <string.h>

void
denial_batch_free(struct denial_batch *b)
{
	free(b->denials);
	free(b->texts);
	*b = (struct denial_batch){0};
}

void
denial_batch_clear(struct denial_batch *b)
{
	b->count = 0;
	b->used = 0;
}

static bool
make_room(struct denial_batch *b)
{
	size_t room = b->room == 0 ? 64 : b->room * 2;
	struct store_denial *bigger;

	if (b->texts == NULL)
		b->texts = malloc(DENIAL_BATCH_BYTES);
	if (b->texts == NULL || b->count < b->room)
		return b->texts != NULL;
	bigger = realloc(b->denials, room * sizeof(*bigger));
	if (bigger == NULL)
		return false;
	b->denials = bigger;
	b->room = room;
	return true;
}

static void
copy(struct denial_batch *b, struct text *t)
{
	if (t->p == NULL)
		return;
	memcpy(b->texts + b->used, t->p, t->len);
	t->p = b->texts + b->used;
	b->used += t->len;
}

enum err
denial_batch_add(struct denial_batch *b, const struct store_denial *d)
{
	struct store_denial kept = *d;

	kept.raw = text_upto(d->raw, DENIAL_BATCH_TEXT);
	kept.identity = text_upto(d->identity, DENIAL_BATCH_TEXT);
	kept.recipient = text_upto(d->recipient, DENIAL_BATCH_TEXT);
	if (b->count == DENIAL_BATCH_MAX ||
		kept.raw.len + kept.identity.len + kept.recipient.len >
			DENIAL_BATCH_BYTES - b->used)
		return ERR_FULL;
	if (!make_room(b))
		return ERR_MEMORY;
	copy(b, &kept.raw);
	copy(b, &kept.identity);
	copy(b, &kept.recipient);
	b->denials[b->count++] = kept;
	return OK;
}
