#include <string.h>
#include <zlib.h>

#include "eventlog_write.h"

enum { FILE_HEADER = 4096, CHUNK = 65536, CHUNK_HEADER = 512, FLAG_DIRTY = 1, FLAG_NO_CRC32 = 4 };

struct chunk {
	struct writer w;
	struct binxml_names names;
	size_t count, last;
	uint64_t first_number, last_number;
};

static void
put_u32(uint8_t *p, uint32_t v)
{
	struct writer w;

	writer_init(&w, p, 4);
	writer_u32le(&w, v);
}

static uint32_t
get_u32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t
sum(uint32_t crc, const uint8_t *p, size_t len)
{
	return (uint32_t)crc32(crc, p, (uInt)len);
}

void
evtx_repair(uint8_t *bytes, size_t len)
{
	if (len < FILE_HEADER)
		return;
	put_u32(bytes + 124, sum(0, bytes, 120));
	for (uint8_t *p = bytes + FILE_HEADER; (size_t)(bytes + len - p) >= CHUNK; p += CHUNK) {
		uint32_t end = get_u32(p + 48);

		if (end >= CHUNK_HEADER && end <= CHUNK)
			put_u32(p + 52, sum(0, p + CHUNK_HEADER, end - CHUNK_HEADER));
		put_u32(p + 124, sum(sum(0, p, 120), p + 128, CHUNK_HEADER - 128));
	}
}

static void
start_chunk(struct chunk *c, uint8_t *bytes)
{
	memset(c, 0, sizeof(*c));
	memset(bytes, 0, CHUNK);
	writer_init(&c->w, bytes, CHUNK);
	c->w.at += CHUNK_HEADER;
}

static bool
add_record(struct chunk *c, const struct event_spec *e, bool is_plain)
{
	struct chunk before = *c;
	size_t start = writer_length(&c->w);

	writer_u32le(&c->w, 0x2a2a);
	writer_u32le(&c->w, 0);
	writer_u64le(&c->w, e->number);
	writer_u64le(&c->w, eventlog_filetime(e->time_s));
	binxml_write_event(&c->w, &c->names, e, is_plain);
	while (writer_length(&c->w) % 8 != 4)
		writer_u8(&c->w, 0);
	writer_u32le(&c->w, (uint32_t)(writer_length(&c->w) + 4 - start));
	if (writer_failed(&c->w)) {
		*c = before;
		memset(c->w.at, 0, writer_left(&c->w));
		return false;
	}
	put_u32(c->w.start + start + 4, (uint32_t)(writer_length(&c->w) - start));
	if (c->count++ == 0)
		c->first_number = e->number;
	c->last_number = e->number;
	c->last = start;
	return true;
}

static void
end_chunk(struct chunk *c, bool no_checksums)
{
	struct writer w;

	writer_init(&w, c->w.start, CHUNK_HEADER);
	writer_bytes(&w, "ElfChnk", 8);
	writer_u64le(&w, c->first_number);
	writer_u64le(&w, c->last_number);
	writer_u64le(&w, c->first_number);
	writer_u64le(&w, c->last_number);
	writer_u32le(&w, 128);
	writer_u32le(&w, (uint32_t)c->last);
	writer_u32le(&w, (uint32_t)writer_length(&c->w));
	put_u32(c->w.start + 120, no_checksums ? FLAG_NO_CRC32 : 1);
}

static void
write_header(uint8_t *bytes, const struct eventlog_options *o, size_t chunks, uint64_t next)
{
	struct writer w;

	memset(bytes, 0, FILE_HEADER);
	if (o->is_dirty) { /* of the time when there was one chunk less */
		chunks = chunks > 1 ? chunks - 1 : 1;
		next = 1;
	}
	writer_init(&w, bytes, FILE_HEADER);
	writer_bytes(&w, "ElfFile", 8);
	writer_u64le(&w, 0);
	writer_u64le(&w, chunks - 1);
	writer_u64le(&w, next);
	writer_u32le(&w, 128);
	writer_u16le(&w, o->is_new ? 2 : 1);
	writer_u16le(&w, 3);
	writer_u16le(&w, FILE_HEADER);
	writer_u16le(&w, (uint16_t)chunks);
	put_u32(bytes + 120,
		(o->is_dirty ? FLAG_DIRTY : 0U) | (o->no_checksums ? FLAG_NO_CRC32 : 0U));
}

size_t
evtx_write(const struct event_spec *events, size_t count, const struct eventlog_options *o,
	uint8_t *out, size_t size)
{
	size_t len = FILE_HEADER, chunks = 0, i = 0;
	static struct chunk c;

	do {
		if (len + CHUNK > size)
			return 0;
		start_chunk(&c, out + len);
		while (i < count && (o->per_chunk == 0 || c.count < o->per_chunk) &&
			add_record(&c, &events[i], o->is_plain))
			i++;
		if (i < count && c.count == 0)
			return 0; /* too large for any chunk */
		end_chunk(&c, o->no_checksums);
		len += CHUNK;
		chunks++;
	} while (i < count);
	write_header(out, o, chunks, count != 0 ? events[count - 1].number + 1 : 1);
	if (!o->no_checksums)
		evtx_repair(out, len);
	return len;
}
