#include "follow_place.h"

#include <string.h>

#include <sodium.h>

void
follow_place_start(struct follow_place *p, const struct stat *st)
{
	*p = (struct follow_place){.device = (uint64_t)st->st_dev, .inode = (uint64_t)st->st_ino};
}

static void
keep_head(struct follow_place *p, const unsigned char *at, size_t len)
{
	size_t n = FOLLOW_HEAD - p->head_len;

	n = n < len ? n : len;
	memcpy(p->head + p->head_len, at, n);
	p->head_len += n;
}

static void
keep_tail(struct follow_place *p, const unsigned char *at, size_t len)
{
	size_t old = p->tail_len;

	if (len >= FOLLOW_TAIL) {
		memcpy(p->tail, at + len - FOLLOW_TAIL, FOLLOW_TAIL);
		p->tail_len = FOLLOW_TAIL;
		return;
	}
	if (old + len > FOLLOW_TAIL) {
		memmove(p->tail, p->tail + (old + len - FOLLOW_TAIL), FOLLOW_TAIL - len);
		old = FOLLOW_TAIL - len;
	}
	memcpy(p->tail + old, at, len);
	p->tail_len = old + len;
}

void
follow_place_advance(struct follow_place *p, const void *bytes, size_t len)
{
	const char *at = bytes, *end = at + len;

	if (len == 0)
		return;
	keep_head(p, bytes, len);
	keep_tail(p, bytes, len);
	p->offset += len;
	while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
		p->line++;
		if (++at == end)
			break;
	}
}

static void
hash(const unsigned char *bytes, size_t len, unsigned char out[FOLLOW_HASH])
{
	crypto_generichash(out, FOLLOW_HASH, bytes, len, NULL, 0);
}

void
follow_mark_set(struct follow_mark *m, const struct follow_place *p, int64_t time_ns)
{
	m->device = p->device;
	m->inode = p->inode;
	m->offset = p->offset;
	m->line = p->line;
	m->time_ns = time_ns;
	hash(p->head, p->head_len, m->head);
	hash(p->tail, p->tail_len, m->tail);
}

bool
follow_place_is(const struct follow_place *p, const struct follow_mark *m)
{
	struct follow_mark own;

	follow_mark_set(&own, p, 0);
	return p->offset == m->offset && memcmp(own.head, m->head, FOLLOW_HASH) == 0 &&
		memcmp(own.tail, m->tail, FOLLOW_HASH) == 0;
}

json_t *
follow_mark_json(const struct follow_mark *m)
{
	char head[2 * FOLLOW_HASH + 1], tail[2 * FOLLOW_HASH + 1];

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:s, s:s}", "device", (json_int_t)m->device,
		"inode", (json_int_t)m->inode, "offset", (json_int_t)m->offset, "line",
		(json_int_t)m->line, "time", (json_int_t)m->time_ns, "head",
		sodium_bin2hex(head, sizeof(head), m->head, FOLLOW_HASH), "tail",
		sodium_bin2hex(tail, sizeof(tail), m->tail, FOLLOW_HASH));
}

static bool
read_number(const json_t *json, const char *key, uint64_t *out)
{
	const json_t *n = json_object_get(json, key);

	*out = (uint64_t)json_integer_value(n);
	return json_is_integer(n);
}

static bool
read_hash(const json_t *json, const char *key, unsigned char out[FOLLOW_HASH])
{
	const char *hex = json_string_value(json_object_get(json, key));
	size_t len = 0;

	return hex != NULL &&
		sodium_hex2bin(out, FOLLOW_HASH, hex, strlen(hex), NULL, &len, NULL) == 0 &&
		len == FOLLOW_HASH;
}

enum err
follow_mark_read(const json_t *json, struct follow_mark *out)
{
	uint64_t time_ns;

	if (!read_number(json, "device", &out->device) ||
		!read_number(json, "inode", &out->inode) ||
		!read_number(json, "offset", &out->offset) ||
		!read_number(json, "line", &out->line) || !read_number(json, "time", &time_ns) ||
		!read_hash(json, "head", out->head) || !read_hash(json, "tail", out->tail))
		return ERR_SYNTAX;
	out->time_ns = (int64_t)time_ns;
	return OK;
}
