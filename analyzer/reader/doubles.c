#include "doubles.h"

#include <sodium.h>

_Static_assert((int)DOUBLES_KEY == (int)crypto_shorthash_KEYBYTES, "size of the hash's key");

void
doubles_init(struct doubles *d)
{
	*d = (struct doubles){0};
	crypto_shorthash_keygen(d->key);
}

static uint64_t
add_text(const struct doubles *d, uint64_t sum, struct text t)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint64_t value = 0;

	(void)crypto_shorthash(hash, (const unsigned char *)(t.p != NULL ? t.p : ""), t.len,
		d->key);
	for (size_t i = 0; i < sizeof(hash); i++)
		value = value << 8 | hash[i];
	return (sum << 21 | sum >> 43) ^ value;
}

static uint64_t
hash_of(const struct doubles *d, const struct log_line *s)
{
	uint64_t sum = add_text(d, add_text(d, add_text(d, 0, s->host), s->pid), s->message);

	return sum != 0 ? sum : 1;
}

/* Copies come in pairs, so that an even number of them, one open before or not, leaves open
 * what was open. */
uint32_t
doubles_count(struct doubles *d, const struct log_line *s)
{
	uint64_t hash = hash_of(d, s);

	for (size_t i = 0; i < DOUBLES_MAX; i++) {
		if (d->open[i] != hash)
			continue;
		if (s->count % 2 != 0)
			d->open[i] = 0;
		return s->count / 2;
	}
	if (s->count % 2 != 0) {
		d->open[d->next] = hash;
		d->next = (d->next + 1) % DOUBLES_MAX;
	}
	return s->count / 2 + s->count % 2;
}
