#include "snapshot_draft.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include <orbl/file.h>

enum { SINK_SIZE = 1 << 18, CHUNK = 1024 };

/* Bytes pass once, through a buffer and the hash, to the file. */
struct sink {
	int fd;
	enum err err; /* sticky */
	struct error *e;
	XXH3_state_t *hash;
	uint64_t written;
	size_t used;
	uint8_t buffer[SINK_SIZE];
};

static void
put_through(struct sink *s, const void *bytes, size_t len)
{
	if (s->err != OK || len == 0)
		return;
	XXH3_64bits_update(s->hash, bytes, len);
	s->err = file_write_all(s->fd, bytes, len, s->e);
}

static void
flush(struct sink *s)
{
	put_through(s, s->buffer, s->used);
	s->used = 0;
}

/* Room for n bytes in the buffer, n <= SINK_SIZE. */
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
put32(struct sink *s, uint32_t v)
{
	format_put32(take(s, 4), v);
}

static void
put64(struct sink *s, uint64_t v)
{
	format_put64(take(s, 8), v);
}

static void
put_bytes(struct sink *s, const void *bytes, size_t len)
{
	if (len >= SINK_SIZE) {
		flush(s);
		put_through(s, bytes, len);
		s->written += len;
	} else if (len != 0) {
		memcpy(take(s, len), bytes, len);
	}
}

static void
pad(struct sink *s)
{
	while (s->written % 8 != 0)
		*take(s, 1) = 0;
}

/* --- the sets --- */

static bool
has_buckets(const struct set_draft *set)
{
	return set->hosts.count >= BUCKETS_FROM;
}

static uint64_t
part_size(const struct draft_part *part, uint64_t bounds, uint64_t bound_size)
{
	return bounds * format_pad(part->count * bound_size) +
		format_pad((uint64_t)part->count * part->id_size);
}

static uint64_t
set_size(const struct set_draft *set)
{
	if (set->names != NULL)
		return set->blob_len;
	return (has_buckets(set) ? format_pad(BUCKETS_SIZE) : 0) +
		part_size(&set->hosts, 1, has_buckets(set) ? 2 : 4) + part_size(&set->v4, 2, 4) +
		part_size(&set->v6, 2, 16);
}

static void
put_part(uint8_t *row, const struct draft_part *part)
{
	format_put32(row + PART_COUNT, (uint32_t)part->count);
	format_put32(row + PART_ID_SIZE, part->id_size);
	format_put32(row + PART_ID, part->only);
}

static void
put_set_row(struct sink *s, const struct set_draft *set, uint64_t offset)
{
	uint8_t *row = take(s, SET_SIZE), *parts = row + SET_PARTS;
	enum set_kind kind = has_buckets(set) ? SET_KIND_BUCKETS : SET_KIND_PLAIN;

	format_put64(row + SET_OFFSET, offset);
	format_put64(row + SET_LENGTH, set_size(set));
	format_put32(row + SET_KIND, set->names != NULL ? SET_KIND_NAMES : kind);
	format_put32(row + SET_RESERVED, 0);
	put_part(parts, &set->hosts);
	put_part(parts + PART_SIZE, &set->v4);
	put_part(parts + 2 * PART_SIZE, &set->v6);
}

enum column { HOST, HOST_ID, LOW4, HIGH4, ID4, ID6 };

static void
gather(const struct sweep_set *set, enum column column, size_t from, size_t n, uint32_t *out)
{
	const uint64_t *hosts = set->hosts.items;
	const struct span_packed4 *v4 = set->v4.items.v4;
	const struct span_packed6 *v6 = set->v6.items.v6;

	switch (column) {
	case HOST:
		for (size_t i = 0; i < n; i++)
			out[i] = span_host_address(hosts[from + i]);
		break;
	case HOST_ID:
		for (size_t i = 0; i < n; i++)
			out[i] = span_host_class(hosts[from + i]);
		break;
	case LOW4:
		for (size_t i = 0; i < n; i++)
			out[i] = v4[from + i].low;
		break;
	case HIGH4:
		for (size_t i = 0; i < n; i++)
			out[i] = v4[from + i].high;
		break;
	case ID4:
		for (size_t i = 0; i < n; i++)
			out[i] = v4[from + i].class_id;
		break;
	case ID6:
		for (size_t i = 0; i < n; i++)
			out[i] = v6[from + i].class_id;
		break;
	}
}

/* The lowest size bytes of each. */
static void
put_numbers(struct sink *s, const uint32_t *numbers, size_t n, uint32_t size)
{
	uint8_t *p = take(s, n * size);

	if (size == 1)
		for (size_t i = 0; i < n; i++)
			p[i] = (uint8_t)numbers[i];
	else if (size == 2)
		for (size_t i = 0; i < n; i++)
			format_put16(p + 2 * i, (uint16_t)numbers[i]);
	else
		for (size_t i = 0; i < n; i++)
			format_put32(p + 4 * i, numbers[i]);
}

static void
put_column(struct sink *s, const struct sweep_set *set, enum column column, size_t count,
	uint32_t size)
{
	uint32_t numbers[CHUNK];

	for (size_t from = 0, n; size != 0 && from < count; from += n) {
		n = count - from < CHUNK ? count - from : CHUNK;
		gather(set, column, from, n, numbers);
		put_numbers(s, numbers, n, size);
	}
	pad(s);
}

static void
put_buckets(struct sink *s, const struct span_hosts *hosts)
{
	uint32_t next = 0; /* bucket whose start is written next */

	for (size_t i = 0; i < hosts->count; i++)
		for (; next <= span_host_address(hosts->items[i]) >> 16; next++)
			put32(s, (uint32_t)i);
	for (; next <= BUCKETS; next++)
		put32(s, (uint32_t)hosts->count);
	pad(s);
}

static void
put_set(struct sink *s, const struct set_draft *set)
{
	const struct sweep_set *ranges = &set->ranges;
	const struct span_list *v6 = &ranges->v6;

	if (set->names != NULL) {
		put_bytes(s, set->blob, set->blob_len);
		return;
	}
	if (has_buckets(set))
		put_buckets(s, &ranges->hosts);
	put_column(s, ranges, HOST, set->hosts.count, has_buckets(set) ? 2 : 4);
	put_column(s, ranges, HOST_ID, set->hosts.count, set->hosts.id_size);
	put_column(s, ranges, LOW4, set->v4.count, 4);
	put_column(s, ranges, HIGH4, set->v4.count, 4);
	put_column(s, ranges, ID4, set->v4.count, set->v4.id_size);
	for (size_t i = 0; i < v6->count; i++)
		snapshot_key_put(take(s, 16), v6->items.v6[i].low);
	for (size_t i = 0; i < v6->count; i++)
		snapshot_key_put(take(s, 16), v6->items.v6[i].high);
	put_column(s, ranges, ID6, set->v6.count, set->v6.id_size);
}

/* --- the sections before them --- */

static void
put_header(struct sink *s, const struct snapshot_builder *b, uint32_t serial, int64_t created_s)
{
	const struct snapshot_pool *p = &b->pool;
	uint64_t sizes[SECTION_COUNT] = {
		[SECTION_TEXTS] = p->text_bytes,
		[SECTION_REFS] = REF_SIZE * p->ref_count,
		[SECTION_CODES] = 4 * p->code_count,
		[SECTION_RECORDS] = RECORD_SIZE * p->record_count,
		[SECTION_CLASSES] = CLASS_SIZE * p->class_count,
		[SECTION_ZONES] = ZONE_SIZE * b->zone_count,
		[SECTION_LAYERS] = 4 * b->layer_count,
		[SECTION_SETS] = SET_SIZE * b->set_count,
	};
	uint64_t offset = HEADER_SIZE, length = HEADER_SIZE + TRAILER_SIZE;
	uint8_t *row = take(s, HEADER_SIZE);

	for (size_t i = 0; i < b->set_count; i++)
		sizes[SECTION_DATA] += set_size(&b->sets[i]);
	for (size_t i = 0; i < SECTION_COUNT; i++)
		length += format_pad(sizes[i]);
	memcpy(row, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_SIZE);
	format_put32(row + HEADER_VERSION, SNAPSHOT_VERSION);
	format_put32(row + HEADER_FLAGS, 0);
	format_put64(row + HEADER_LENGTH, length);
	format_put64(row + HEADER_CREATED, (uint64_t)created_s);
	format_put32(row + HEADER_SERIAL, serial);
	format_put32(row + HEADER_BASE_SERIAL, b->base.serial);
	format_put64(row + HEADER_BASE_CHECKSUM, b->base.checksum);
	format_put32(row + HEADER_SECTION_COUNT, SECTION_COUNT);
	format_put32(row + HEADER_NOTICE, b->notice);
	row += HEADER_SECTIONS;
	for (size_t i = 0; i < SECTION_COUNT; i++, row += SECTION_ROW_SIZE) {
		format_put64(row, offset);
		format_put64(row + 8, sizes[i]);
		offset += format_pad(sizes[i]);
	}
}

static void
put_ref(uint8_t *row, const struct snapshot_pool_ref *ref)
{
	format_put32(row + REF_OFFSET, ref->offset);
	format_put32(row + REF_LEN, ref->len);
}

static void
put_class(uint8_t *row, const struct snapshot_pool_class *c)
{
	format_put64(row + CLASS_EXPIRES, (uint64_t)c->expires_s);
	format_put32(row + CLASS_TTL, c->ttl_s);
	format_put32(row + CLASS_A_FIRST, c->a_first);
	format_put32(row + CLASS_TXT_FIRST, c->txt_first);
	format_put32(row + CLASS_RECORD_FIRST, c->record_first);
	row[CLASS_A_COUNT] = c->a_count;
	row[CLASS_TXT_COUNT] = c->txt_count;
	row[CLASS_RECORD_COUNT] = c->record_count;
	row[CLASS_ACTION] = c->action;
}

static void
put_pool(struct sink *s, const struct snapshot_pool *p)
{
	put_bytes(s, p->texts, p->text_bytes);
	pad(s);
	for (size_t i = 0; i < p->ref_count; i++)
		put_ref(take(s, REF_SIZE), &p->refs[i]);
	for (size_t i = 0; i < p->code_count; i++)
		put32(s, p->codes[i]);
	pad(s);
	for (size_t i = 0; i < p->record_count; i++) {
		uint8_t *row = take(s, RECORD_SIZE);

		format_put32(row + RECORD_TYPE, p->records[i].type);
		format_put32(row + RECORD_TTL, p->records[i].ttl_s);
		put_ref(row + RECORD_RDATA, &p->records[i].rdata);
	}
	for (size_t i = 0; i < p->class_count; i++)
		put_class(take(s, CLASS_SIZE), &p->classes[i]);
	pad(s);
}

static void
put_rows(struct sink *s, const struct snapshot_builder *b)
{
	uint64_t offset = 0;

	for (size_t i = 0; i < b->zone_count; i++)
		put_bytes(s, b->zones[i], ZONE_SIZE);
	for (size_t i = 0; i < b->layer_count; i++)
		put32(s, b->layers[i]);
	pad(s);
	for (size_t i = 0; i < b->set_count; i++) {
		put_set_row(s, &b->sets[i], offset);
		offset += set_size(&b->sets[i]);
	}
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
