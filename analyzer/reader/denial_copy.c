#include "denial_copy.h"

#include <stdlib.h>
#include <string.h>

/* All texts but raw. */
static const size_t places[] = {
	offsetof(struct denial, client_name),
	offsetof(struct denial, helo),
	offsetof(struct denial, sender),
	offsetof(struct denial, recipient),
	offsetof(struct denial, account),
	offsetof(struct denial, reply),
	offsetof(struct denial, server),
	offsetof(struct denial, identity),
};

static struct text *
text_at(struct denial *d, size_t place)
{
	return (struct text *)(void *)((char *)d + place);
}

static struct text
get_text(const struct denial *d, size_t place)
{
	return *(const struct text *)(const void *)((const char *)d + place);
}

static bool
is_inside(struct text t, struct text whole)
{
	uintptr_t at = (uintptr_t)t.p, start = (uintptr_t)whole.p;

	return whole.p != NULL && at >= start && at - start <= whole.len &&
		t.len <= whole.len - (at - start);
}

/* How much of the texts lies outside of raw. */
static size_t
size_outside(const struct denial *d)
{
	size_t size = 0;

	for (size_t i = 0; i < ORBL_COUNT(places); i++) {
		struct text t = get_text(d, places[i]);

		if (t.p != NULL && !is_inside(t, d->raw))
			size += t.len;
	}
	return size;
}

static enum err
make_room(struct denial_copy *c, size_t size)
{
	char *bytes;

	if (size <= c->room)
		return OK;
	bytes = realloc(c->bytes, size);
	if (bytes == NULL)
		return ERR_MEMORY;
	c->bytes = bytes;
	c->room = size;
	return OK;
}

/* A text at *at, which goes on. */
static void
move_text(struct text *t, char **at)
{
	if (t->len != 0)
		memcpy(*at, t->p, t->len);
	t->p = *at;
	*at += t->len;
}

enum err
denial_copy_set(struct denial_copy *c, const struct denial *d)
{
	char *at;

	/* One more: an empty text has a place, too. */
	if (make_room(c, d->raw.len + size_outside(d) + 1) != OK)
		return ERR_MEMORY;
	c->denial = *d;
	at = c->bytes;
	if (d->raw.p != NULL)
		move_text(&c->denial.raw, &at);
	for (size_t i = 0; i < ORBL_COUNT(places); i++) {
		struct text *to = text_at(&c->denial, places[i]);

		if (to->p != NULL && is_inside(*to, d->raw))
			to->p = c->bytes + (to->p - d->raw.p);
		else if (to->p != NULL)
			move_text(to, &at);
	}
	return OK;
}

void
denial_copy_free(struct denial_copy *c)
{
	free(c->bytes);
	*c = (struct denial_copy){0};
}

void
denial_copy_complete(struct denial *d, const struct denial *more)
{
	for (size_t i = 0; i < ORBL_COUNT(places); i++) {
		struct text *t = text_at(d, places[i]);

		if (t->p == NULL)
			*t = get_text(more, places[i]);
	}
	if (d->client.family == 0)
		d->client = more->client;
}
