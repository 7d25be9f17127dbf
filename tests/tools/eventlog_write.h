/* eventlog_write.h - writers of Windows Event Logs, for the tests alone.
 *
 * Small and regular, but as Windows lays them out: other readers take them. Texts are UTF-8;
 * "\uXXXX" is one unit of UTF-16, whatever it is.
 */
#ifndef TESTS_EVENTLOG_WRITE_H
#define TESTS_EVENTLOG_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/writer.h>

enum { EVENT_SPEC_STRINGS = 64, EVENT_SPEC_TEXT = 1024 };

struct event_spec {
	uint64_t number;
	int64_t time_s;
	uint32_t id; /* with severity and facility, if they matter */
	char source[EVENT_SPEC_TEXT], computer[EVENT_SPEC_TEXT];
	char message[EVENT_SPEC_TEXT];   /* of a forwarded event; empty: none */
	char user_data[EVENT_SPEC_TEXT]; /* element in UserData; empty: EventData */
	size_t string_count;
	struct {
		char name[64]; /* empty: none */
		char value[EVENT_SPEC_TEXT];
	} strings[EVENT_SPEC_STRINGS];
};

struct eventlog_options {
	bool is_dirty;     /* not closed: the header is old */
	bool is_plain;     /* evtx: without templates, as forwarded events are */
	bool no_checksums; /* evtx */
	bool is_new;       /* evtx: version 3.2 */
	size_t per_chunk;  /* evtx: events in a chunk; 0: as many as fit */
	size_t file_size;  /* evt: of the circle; 0: as large as needed */
};

/* Length of the file in out, or 0 when it does not fit. */
size_t evt_write(const struct event_spec *events, size_t count, const struct eventlog_options *o,
	uint8_t *out, size_t size);
size_t evtx_write(const struct event_spec *events, size_t count, const struct eventlog_options *o,
	uint8_t *out, size_t size);

/* All checksums anew. */
void evtx_repair(uint8_t *bytes, size_t len);

/* UTF-16 without a NUL at its end. Returns the units. */
size_t eventlog_utf16(struct writer *w, const char *text);

/* Into a chunk, whose first byte is w->start: names and templates are written once in it. */
struct binxml_names {
	size_t count;
	struct {
		char name[64];
		uint32_t offset;
	} names[256];
	uint32_t event, data; /* offsets of templates; 0: not yet written */
};

void binxml_write_event(struct writer *w, struct binxml_names *names, const struct event_spec *e,
	bool is_plain);
uint64_t eventlog_filetime(int64_t time_s);

/* Events from text: "event" starts one, then "source NAME", "id N", "number N", "time EPOCH",
 * "computer NAME", "string VALUE", "named NAME VALUE", "message TEXT", "user NAME", a line each;
 * "#" starts a comment. Returns the events read, at most max; 0: something is wrong. */
size_t eventlog_read_specs(const char *text, size_t len, struct event_spec *out, size_t max);

#endif
