/* fuzz_event_records.c - any bytes as records of Windows Event Logs that are whole outside.
 *
 * The first byte chooses .evtx or .evt and the size of pieces; the rest is records, each a 16-bit
 * length and its inside. Lengths, signatures and checksums are made for them, so that what is
 * behind those checks is reached. Events hold UTF-8 without NUL, in bounds.
 */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/writer.h>

#include "container.h"
#include "eventlog_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_HEADER = 4096, CHUNK = 65536, CHUNK_HEADER = 512, FILE_SIZE = FILE_HEADER + CHUNK };

struct seen {
	uint64_t hash;
	unsigned events, troubles;
};

static void
add(struct seen *s, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len; i++)
		s->hash = (s->hash ^ b[i]) * UINT64_C(1099511628211);
}

static void
check_text(struct seen *s, struct text t)
{
	assert(t.p != NULL || t.len == 0);
	for (size_t i = 0; i < t.len;) {
		uint8_t c = (uint8_t)t.p[i];
		size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

		assert(c != 0 && (c < 0x80 || (c >= 0xc2 && c <= 0xf4)) && n <= t.len - i);
		assert(c != 0xed || (uint8_t)t.p[i + 1] < 0xa0);
		for (size_t k = 1; k < n; k++)
			assert(((uint8_t)t.p[i + k] & 0xc0) == 0x80);
		i += n;
	}
	add(s, t.p, t.len);
	add(s, &t.len, sizeof(t.len));
}

static enum err
take_event(const struct event_record *e, void *context)
{
	struct seen *s = context;

	assert(e->string_count <= EVENT_STRINGS_MAX && e->id <= 0xffff && !e->is_line);
	assert(e->stamp.month >= 0 && e->stamp.month <= 12);
	add(s, &e->number, sizeof(e->number));
	add(s, &e->id, sizeof(e->id));
	check_text(s, e->source);
	check_text(s, e->computer);
	check_text(s, e->message);
	for (size_t i = 0; i < e->string_count; i++) {
		check_text(s, e->strings[i].name);
		check_text(s, e->strings[i].value);
	}
	s->events++;
	return OK;
}

static void
take_trouble(uint64_t where, const char *reason, void *context)
{
	struct seen *s = context;

	add(s, &where, sizeof(where));
	add(s, reason, strlen(reason));
	s->troubles++;
}

static void
run(const char *format, const uint8_t *bytes, size_t len, size_t step, struct seen *s)
{
	const struct container_sink sink = {s, NULL, take_event, take_trouble};
	const struct container *row = container_find(format);
	void *box = row->open(&sink);

	memset(s, 0, sizeof(*s));
	assert(box != NULL);
	for (size_t at = 0; at < len; at += step)
		assert(row->feed(box, bytes + at, len - at < step ? len - at : step) == OK);
	assert(row->finish(box) == OK);
	row->close(box);
}

/* The next record's inside. */
static bool
next_record(const uint8_t **data, size_t *size, size_t *len)
{
	if (*size < 2)
		return false;
	*len = (size_t)((*data)[0] | (*data)[1] << 8);
	*data += 2;
	*size -= 2;
	if (*len > *size)
		*len = *size;
	return true;
}

static void
patch(struct writer *w, size_t at, uint32_t v)
{
	struct writer p;

	writer_init(&p, w->start + at, 4);
	writer_u32le(&p, v);
}

static size_t
make_evtx(const uint8_t *data, size_t size, uint8_t *file, unsigned *count)
{
	struct writer w, head;
	size_t len;

	memset(file, 0, FILE_SIZE);
	memcpy(file, "ElfFile\0", 8);
	file[32] = 128;
	file[36] = 1;
	file[38] = 3;
	file[41] = 16;
	writer_init(&w, file + FILE_HEADER, CHUNK);
	w.at += CHUNK_HEADER;
	for (*count = 0; next_record(&data, &size, &len); ++*count, data += len, size -= len) {
		size_t at = writer_length(&w);

		if (writer_left(&w) < len + 28)
			break;
		writer_u32le(&w, 0x2a2a);
		writer_u32le(&w, (uint32_t)len + 28);
		writer_u64le(&w, *count + 1);
		writer_u64le(&w, UINT64_C(134300000000000000));
		writer_bytes(&w, data, len);
		writer_u32le(&w, (uint32_t)(writer_length(&w) + 4 - at));
	}
	writer_init(&head, w.start, CHUNK_HEADER);
	writer_bytes(&head, "ElfChnk", 8);
	for (int i = 0; i < 2; i++) {
		writer_u64le(&head, 1);
		writer_u64le(&head, *count);
	}
	writer_u32le(&head, 128);
	writer_u32le(&head, 0);
	writer_u32le(&head, (uint32_t)writer_length(&w));
	evtx_repair(file, FILE_SIZE);
	return FILE_SIZE;
}

static size_t
make_evt(const uint8_t *data, size_t size, uint8_t *file, unsigned *count)
{
	static const struct event_spec none;
	static const struct eventlog_options options;
	uint8_t end[88];
	struct writer w;
	size_t len;

	assert(evt_write(&none, 0, &options, end, sizeof(end)) == sizeof(end));
	writer_init(&w, file, FILE_SIZE - 40);
	writer_bytes(&w, end, 48);
	for (*count = 0; next_record(&data, &size, &len); ++*count, data += len, size -= len) {
		size_t at = writer_length(&w);

		if (len < 48 || writer_left(&w) < len + 12)
			break;
		writer_u32le(&w, (uint32_t)len + 12);
		writer_bytes(&w, "LfLe", 4);
		writer_bytes(&w, data, len);
		writer_u32le(&w, 0);
		patch(&w, writer_length(&w) - 4, (uint32_t)(writer_length(&w) - at));
	}
	memcpy(w.at, end + 48, 40);
	return writer_length(&w) + 40;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t file[FILE_SIZE];
	struct seen whole, parts;
	const char *format;
	unsigned count;
	size_t len;

	if (size < 1)
		return 0;
	format = (data[0] & 1) != 0 ? "evt" : "evtx";
	len = (data[0] & 1) != 0 ? make_evt(data + 1, size - 1, file, &count) :
				   make_evtx(data + 1, size - 1, file, &count);
	run(format, file, len, len, &whole);
	run(format, file, len, (size_t)(data[0] >> 1) * 64 + 61, &parts);
	assert(memcmp(&whole, &parts, sizeof(whole)) == 0);
	/* Each record is an event or told, and nothing else is. */
	assert(whole.events + whole.troubles == count);
	return 0;
}
