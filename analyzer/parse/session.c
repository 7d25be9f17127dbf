#include "session.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

enum { ALLOCATION_BYTES = 16 }; /* what malloc takes on top, for the accounts */

struct session {
	struct session *next;          /* of the same bucket */
	struct session *older, *newer; /* by when something was heard of them */
	struct session_command *oldest, *youngest, *taken;
	size_t command_count;
	size_t bucket;
	struct addr client; /* family 0: not known */
	struct session_dialogue dialogue;
	struct text fields[SESSION_FIELD_COUNT]; /* owned */
	size_t key_len;
	char key[];
};

struct session_table {
	size_t sessions_max, bytes_max;
	size_t count, bytes;
	struct session *oldest, *youngest;
	size_t bucket_mask;
	struct session **buckets;
	/* A client whose port is a part of some server's key must not choose its bucket. */
	unsigned char seed[crypto_shorthash_KEYBYTES];
};

struct session_table *
session_table_new(size_t sessions_max, size_t bytes_max)
{
	struct session_table *t = calloc(1, sizeof(*t));
	size_t buckets = 1;

	if (t == NULL)
		return NULL;
	while (buckets < sessions_max && buckets <= SIZE_MAX / 4)
		buckets *= 2;
	t->sessions_max = sessions_max;
	t->bytes_max = bytes_max;
	t->bucket_mask = buckets - 1;
	t->buckets = calloc(buckets, sizeof(t->buckets[0]));
	if (t->buckets == NULL) {
		free(t);
		return NULL;
	}
	crypto_shorthash_keygen(t->seed);
	return t;
}

void
session_table_free(struct session_table *t)
{
	if (t == NULL)
		return;
	while (t->oldest != NULL)
		session_end(t, t->oldest);
	free(t->buckets);
	free(t);
}

size_t
session_count(const struct session_table *t)
{
	return t->count;
}

size_t
session_bytes(const struct session_table *t)
{
	return t->bytes;
}

static size_t
find_bucket(const struct session_table *t, struct text key)
{
	unsigned char hash[crypto_shorthash_BYTES];
	size_t bucket;

	(void)crypto_shorthash(hash, (const unsigned char *)key.p, key.len, t->seed);
	memcpy(&bucket, hash, sizeof(bucket) < sizeof(hash) ? sizeof(bucket) : sizeof(hash));
	return bucket & t->bucket_mask;
}

static size_t
session_cost(const struct session *s)
{
	return sizeof(*s) + s->key_len + ALLOCATION_BYTES;
}

static size_t
text_cost(struct text text)
{
	return text.p != NULL ? text.len + ALLOCATION_BYTES : 0;
}

static size_t
command_cost(const struct session_command *c)
{
	return sizeof(*c) + c->line.len + ALLOCATION_BYTES;
}

static void
unlink_age(struct session_table *t, struct session *s)
{
	if (s->older != NULL)
		s->older->newer = s->newer;
	else
		t->oldest = s->newer;
	if (s->newer != NULL)
		s->newer->older = s->older;
	else
		t->youngest = s->older;
}

static void
link_youngest(struct session_table *t, struct session *s)
{
	s->older = t->youngest;
	s->newer = NULL;
	if (t->youngest != NULL)
		t->youngest->newer = s;
	else
		t->oldest = s;
	t->youngest = s;
}

/* Is there room for a further cost, when sessions other than keep may be forgotten for it? */
static bool
make_room(struct session_table *t, size_t cost, const struct session *keep)
{
	if (cost > t->bytes_max)
		return false;
	while (t->bytes > t->bytes_max - cost) {
		struct session *s = t->oldest;

		if (s != NULL && s == keep)
			s = s->newer;
		if (s == NULL)
			return false;
		session_end(t, s);
	}
	return true;
}

static struct session *
find_in_bucket(const struct session_table *t, size_t bucket, struct text key)
{
	struct session *s = t->buckets[bucket];

	while (s != NULL && !text_equal((struct text){s->key, s->key_len}, key))
		s = s->next;
	return s;
}

static bool
is_key(struct text key)
{
	return key.len != 0 && key.len <= SESSION_KEY_MAX;
}

struct session *
session_find(struct session_table *t, struct text key)
{
	struct session *s;

	if (t->count == 0 || !is_key(key))
		return NULL;
	s = find_in_bucket(t, find_bucket(t, key), key);
	if (s != NULL && s != t->youngest) {
		unlink_age(t, s);
		link_youngest(t, s);
	}
	return s;
}

struct session *
session_start(struct session_table *t, struct text key)
{
	struct session *s;
	size_t bucket;

	if (!is_key(key) || t->sessions_max == 0)
		return NULL;
	bucket = find_bucket(t, key);
	session_end(t, find_in_bucket(t, bucket, key));
	s = calloc(1, sizeof(*s) + key.len);
	if (s == NULL)
		return NULL;
	memcpy(s->key, key.p, key.len);
	s->key_len = key.len;
	s->bucket = bucket;
	if (!make_room(t, session_cost(s), NULL)) {
		free(s);
		return NULL;
	}
	if (t->count == t->sessions_max)
		session_end(t, t->oldest);
	s->next = t->buckets[bucket];
	t->buckets[bucket] = s;
	link_youngest(t, s);
	t->count++;
	t->bytes += session_cost(s);
	return s;
}

static void
drop_text(struct session_table *t, struct text *text)
{
	t->bytes -= text_cost(*text);
	free((void *)(uintptr_t)text->p);
	*text = TEXT_NONE;
}

static void
drop_command(struct session_table *t, struct session_command *c)
{
	if (c == NULL)
		return;
	t->bytes -= command_cost(c);
	free(c);
}

void
session_end(struct session_table *t, struct session *s)
{
	struct session **link;

	if (s == NULL)
		return;
	session_drop_commands(t, s);
	drop_command(t, s->taken);
	for (size_t i = 0; i < SESSION_FIELD_COUNT; i++)
		drop_text(t, &s->fields[i]);
	for (link = &t->buckets[s->bucket]; *link != s;)
		link = &(*link)->next;
	*link = s->next;
	unlink_age(t, s);
	t->count--;
	t->bytes -= session_cost(s);
	free(s);
}

void
session_set_client(struct session *s, const struct addr *a)
{
	s->client = *a;
}

const struct addr *
session_client(const struct session *s)
{
	return s->client.family != 0 ? &s->client : NULL;
}

void
session_set(struct session_table *t, struct session *s, enum session_field f, struct text value)
{
	char *copy;

	value = text_upto(value, SESSION_TEXT_MAX);
	/* value may lend from the field itself */
	copy = value.p != NULL ? malloc(value.len + 1) : NULL;
	if (copy != NULL)
		memcpy(copy, value.p, value.len);
	drop_text(t, &s->fields[f]);
	if (copy == NULL)
		return;
	if (!make_room(t, value.len + ALLOCATION_BYTES, s)) {
		free(copy);
		return;
	}
	s->fields[f] = (struct text){copy, value.len};
	t->bytes += text_cost(s->fields[f]);
}

struct text
session_get(const struct session *s, enum session_field f)
{
	return s->fields[f];
}

bool
session_push_command(struct session_table *t, struct session *s, struct text line)
{
	struct text kept = text_upto(line, SESSION_TEXT_MAX);
	struct session_command *c;
	char *text;

	if (s->command_count == SESSION_COMMANDS_MAX)
		return false;
	c = malloc(sizeof(*c) + kept.len);
	if (c == NULL)
		return false;
	text = (char *)(c + 1);
	if (kept.len != 0)
		memcpy(text, kept.p, kept.len);
	*c = (struct session_command){.full_len = line.len, .line = {text, kept.len}};
	if (!make_room(t, command_cost(c), s)) {
		free(c);
		return false;
	}
	t->bytes += command_cost(c);
	if (s->youngest != NULL)
		s->youngest->next = c;
	else
		s->oldest = c;
	s->youngest = c;
	s->command_count++;
	return true;
}

const struct session_command *
session_commands(const struct session *s)
{
	return s->oldest;
}

static struct session_command *
unlink_command(struct session *s)
{
	struct session_command *c = s->oldest;

	if (c == NULL)
		return NULL;
	s->oldest = c->next;
	if (s->oldest == NULL)
		s->youngest = NULL;
	s->command_count--;
	c->next = NULL;
	return c;
}

const struct session_command *
session_take_command(struct session_table *t, struct session *s)
{
	struct session_command *c = unlink_command(s);

	if (c == NULL)
		return NULL;
	drop_command(t, s->taken);
	s->taken = c;
	return c;
}

void
session_drop_commands(struct session_table *t, struct session *s)
{
	while (s->oldest != NULL)
		drop_command(t, unlink_command(s));
}

struct session_dialogue *
session_dialogue(struct session *s)
{
	return &s->dialogue;
}
