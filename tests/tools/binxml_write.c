#include <stdio.h>
#include <string.h>

#include "eventlog_write.h"

/* Tokens, with TOKEN_MORE where attributes follow; types of values. */
enum {
	TOKEN_END,
	TOKEN_OPEN,
	TOKEN_CONTENT,
	TOKEN_EMPTY,
	TOKEN_CLOSE,
	TOKEN_VALUE,
	TOKEN_ATTRIBUTE,
	TOKEN_TEMPLATE = 0x0c,
	TOKEN_PLACE = 0x0e,
	TOKEN_FRAGMENT = 0x0f,
	TOKEN_MORE = 0x40
};

enum {
	TYPE_STRING = 0x01,
	TYPE_U8 = 0x04,
	TYPE_U16 = 0x06,
	TYPE_U64 = 0x0a,
	TYPE_FILETIME = 0x11,
	TYPE_XML = 0x21,
	TYPE_STRINGS = 0x81
};

enum {
	PLACE_SOURCE,
	PLACE_QUALIFIERS,
	PLACE_ID,
	PLACE_LEVEL,
	PLACE_TIME,
	PLACE_NUMBER,
	PLACE_COMPUTER,
	PLACE_DATA,
	PLACES
};

struct out {
	struct writer *w;
	struct binxml_names *names;
	bool has_dependency;
};

static uint32_t
here(const struct out *o)
{
	return (uint32_t)writer_length(o->w);
}

static void
patch(const struct out *o, size_t at, uint32_t v)
{
	struct writer w;

	if (writer_failed(o->w))
		return;
	writer_init(&w, o->w->start + at, 4);
	writer_u32le(&w, v);
}

static uint32_t
find_name(const struct out *o, const char *name)
{
	for (size_t i = 0; i < o->names->count; i++)
		if (strcmp(o->names->names[i].name, name) == 0)
			return o->names->names[i].offset;
	return 0;
}

static void
write_name(struct out *o, const char *name)
{
	uint32_t offset = find_name(o, name), hash = 0;
	struct binxml_names *n = o->names;

	if (offset != 0) {
		writer_u32le(o->w, offset);
		return;
	}
	offset = here(o) + 4;
	writer_u32le(o->w, offset);
	for (const char *p = name; *p != '\0'; p++)
		hash = hash * 65599 + (unsigned char)*p;
	writer_u32le(o->w, 0);
	writer_u16le(o->w, (uint16_t)hash);
	writer_u16le(o->w, (uint16_t)strlen(name));
	(void)eventlog_utf16(o->w, name);
	writer_u16le(o->w, 0);
	if (n->count == sizeof(n->names) / sizeof(n->names[0]))
		return;
	(void)snprintf(n->names[n->count].name, sizeof(n->names[0].name), "%s", name);
	n->names[n->count++].offset = offset;
}

static void
write_text(struct out *o, const char *text)
{
	uint8_t *count;

	writer_u8(o->w, TOKEN_VALUE);
	writer_u8(o->w, TYPE_STRING);
	count = o->w->at;
	writer_u16le(o->w, 0);
	if (!writer_failed(o->w)) {
		size_t units = eventlog_utf16(o->w, text);

		count[0] = (uint8_t)units;
		count[1] = (uint8_t)(units >> 8);
	}
}

static void
write_place(struct out *o, uint16_t index, uint8_t type)
{
	writer_u8(o->w, TOKEN_PLACE);
	writer_u16le(o->w, index);
	writer_u8(o->w, type);
}

/* Returns where its size is, for close_element. */
static size_t
open_element(struct out *o, const char *name, bool has_attributes)
{
	size_t at;

	writer_u8(o->w, (uint8_t)(TOKEN_OPEN | (has_attributes ? TOKEN_MORE : 0)));
	if (o->has_dependency)
		writer_u16le(o->w, 0xffff);
	at = here(o);
	writer_u32le(o->w, 0);
	write_name(o, name);
	return at;
}

static size_t
open_attributes(struct out *o)
{
	size_t at = here(o);

	writer_u32le(o->w, 0);
	return at;
}

static void
write_attribute(struct out *o, const char *name)
{
	writer_u8(o->w, TOKEN_ATTRIBUTE);
	write_name(o, name);
}

static void
close_attributes(struct out *o, size_t at, bool is_empty)
{
	patch(o, at, here(o) - (uint32_t)at - 4);
	if (!is_empty)
		writer_u8(o->w, TOKEN_CONTENT);
}

static void
close_element(struct out *o, size_t at, bool is_empty)
{
	writer_u8(o->w, is_empty ? TOKEN_EMPTY : TOKEN_CLOSE);
	patch(o, at, here(o) - (uint32_t)at - 4);
}

/* text NULL: a place. */
static void
write_leaf(struct out *o, const char *name, const char *text, uint16_t index, uint8_t type)
{
	size_t at = open_element(o, name, false);

	writer_u8(o->w, TOKEN_CONTENT);
	if (text != NULL)
		write_text(o, text);
	else
		write_place(o, index, type);
	close_element(o, at, false);
}

static void
write_with_attribute(struct out *o, const char *name, const char *attribute, const char *text,
	uint16_t index, uint8_t type)
{
	size_t at = open_element(o, name, true), list = open_attributes(o);

	write_attribute(o, attribute);
	if (text != NULL)
		write_text(o, text);
	else
		write_place(o, index, type);
	close_attributes(o, list, true);
	close_element(o, at, true);
}

static void
write_fragment(struct out *o)
{
	writer_u8(o->w, TOKEN_FRAGMENT);
	writer_u8(o->w, 1);
	writer_u8(o->w, 1);
	writer_u8(o->w, 0);
}

/* e NULL: all of it are places. */
static void
write_system(struct out *o, const struct event_spec *e)
{
	char id[16] = "", qualifiers[16] = "", number[24] = "", time[40] = "";
	size_t system = open_element(o, "System", false), at, list;
	uint64_t ticks = e != NULL ? (uint64_t)e->time_s : 0;

	if (e != NULL) {
		(void)snprintf(id, sizeof(id), "%u", e->id & 0xffff);
		(void)snprintf(qualifiers, sizeof(qualifiers), "%u", e->id >> 16);
		(void)snprintf(number, sizeof(number), "%llu", (unsigned long long)e->number);
		(void)snprintf(time, sizeof(time), "2026-11-20T%02u:%02u:%02u.000000000Z",
			(unsigned)(ticks / 3600 % 24), (unsigned)(ticks / 60 % 60),
			(unsigned)(ticks % 60));
	}
	writer_u8(o->w, TOKEN_CONTENT);
	write_with_attribute(o, "Provider", "Name", e != NULL ? e->source : NULL, PLACE_SOURCE,
		TYPE_STRING);
	at = open_element(o, "EventID", true);
	list = open_attributes(o);
	write_attribute(o, "Qualifiers");
	if (e != NULL)
		write_text(o, qualifiers);
	else
		write_place(o, PLACE_QUALIFIERS, TYPE_U16);
	close_attributes(o, list, false);
	if (e != NULL)
		write_text(o, id);
	else
		write_place(o, PLACE_ID, TYPE_U16);
	close_element(o, at, false);
	write_leaf(o, "Level", e != NULL ? "3" : NULL, PLACE_LEVEL, TYPE_U8);
	write_with_attribute(o, "TimeCreated", "SystemTime", e != NULL ? time : NULL, PLACE_TIME,
		TYPE_FILETIME);
	write_leaf(o, "EventRecordID", e != NULL ? number : NULL, PLACE_NUMBER, TYPE_U64);
	write_leaf(o, "Channel", "Application", 0, 0);
	write_leaf(o, "Computer", e != NULL ? e->computer : NULL, PLACE_COMPUTER, TYPE_STRING);
	close_element(o, system, false);
}

static size_t
open_event(struct out *o)
{
	size_t at = open_element(o, "Event", true), list = open_attributes(o);

	write_attribute(o, "xmlns");
	write_text(o, "http://schemas.microsoft.com/win/2004/08/events/event");
	close_attributes(o, list, false);
	return at;
}

/* With names, or without templates: each string its own element. places: not the values. */
static void
write_data(struct out *o, const struct event_spec *e, bool places)
{
	bool is_user = e->user_data[0] != '\0';
	size_t outer = open_element(o, is_user ? "UserData" : "EventData", false), inner = 0;

	writer_u8(o->w, TOKEN_CONTENT);
	if (is_user) {
		inner = open_element(o, e->user_data, false);
		writer_u8(o->w, TOKEN_CONTENT);
	}
	for (size_t i = 0; i < e->string_count; i++) {
		const char *name = e->strings[i].name;
		const char *text = places ? NULL : e->strings[i].value;
		size_t at, list;

		if (is_user || name[0] == '\0') {
			write_leaf(o, is_user ? name : "Data", text, (uint16_t)i, TYPE_STRING);
			continue;
		}
		at = open_element(o, "Data", true);
		list = open_attributes(o);
		write_attribute(o, "Name");
		write_text(o, name);
		close_attributes(o, list, false);
		if (text != NULL)
			write_text(o, text);
		else
			write_place(o, (uint16_t)i, TYPE_STRING);
		close_element(o, at, false);
	}
	if (is_user)
		close_element(o, inner, false);
	close_element(o, outer, false);
}

static void
write_plain(struct out *o, const struct event_spec *e)
{
	size_t event, info;

	write_fragment(o);
	event = open_event(o);
	write_system(o, e);
	write_data(o, e, false);
	if (e->message[0] != '\0') {
		info = open_element(o, "RenderingInfo", false);
		writer_u8(o->w, TOKEN_CONTENT);
		write_leaf(o, "Message", e->message, 0, 0);
		write_leaf(o, "Level", "Warning", 0, 0);
		close_element(o, info, false);
	}
	close_element(o, event, false);
	writer_u8(o->w, TOKEN_END);
}

/* The head of an instance; true: its definition has to follow, where its size is in *size_at. */
static bool
open_template(struct out *o, uint32_t id, uint32_t *offset, size_t *size_at)
{
	bool is_new = *offset == 0;

	writer_u8(o->w, TOKEN_TEMPLATE);
	writer_u8(o->w, 1);
	writer_u32le(o->w, id);
	if (is_new)
		*offset = here(o) + 4;
	writer_u32le(o->w, *offset);
	if (!is_new)
		return false;
	writer_u32le(o->w, 0);
	for (int i = 0; i < 4; i++)
		writer_u32le(o->w, id); /* GUID, which starts with the id */
	*size_at = here(o);
	writer_u32le(o->w, 0);
	write_fragment(o);
	o->has_dependency = true;
	return true;
}

static void
close_template(struct out *o, size_t size_at, bool had_dependency)
{
	writer_u8(o->w, TOKEN_END);
	patch(o, size_at, here(o) - (uint32_t)size_at - 4);
	o->has_dependency = had_dependency;
}

static size_t
open_values(struct out *o, uint32_t count)
{
	size_t at;

	writer_u32le(o->w, count);
	at = here(o);
	for (uint32_t i = 0; i < count; i++)
		writer_u32le(o->w, 0);
	return at;
}

/* The value written since start. */
static void
set_value(struct out *o, size_t table, size_t i, size_t start, uint8_t type)
{
	patch(o, table + 4 * i, (here(o) - (uint32_t)start) | (uint32_t)type << 16);
}

static void
write_string_value(struct out *o, size_t table, size_t i, const char *text)
{
	size_t start = here(o);

	(void)eventlog_utf16(o->w, text);
	set_value(o, table, i, start, TYPE_STRING);
}

/* <EventData><Data>all strings in one array</Data></EventData>, a template of its own. */
static void
write_classic(struct out *o, const struct event_spec *e)
{
	size_t size_at = 0, table, start, at;

	write_fragment(o);
	if (open_template(o, 2, &o->names->data, &size_at)) {
		at = open_element(o, "EventData", false);
		writer_u8(o->w, TOKEN_CONTENT);
		write_leaf(o, "Data", NULL, 0, TYPE_STRINGS);
		close_element(o, at, false);
		close_template(o, size_at, false);
	}
	table = open_values(o, 1);
	start = here(o);
	for (size_t i = 0; i < e->string_count; i++) {
		(void)eventlog_utf16(o->w, e->strings[i].value);
		writer_u16le(o->w, 0);
	}
	set_value(o, table, 0, start, TYPE_STRINGS);
	writer_u8(o->w, TOKEN_END);
}

/* As of a provider with a manifest: the template is the event's own. */
static void
write_named(struct out *o, const struct event_spec *e)
{
	size_t size_at = 0, table;
	uint32_t offset = 0;

	write_fragment(o);
	(void)open_template(o, 100 + e->id, &offset, &size_at);
	write_data(o, e, true);
	close_template(o, size_at, false);
	table = open_values(o, (uint32_t)e->string_count);
	for (size_t i = 0; i < e->string_count; i++)
		write_string_value(o, table, i, e->strings[i].value);
	writer_u8(o->w, TOKEN_END);
}

static void
write_values(struct out *o, const struct event_spec *e)
{
	size_t table = open_values(o, PLACES), start;
	bool has_names = e->string_count != 0 && e->strings[0].name[0] != '\0';

	write_string_value(o, table, PLACE_SOURCE, e->source);
	start = here(o);
	writer_u16le(o->w, (uint16_t)(e->id >> 16));
	set_value(o, table, PLACE_QUALIFIERS, start, TYPE_U16);
	start = here(o);
	writer_u16le(o->w, (uint16_t)e->id);
	set_value(o, table, PLACE_ID, start, TYPE_U16);
	start = here(o);
	writer_u8(o->w, 3); /* a warning */
	set_value(o, table, PLACE_LEVEL, start, TYPE_U8);
	start = here(o);
	writer_u64le(o->w, eventlog_filetime(e->time_s));
	set_value(o, table, PLACE_TIME, start, TYPE_FILETIME);
	start = here(o);
	writer_u64le(o->w, e->number);
	set_value(o, table, PLACE_NUMBER, start, TYPE_U64);
	write_string_value(o, table, PLACE_COMPUTER, e->computer);
	start = here(o);
	if (has_names)
		write_named(o, e);
	else
		write_classic(o, e);
	set_value(o, table, PLACE_DATA, start, TYPE_XML);
}

static void
write_instance(struct out *o, const struct event_spec *e)
{
	size_t size_at = 0, event;

	write_fragment(o);
	if (open_template(o, 1, &o->names->event, &size_at)) {
		event = open_event(o);
		write_system(o, NULL);
		write_place(o, PLACE_DATA, TYPE_XML);
		close_element(o, event, false);
		close_template(o, size_at, false);
	}
	write_values(o, e);
	writer_u8(o->w, TOKEN_END);
}

void
binxml_write_event(struct writer *w, struct binxml_names *names, const struct event_spec *e,
	bool is_plain)
{
	struct out o = {w, names, false};

	if (is_plain)
		write_plain(&o, e);
	else
		write_instance(&o, e);
}
