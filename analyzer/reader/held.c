#include "held.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "denial_copy.h"

enum { BUCKETS = 4096 };

struct entry {
	struct entry *older, *newer; /* of all */
	struct entry *next;          /* newer one of the same bucket */
	struct denial_copy copy;
	size_t bucket, key_len;
	char key[HELD_KEY_MAX];
};

struct bucket {
	struct entry *first, *last;
};

struct held {
	held_fn *fn;
	void *context;
	size_t count, bytes;
	struct entry *oldest, *newest;
	struct bucket *buckets;                            /* NULL until something is held */
	unsigned char hash_key[crypto_shorthash_KEYBYTES]; /* a log may be written by an enemy */
};

struct held *
held_new(held_fn *fn, void *context)
{
	struct held *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->fn = fn;
	h->context = context;
	crypto_shorthash_keygen(h->hash_key);
	return h;
}

static void
free_entry(struct entry *e)
{
	denial_copy_free(&e->copy);
	free(e);
}

void
held_free(struct held *h)
{
	if (h == NULL)
		return;
	while (h->oldest != NULL) {
		struct entry *e = h->oldest;

		h->oldest = e->newer;
		free_entry(e);
	}
	free(h->buckets);
	free(h);
}

size_t
held_count(const struct held *h)
{
	return h->count;
}

static size_t
bucket_of(const struct held *h, struct text key)
{
	unsigned char hash[crypto_shorthash_BYTES];

	(void)crypto_shorthash(hash, (const unsigned char *)key.p, key.len, h->hash_key);
	return ((size_t)hash[0] << 8 | hash[1]) % BUCKETS;
}

static size_t
weight_of(const struct entry *e)
{
	return sizeof(*e) + e->copy.room;
}

static void
take_out(struct held *h, struct entry *e)
{
	struct bucket *b = &h->buckets[e->bucket];
	struct entry *before = NULL;

	for (struct entry *at = b->first; at != e; at = at->next)
		before = at;
	*(before != NULL ? &before->next : &b->first) = e->next;
	if (b->last == e)
		b->last = before;
	*(e->older != NULL ? &e->older->newer : &h->oldest) = e->newer;
	*(e->newer != NULL ? &e->newer->older : &h->newest) = e->older;
	h->count--;
	h->bytes -= weight_of(e);
}

static enum err
give(struct held *h, struct entry *e)
{
	enum err err;

	take_out(h, e);
	err = h->fn(&e->copy.denial, h->context);
	free_entry(e);
	return err;
}

static void
put_in(struct held *h, struct entry *e)
{
	struct bucket *b = &h->buckets[e->bucket];

	*(b->last != NULL ? &b->last->next : &b->first) = e;
	b->last = e;
	e->older = h->newest;
	*(h->newest != NULL ? &h->newest->newer : &h->oldest) = e;
	h->newest = e;
	h->count++;
	h->bytes += weight_of(e);
}

static bool
is_key(struct text key)
{
	return key.len != 0 && key.len <= HELD_KEY_MAX && text_find_byte(key, '\0') == SIZE_MAX;
}

static struct entry *
new_entry(const struct held *h, struct text key, const struct denial *d)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (e == NULL || denial_copy_set(&e->copy, d) != OK) {
		free(e);
		return NULL;
	}
	memcpy(e->key, key.p, key.len);
	e->key_len = key.len;
	e->bucket = bucket_of(h, key);
	return e;
}

enum err
held_add(struct held *h, struct text key, const struct denial *d)
{
	struct entry *e;

	if (!is_key(key))
		return h->fn(d, h->context);
	if (h->buckets == NULL)
		h->buckets = calloc(BUCKETS, sizeof(*h->buckets));
	e = h->buckets != NULL ? new_entry(h, key, d) : NULL;
	if (e == NULL)
		return ERR_MEMORY;
	put_in(h, e);
	while (h->count > HELD_MAX || h->bytes > HELD_BYTES_MAX) {
		enum err err = give(h, h->oldest);

		if (err != OK)
			return err;
	}
	return OK;
}

static struct entry *
next_of_key(struct entry *e, struct text key)
{
	while (e != NULL && !text_equal((struct text){e->key, e->key_len}, key))
		e = e->next;
	return e;
}

enum err
held_release(struct held *h, struct text key, const struct denial *more)
{
	struct entry *e, *next;
	enum err err = OK;

	if (h->count == 0 || !is_key(key))
		return OK;
	e = next_of_key(h->buckets[bucket_of(h, key)].first, key);
	for (; e != NULL && err == OK; e = next) {
		next = next_of_key(e->next, key);
		denial_copy_complete(&e->copy.denial, more);
		err = give(h, e);
	}
	return err;
}

enum err
held_flush(struct held *h)
{
	enum err err = OK;

	while (h->oldest != NULL && err == OK)
		err = give(h, h->oldest);
	return err;
}
