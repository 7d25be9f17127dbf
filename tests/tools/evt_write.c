#include <stdlib.h>
#include <string.h>

#include "eventlog_write.h"

enum {
	HEADER = 48,
	RECORD_HEAD = 56,
	RECORD_MAX = 65536,
	END_RECORD = 40,
	FILLER = 0x27,
	FLAG_DIRTY = 1,
	FLAG_WRAPPED = 2
};

struct circle {
	uint8_t *bytes;
	size_t size; /* of the file */
	size_t at;   /* where the next byte goes */
	bool has_wrapped;
	size_t oldest;  /* index of the first event that is whole */
	size_t *starts; /* of events */
};

static size_t
write_record(const struct event_spec *e, uint8_t *out)
{
	struct writer w, back;
	uint32_t strings;

	writer_init(&w, out, RECORD_MAX);
	writer_u32le(&w, 0); /* length: below */
	writer_bytes(&w, "LfLe", 4);
	writer_u32le(&w, (uint32_t)e->number);
	writer_u32le(&w, (uint32_t)e->time_s);
	writer_u32le(&w, (uint32_t)e->time_s);
	writer_u32le(&w, e->id);
	writer_u16le(&w, 2); /* warning */
	writer_u16le(&w, (uint16_t)e->string_count);
	writer_u16le(&w, 3);
	writer_u16le(&w, 0);
	writer_u32le(&w, 0);
	for (int i = 0; i < 5; i++)
		writer_u32le(&w, 0); /* offsets: below */
	(void)eventlog_utf16(&w, e->source);
	writer_u16le(&w, 0);
	(void)eventlog_utf16(&w, e->computer);
	writer_u16le(&w, 0);
	while (writer_length(&w) % 4 != 0)
		writer_u8(&w, 0);
	strings = (uint32_t)writer_length(&w);
	for (size_t i = 0; i < e->string_count; i++) {
		(void)eventlog_utf16(&w, e->strings[i].value);
		writer_u16le(&w, 0);
	}
	writer_init(&back, out + 36, 20);
	writer_u32le(&back, strings);
	writer_u32le(&back, 0);
	writer_u32le(&back, strings); /* no user */
	writer_u32le(&back, 0);
	writer_u32le(&back, (uint32_t)writer_length(&w)); /* no data */
	while (writer_length(&w) % 4 != 0)
		writer_u8(&w, 0);
	writer_u32le(&w, (uint32_t)writer_length(&w) + 4);
	writer_init(&back, out, 4);
	writer_u32le(&back, (uint32_t)writer_length(&w));
	return writer_length(&w);
}

/* Into the circle, over what is oldest. Returns where it starts. */
static size_t
put(struct circle *c, const uint8_t *p, size_t len, size_t newest)
{
	size_t start, left = c->size - c->at;

	if (left < RECORD_HEAD && len > left) {
		struct writer w;

		writer_init(&w, c->bytes + c->at, left);
		while (writer_left(&w) >= 4)
			writer_u32le(&w, FILLER);
		c->at = HEADER;
		c->has_wrapped = true;
	}
	start = c->at;
	for (size_t i = 0; i < len; i++) {
		if (c->at == c->size) {
			c->at = HEADER;
			c->has_wrapped = true;
		}
		while (c->oldest < newest && c->has_wrapped && c->starts[c->oldest] == c->at)
			c->oldest++;
		c->bytes[c->at++] = p[i];
	}
	return start;
}

static void
write_end(struct circle *c, const struct event_spec *events, size_t count)
{
	size_t at = c->at, oldest, begin, tries = 0;
	struct circle before = *c;
	uint8_t bytes[END_RECORD];
	struct writer w;

	do { /* it may destroy the oldest, which it names */
		oldest = c->oldest;
		*c = before;
		c->oldest = oldest;
		begin = oldest < count ? c->starts[oldest] : at;
		writer_init(&w, bytes, sizeof(bytes));
		writer_u32le(&w, END_RECORD);
		for (uint32_t i = 1; i <= 4; i++)
			writer_u32le(&w, i * 0x11111111);
		writer_u32le(&w, (uint32_t)begin);
		writer_u32le(&w, (uint32_t)at);
		writer_u32le(&w, (uint32_t)(count != 0 ? events[count - 1].number + 1 : 1));
		writer_u32le(&w, (uint32_t)(oldest < count ? events[oldest].number : 0));
		writer_u32le(&w, END_RECORD);
		(void)put(c, bytes, sizeof(bytes), count);
	} while (c->oldest != oldest && ++tries < 4);
}

static void
write_header(const struct circle *c, const struct event_spec *events, size_t count, size_t end,
	bool is_dirty)
{
	size_t begin = count != 0 ? c->starts[c->oldest < count ? c->oldest : 0] : HEADER;
	uint32_t flags = c->has_wrapped ? FLAG_WRAPPED : 0;
	struct writer w;

	if (is_dirty) { /* as it was when the log was empty */
		begin = end = HEADER;
		count = 0;
		flags |= FLAG_DIRTY;
	}
	writer_init(&w, c->bytes, HEADER);
	writer_u32le(&w, HEADER);
	writer_bytes(&w, "LfLe", 4);
	writer_u32le(&w, 1);
	writer_u32le(&w, 1);
	writer_u32le(&w, (uint32_t)begin);
	writer_u32le(&w, (uint32_t)end);
	writer_u32le(&w, (uint32_t)(count != 0 ? events[count - 1].number + 1 : 1));
	writer_u32le(&w, (uint32_t)(c->oldest < count ? events[c->oldest].number : 0));
	writer_u32le(&w, (uint32_t)c->size);
	writer_u32le(&w, flags);
	writer_u32le(&w, 0);
	writer_u32le(&w, HEADER);
}

size_t
evt_write(const struct event_spec *events, size_t count, const struct eventlog_options *o,
	uint8_t *out, size_t size)
{
	struct circle c = {.bytes = out,
		.size = o->file_size != 0 ? o->file_size : size,
		.at = HEADER};
	uint8_t *record = malloc(RECORD_MAX);
	size_t end;

	c.starts = calloc(count + 1, sizeof(size_t));
	if (c.size > size || record == NULL || c.starts == NULL) {
		free(record);
		free(c.starts);
		return 0;
	}
	memset(out, 0, c.size);
	for (size_t i = 0; i < count; i++)
		c.starts[i] = put(&c, record, write_record(&events[i], record), i);
	end = c.at;
	write_end(&c, events, count);
	if (o->file_size == 0)
		c.size = c.at;
	write_header(&c, events, count, end, o->is_dirty);
	free(c.starts);
	free(record);
	return c.size;
}
