#include <stdlib.h>

#include <xxhash.h>

#include <orbl/file.h>

#include "snapshot_builder.h"

/* Bytes pass once, through a buffer and the hash, to the file. */
struct sink {
	int fd;
	enum err err; /* sticky */
	struct error *e;
	XXH3_state_t *hash;
	uint64_t written;
	size_t used;
	uint8_t buffer[1 << 16];
};

static void
flush(struct sink *s)
{
	if (s->err == OK && s->used != 0) {
		XXH3_64bits_update(s->hash, s->buffer, s->used);
		s->err = file_write_all(s->fd, s->buffer, s->used, s->e);
	}
	s->used = 0;
}

/* Room for n bytes in the buffer, n <= 16. */
static uint8_t *
take(struct sink *s, size_t n)
{
	if (sizeof(s->buffer) - s->used < n)
		flush(s);
	s->used += n;
	s->written += n;
	return s->buffer + s->used - n;
}

static void
put16(struct sink *s, uint16_t v)
{
	uint8_t *p = take(s, 2);

	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void
put32(struct sink *s, uint32_t v)
{
	put16(s, (uint16_t)v);
	put16(s, (uint16_t)(v >> 16));
}

static void
put64(struct sink *s, uint64_t v)
{
	put32(s, (uint32_t)v);
	put32(s, (uint32_t)(v >> 32));
}

/* Network order, as in struct addr. */
static void
put_key6(struct sink *s, struct span_key k)
{
	uint8_t *p = take(s, 16);

	for (unsigned i = 0; i < 8; i++) {
		p[i] = (uint8_t)(k.upper >> (56 - 8 * i));
		p[8 + i] = (uint8_t)(k.lower >> (56 - 8 * i));
	}
}

static void
put_bytes(struct sink *s, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		*take(s, 1) = (uint8_t)bytes[i];
}

static void
pad(struct sink *s)
{
	while (s->written % 8 != 0)
		*take(s, 1) = 0;
}

static bool
has_buckets(const struct set_draft *set)
{
	return set->hosts >= BUCKETS_FROM;
}

static uint64_t
set_size(const struct set_draft *set)
{
	uint64_t hosts = set->hosts, ranges4 = set->v4.count - hosts, ranges6 = set->v6.count;
	uint64_t size = has_buckets(set) ? format_pad(BUCKETS_SIZE) : 0;

	size += format_pad(hosts * (has_buckets(set) ? 2 : 4)) + format_pad(hosts * 2);
	size += 2 * format_pad(ranges4 * 4) + format_pad(ranges4 * 2);
	return size + 2 * ranges6 * 16 + format_pad(ranges6 * 2);
}

static void
put_header(struct sink *s, const struct snapshot_builder *b, uint32_t serial, int64_t created_s)
{
	const struct snapshot_pool *p = &b->pool;
	uint64_t sizes[SECTION_COUNT] = {
		[SECTION_TEXTS] = p->text_bytes,
		[SECTION_REFS] = 8 * p->ref_count,
		[SECTION_CODES] = 4 * p->code_count,
		[SECTION_CLASSES] = CLASS_SIZE * p->class_count,
		[SECTION_ZONES] = ZONE_SIZE * b->zone_count,
		[SECTION_SETS] = SET_SIZE * b->set_count,
	};
	uint64_t offset = HEADER_SIZE, length = HEADER_SIZE + TRAILER_SIZE;

	for (size_t i = 0; i < b->set_count; i++)
		sizes[SECTION_DATA] += set_size(&b->sets[i]);
	for (size_t i = 0; i < SECTION_COUNT; i++)
		length += format_pad(sizes[i]);
	put_bytes(s, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_SIZE);
	put32(s, SNAPSHOT_VERSION);
	put32(s, 0);
	put64(s, length);
	put64(s, (uint64_t)created_s);
	put32(s, serial);
	put32(s, SECTION_COUNT);
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		put64(s, offset);
		put64(s, sizes[i]);
		offset += format_pad(sizes[i]);
	}
}

static void
put_pool(struct sink *s, const struct snapshot_pool *p)
{
	put_bytes(s, p->texts, p->text_bytes);
	pad(s);
	for (size_t i = 0; i < p->ref_count; i++) {
		put32(s, p->refs[i].offset);
		put32(s, p->refs[i].len);
	}
	for (size_t i = 0; i < p->code_count; i++)
		put32(s, p->codes[i]);
	pad(s);
	for (size_t i = 0; i < p->class_count; i++) {
		const struct snapshot_pool_class *c = &p->classes[i];

		put64(s, (uint64_t)c->expires_s);
		put32(s, c->ttl_s);
		put32(s, c->a_first);
		put32(s, c->txt_first);
		put16(s, c->a_count);
		put16(s, c->txt_count);
	}
}

static void
put_rows(struct sink *s, const struct snapshot_builder *b)
{
	uint64_t offset = 0;

	for (size_t i = 0; i < b->zone_count; i++)
		for (size_t k = 0; k < ZONE_SIZE / 4; k++)
			put32(s, b->zones[i].fields[k]);
	for (size_t i = 0; i < b->set_count; i++) {
		const struct set_draft *set = &b->sets[i];

		put64(s, offset);
		put32(s, has_buckets(set) ? SET_FLAG_BUCKETS : 0);
		put32(s, (uint32_t)set->hosts);
		put32(s, (uint32_t)(set->v4.count - set->hosts));
		put32(s, (uint32_t)set->v6.count);
		offset += set_size(set);
	}
}

enum column { COLUMN_LOW, COLUMN_LOW_HALF, COLUMN_HIGH, COLUMN_CLASS };

/* One array of the hosts, or of the longer ranges. */
static void
put_column4(struct sink *s, const struct span_list *list, bool hosts, enum column column)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct span_packed4 *span = &list->items.v4[i];

		if ((span->low == span->high) != hosts)
			continue;
		if (column == COLUMN_LOW)
			put32(s, span->low);
		else if (column == COLUMN_HIGH)
			put32(s, span->high);
		else
			put16(s, column == COLUMN_CLASS ? span->class_id : (uint16_t)span->low);
	}
	pad(s);
}

static void
put_buckets(struct sink *s, const struct span_list *list)
{
	uint32_t next = 0, hosts = 0; /* bucket whose start is written next; hosts so far */

	for (size_t i = 0; i < list->count; i++) {
		const struct span_packed4 *span = &list->items.v4[i];

		if (span->low != span->high)
			continue;
		for (; next <= span->low >> 16; next++)
			put32(s, hosts);
		hosts++;
	}
	for (; next <= BUCKETS; next++)
		put32(s, hosts);
	pad(s);
}

static void
put_set(struct sink *s, const struct set_draft *set)
{
	if (has_buckets(set))
		put_buckets(s, &set->v4);
	put_column4(s, &set->v4, true, has_buckets(set) ? COLUMN_LOW_HALF : COLUMN_LOW);
	put_column4(s, &set->v4, true, COLUMN_CLASS);
	put_column4(s, &set->v4, false, COLUMN_LOW);
	put_column4(s, &set->v4, false, COLUMN_HIGH);
	put_column4(s, &set->v4, false, COLUMN_CLASS);
	for (size_t i = 0; i < set->v6.count; i++)
		put_key6(s, set->v6.items.v6[i].low);
	for (size_t i = 0; i < set->v6.count; i++)
		put_key6(s, set->v6.items.v6[i].high);
	for (size_t i = 0; i < set->v6.count; i++)
		put16(s, set->v6.items.v6[i].class_id);
	pad(s);
}

static enum err
write_all(struct sink *s, const struct snapshot_builder *b, uint32_t serial, int64_t created_s)
{
	put_header(s, b, serial, created_s);
	put_pool(s, &b->pool);
	put_rows(s, b);
	for (size_t i = 0; i < b->set_count; i++)
		put_set(s, &b->sets[i]);
	flush(s);
	put64(s, XXH3_64bits_digest(s->hash));
	put_bytes(s, SNAPSHOT_END_MAGIC, SNAPSHOT_MAGIC_SIZE);
	flush(s);
	return s->err;
}

enum err
snapshot_writer_write(const struct snapshot_builder *b, int fd, uint32_t serial, int64_t created_s,
	struct error *e)
{
	struct sink *s = malloc(sizeof(*s));
	enum err err;

	if (s == NULL)
		return error_set(e, ERR_MEMORY, "snapshot: out of memory");
	s->fd = fd;
	s->err = OK;
	s->e = e;
	s->used = 0;
	s->written = 0;
	s->hash = XXH3_createState();
	if (s->hash != NULL && XXH3_64bits_reset(s->hash) == XXH_OK)
		err = write_all(s, b, serial, created_s);
	else
		err = error_set(e, ERR_MEMORY, "snapshot: out of memory");
	XXH3_freeState(s->hash);
	free(s);
	return err;
}
