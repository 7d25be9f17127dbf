/* denial_digest.h - what a reader gave out, in one number, to compare two runs. */
#ifndef TESTS_FUZZ_DENIAL_DIGEST_H
#define TESTS_FUZZ_DENIAL_DIGEST_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "denial.h"

struct denial_digest {
	uint64_t hash, denials;
};

static inline void
denial_digest_bytes(struct denial_digest *g, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len; i++)
		g->hash = (g->hash ^ b[i]) * UINT64_C(1099511628211);
}

static inline void
denial_digest_text(struct denial_digest *g, struct text t)
{
	uint64_t len = t.p != NULL ? t.len : UINT64_MAX;

	assert(t.p != NULL || t.len == 0);
	denial_digest_bytes(g, &len, sizeof(len));
	denial_digest_bytes(g, t.p, t.len);
}

/* What holds for every denial, and all of it into the digest. */
static inline void
denial_digest_add(struct denial_digest *g, const struct denial *d)
{
	const struct text texts[] = {d->client_name, d->helo, d->sender, d->recipient, d->account,
		d->reply, d->server, d->raw, d->identity};

	assert(d->client.family == 4 || d->client.family == 6);
	assert(d->kind < DENIAL_KIND_COUNT && d->count != 0);
	assert(d->time_us >= 0 && d->time_us < 1000000);
	assert(d->raw.p != NULL);
	g->denials += d->count;
	denial_digest_bytes(g, &d->line, sizeof(d->line));
	denial_digest_bytes(g, &d->time_s, sizeof(d->time_s));
	denial_digest_bytes(g, &d->time_us, sizeof(d->time_us));
	denial_digest_bytes(g, &d->count, sizeof(d->count));
	denial_digest_bytes(g, &d->kind, sizeof(d->kind));
	denial_digest_bytes(g, d->client.b, sizeof(d->client.b));
	for (size_t i = 0; i < ORBL_COUNT(texts); i++)
		denial_digest_text(g, texts[i]);
}

#endif
