#include "collector_seen.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

enum { ID_BYTES = 2 * 8 + 2 + 1 + 16, NONE = 0 };

struct entry {
	uint8_t id[ID_BYTES];
	uint32_t times;
	uint32_t next, newer, older; /* in its bucket, and by use; 0: none */
};

struct collector_seen {
	uint8_t hash_key[crypto_shorthash_KEYBYTES];
	size_t max, count, bucket_count; /* bucket_count: a power of two */
	uint32_t newest, oldest;
	uint32_t *buckets;
	struct entry *entries; /* entries[0] is none */
};

static size_t
round_up(size_t n)
{
	size_t power = 1;

	while (power < n)
		power *= 2;
	return power;
}

struct collector_seen *
collector_seen_new(size_t max)
{
	struct collector_seen *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->max = max < 2 ? 2 : max;
	s->bucket_count = round_up(s->max);
	s->buckets = calloc(s->bucket_count, sizeof(*s->buckets));
	s->entries = calloc(s->max + 1, sizeof(*s->entries));
	if (s->buckets == NULL || s->entries == NULL) {
		collector_seen_free(s);
		return NULL;
	}
	randombytes_buf(s->hash_key, sizeof(s->hash_key));
	return s;
}

void
collector_seen_free(struct collector_seen *s)
{
	if (s == NULL)
		return;
	free(s->buckets);
	free(s->entries);
	free(s);
}

static uint64_t
hash_bytes(const struct collector_seen *s, const void *bytes, size_t len)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint64_t value;

	crypto_shorthash(hash, bytes, len, s->hash_key);
	memcpy(&value, hash, sizeof(value));
	return value;
}

uint64_t
collector_seen_content(const struct collector_seen *s, struct text message)
{
	return hash_bytes(s, message.len != 0 ? message.p : "", message.len);
}

/* peer NULL: the token itself, whatever the messages say. */
static void
write_id(const struct collector_seen_key *key, const struct addr *peer, uint8_t out[ID_BYTES])
{
	memset(out, 0, ID_BYTES);
	memcpy(out, &key->probe_id, 8);
	out[16] = key->case_index;
	out[17] = key->kind;
	if (peer == NULL)
		return;
	memcpy(out + 8, &key->content, 8);
	out[18] = peer->family;
	memcpy(out + 19, peer->b, 16);
}

static uint32_t *
bucket_of(struct collector_seen *s, const uint8_t id[ID_BYTES])
{
	return &s->buckets[hash_bytes(s, id, ID_BYTES) & (s->bucket_count - 1)];
}

static void
unlink_use(struct collector_seen *s, uint32_t i)
{
	struct entry *e = &s->entries[i];

	if (e->newer != NONE)
		s->entries[e->newer].older = e->older;
	else
		s->newest = e->older;
	if (e->older != NONE)
		s->entries[e->older].newer = e->newer;
	else
		s->oldest = e->newer;
}

static void
link_use(struct collector_seen *s, uint32_t i)
{
	struct entry *e = &s->entries[i];

	e->newer = NONE;
	e->older = s->newest;
	if (s->newest != NONE)
		s->entries[s->newest].newer = i;
	else
		s->oldest = i;
	s->newest = i;
}

static struct entry *
find(struct collector_seen *s, const uint8_t id[ID_BYTES])
{
	uint32_t i = *bucket_of(s, id);

	while (i != NONE && memcmp(s->entries[i].id, id, ID_BYTES) != 0)
		i = s->entries[i].next;
	if (i == NONE)
		return NULL;
	unlink_use(s, i);
	link_use(s, i);
	return &s->entries[i];
}

/* The place of the one that was used longest ago, no longer in any list. */
static uint32_t
forget_oldest(struct collector_seen *s)
{
	uint32_t i = s->oldest, *link = bucket_of(s, s->entries[i].id);

	while (*link != i)
		link = &s->entries[*link].next;
	*link = s->entries[i].next;
	unlink_use(s, i);
	return i;
}

static struct entry *
insert(struct collector_seen *s, const uint8_t id[ID_BYTES])
{
	uint32_t i = s->count < s->max ? (uint32_t)++s->count : forget_oldest(s);
	uint32_t *bucket = bucket_of(s, id);
	struct entry *e = &s->entries[i];

	memcpy(e->id, id, ID_BYTES);
	e->times = 0;
	e->next = *bucket;
	*bucket = i;
	link_use(s, i);
	return e;
}

enum collector_seen_answer
collector_seen_ask(struct collector_seen *s, const struct collector_seen_key *key,
	const struct addr *peer, uint32_t *times)
{
	uint8_t token_id[ID_BYTES], pair_id[ID_BYTES];
	struct entry *token, *pair;

	write_id(key, NULL, token_id);
	write_id(key, peer, pair_id);
	token = find(s, token_id);
	pair = find(s, pair_id);
	*times = 1;
	if (pair != NULL)
		*times = ++pair->times;
	else if (token == NULL)
		return COLLECTOR_SEEN_FIRST;
	else if (token->times < COLLECTOR_SEEN_PEERS_MAX)
		return COLLECTOR_SEEN_OTHER;
	else
		*times = ++token->times;
	return COLLECTOR_SEEN_AGAIN;
}

void
collector_seen_keep(struct collector_seen *s, const struct collector_seen_key *key,
	const struct addr *peer)
{
	uint8_t token_id[ID_BYTES], pair_id[ID_BYTES];
	struct entry *token;

	write_id(key, NULL, token_id);
	write_id(key, peer, pair_id);
	token = find(s, token_id);
	if (token == NULL)
		token = insert(s, token_id);
	if (token->times >= COLLECTOR_SEEN_PEERS_MAX || find(s, pair_id) != NULL)
		return;
	token->times++;
	insert(s, pair_id)->times = 1; /* token was used last: it stays */
}
