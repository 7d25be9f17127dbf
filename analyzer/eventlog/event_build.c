#include "event_build.h"

#include <string.h>

enum { SECTION_NONE, SECTION_SYSTEM, SECTION_EVENT_DATA, SECTION_USER_DATA, SECTION_RENDERING };

enum {
	ELEMENT_NONE, /* none that counts */
	ELEMENT_PROVIDER,
	ELEMENT_ID,
	ELEMENT_NUMBER,
	ELEMENT_TIME,
	ELEMENT_COMPUTER,
	ELEMENT_DATA,
	ELEMENT_FIELD, /* of UserData */
	ELEMENT_MESSAGE
};

enum {
	ATTRIBUTE_NONE,
	ATTRIBUTE_PROVIDER,    /* Provider@Name */
	ATTRIBUTE_SOURCE,      /* Provider@EventSourceName: its name as a classic source */
	ATTRIBUTE_SYSTEM_TIME, /* TimeCreated@SystemTime */
	ATTRIBUTE_DATA_NAME    /* Data@Name */
};

struct element_row {
	const char *name;
	uint8_t section, element;
};

struct attribute_row {
	const char *name;
	uint8_t element, attribute;
};

static const struct element_row sections[] = {
	{"System", SECTION_SYSTEM, ELEMENT_NONE},
	{"EventData", SECTION_EVENT_DATA, ELEMENT_NONE},
	{"UserData", SECTION_USER_DATA, ELEMENT_NONE},
	{"RenderingInfo", SECTION_RENDERING, ELEMENT_NONE},
};

static const struct element_row elements[] = {
	{"Provider", SECTION_SYSTEM, ELEMENT_PROVIDER},
	{"EventID", SECTION_SYSTEM, ELEMENT_ID},
	{"EventRecordID", SECTION_SYSTEM, ELEMENT_NUMBER},
	{"TimeCreated", SECTION_SYSTEM, ELEMENT_TIME},
	{"Computer", SECTION_SYSTEM, ELEMENT_COMPUTER},
	{"Data", SECTION_EVENT_DATA, ELEMENT_DATA},
	{"Message", SECTION_RENDERING, ELEMENT_MESSAGE},
};

static const struct attribute_row attributes[] = {
	{"Name", ELEMENT_PROVIDER, ATTRIBUTE_PROVIDER},
	{"EventSourceName", ELEMENT_PROVIDER, ATTRIBUTE_SOURCE},
	{"SystemTime", ELEMENT_TIME, ATTRIBUTE_SYSTEM_TIME},
	{"Name", ELEMENT_DATA, ATTRIBUTE_DATA_NAME},
};

void
event_build_begin(struct event_build *b, uint64_t number, bool is_line, const struct stamp *stamp)
{
	memset(b, 0, offsetof(struct event_build, text));
	b->record.number = number;
	b->record.is_line = is_line;
	if (stamp != NULL)
		b->record.stamp = *stamp;
}

static void
set_problem(struct event_build *b, const char *problem)
{
	if (b->problem == NULL)
		b->problem = problem;
	b->wants = false;
}

/* Exporters may give the events' namespace a prefix. */
static struct text
local_name(struct text name)
{
	size_t colon = text_find_byte(name, ':');

	return colon != SIZE_MAX ? text_from(name, colon + 1) : name;
}

static uint8_t
find_section(struct text name)
{
	for (size_t i = 0; i < ORBL_COUNT(sections); i++)
		if (text_equal(name, text_of(sections[i].name)))
			return sections[i].section;
	return SECTION_NONE;
}

static uint8_t
find_element(uint8_t section, struct text name)
{
	for (size_t i = 0; i < ORBL_COUNT(elements); i++)
		if (elements[i].section == section && text_equal(name, text_of(elements[i].name)))
			return elements[i].element;
	return ELEMENT_NONE;
}

static struct text
keep(struct event_build *b, struct text t)
{
	char *at = b->text + b->used;

	if (t.len > sizeof(b->text) - b->used) {
		set_problem(b, "the event is longer than 256 KiB");
		return TEXT_NONE;
	}
	if (t.len != 0)
		memcpy(at, t.p, t.len);
	b->used += t.len;
	return (struct text){at, t.len};
}

static uint8_t
place_element(struct event_build *b, struct text name)
{
	if (b->depth == 3 && b->section == SECTION_USER_DATA)
		return ELEMENT_FIELD;
	if (b->depth > 3)
		return b->section == SECTION_USER_DATA ? ELEMENT_FIELD : ELEMENT_NONE;
	return b->depth == 3 ? find_element(b->section, name) : ELEMENT_NONE;
}

void
event_build_start(struct event_build *b, struct text name)
{
	if (b->problem != NULL)
		return;
	if (b->depth >= EVENT_BUILD_DEPTH) {
		set_problem(b, "its elements are nested more than 64 deep");
		return;
	}
	name = local_name(name);
	if (b->leaf != 0)
		b->used = b->item; /* the element around this one is no leaf, then */
	b->leaf = ++b->depth;
	b->item = b->used;
	b->name = TEXT_NONE;
	b->attribute = ATTRIBUTE_NONE;
	if (b->depth == 1)
		b->is_event = text_equal(name, TEXT("Event"));
	else if (b->depth == 2)
		b->section = b->is_event ? find_section(name) : SECTION_NONE;
	b->element = place_element(b, name);
	if (b->element == ELEMENT_FIELD)
		b->name = keep(b, name);
	b->value = b->used;
	b->in_tag = true;
	b->wants = false;
}

static struct text
value_of(const struct event_build *b)
{
	return (struct text){b->text + b->value, b->used - b->value};
}

static struct text
trim(struct text t)
{
	static const char blanks[] = " \t\r\n";

	while (t.len != 0 && strchr(blanks, t.p[0]) != NULL)
		t = text_from(t, 1);
	while (t.len != 0 && strchr(blanks, t.p[t.len - 1]) != NULL)
		t.len--;
	return t;
}

static void
set_time(struct event_build *b, struct text value)
{
	struct stamp s = {0};

	value = trim(value);
	if (stamp_take_rfc3339(&value, &s) && value.len == 0)
		b->record.stamp = s;
}

/* The attribute that is open, if any, is complete. */
static void
end_attribute(struct event_build *b)
{
	struct text value = value_of(b);

	switch (b->attribute) {
	case ATTRIBUTE_PROVIDER:
		if (b->record.source.len == 0)
			b->record.source = value;
		break;
	case ATTRIBUTE_SOURCE:
		if (value.len != 0)
			b->record.source = value;
		break;
	case ATTRIBUTE_SYSTEM_TIME: set_time(b, value); break;
	case ATTRIBUTE_DATA_NAME: b->name = value; break;
	default: b->used = b->value; break;
	}
	b->attribute = ATTRIBUTE_NONE;
	b->value = b->used;
	if (b->element != ELEMENT_DATA && b->element != ELEMENT_FIELD)
		b->item = b->used;
}

void
event_build_attribute(struct event_build *b, struct text name)
{
	if (b->problem != NULL)
		return;
	if (!b->in_tag) {
		set_problem(b, "an attribute outside of an element");
		return;
	}
	end_attribute(b);
	name = local_name(name);
	for (size_t i = 0; i < ORBL_COUNT(attributes); i++)
		if (attributes[i].element == b->element &&
			text_equal(name, text_of(attributes[i].name)))
			b->attribute = attributes[i].attribute;
	b->wants = b->attribute != ATTRIBUTE_NONE;
}

void
event_build_content(struct event_build *b)
{
	if (b->problem != NULL || !b->in_tag)
		return;
	end_attribute(b);
	b->in_tag = false;
	b->wants = b->element > ELEMENT_PROVIDER && b->element != ELEMENT_TIME;
}

static void
add_string(struct event_build *b, struct text value)
{
	struct event_record *e = &b->record;

	if (e->string_count < EVENT_STRINGS_MAX)
		e->strings[e->string_count++] = (struct event_string){b->name, value};
}

static void
set_id(struct event_build *b, struct text value)
{
	uint64_t id;

	if (text_to_u64(trim(value), UINT32_MAX, &id) != OK) {
		set_problem(b, "its event id is not a number");
		return;
	}
	b->record.id = (uint32_t)(id & 0xffff);
	b->has_id = true;
}

static void
set_number(struct event_build *b, struct text value)
{
	uint64_t number;

	if (text_to_u64(trim(value), UINT64_MAX, &number) != OK || number == 0)
		return;
	b->record.number = number;
	b->record.is_line = false;
}

static void
end_leaf(struct event_build *b)
{
	struct text value = value_of(b);

	switch (b->element) {
	case ELEMENT_ID: set_id(b, value); break;
	case ELEMENT_NUMBER: set_number(b, value); break;
	case ELEMENT_COMPUTER: b->record.computer = value; break;
	case ELEMENT_MESSAGE: b->record.message = value; break;
	case ELEMENT_DATA:
	case ELEMENT_FIELD: add_string(b, value); break;
	default: break;
	}
}

void
event_build_end(struct event_build *b)
{
	if (b->problem != NULL)
		return;
	if (b->depth == 0) {
		set_problem(b, "an element ends that has not started");
		return;
	}
	event_build_content(b);
	if (b->leaf == b->depth)
		end_leaf(b);
	b->leaf = 0;
	b->wants = false;
	b->item = b->value = b->used;
	b->depth--;
	if (b->depth == 1)
		b->section = SECTION_NONE;
}

void
event_build_again(struct event_build *b)
{
	if (b->problem != NULL || b->leaf == 0 || b->in_tag)
		return;
	end_leaf(b);
	b->value = b->used;
}

void
event_build_omit(struct event_build *b)
{
	if (b->in_tag)
		return;
	b->leaf = 0;
	b->wants = false;
}

char *
event_build_room(struct event_build *b, size_t len)
{
	if (!b->wants)
		return NULL;
	if (len > sizeof(b->text) - b->used) {
		set_problem(b, "the event is longer than 256 KiB");
		return NULL;
	}
	return b->text + b->used;
}

void
event_build_filled(struct event_build *b, size_t len)
{
	b->used += len;
}

void
event_build_text(struct event_build *b, struct text t)
{
	if (b->wants && t.len != 0)
		(void)keep(b, t);
}

const char *
event_build_finish(struct event_build *b)
{
	if (b->problem != NULL)
		return b->problem;
	if (b->depth != 0)
		return "an element does not end";
	if (!b->is_event)
		return "there is no event in it";
	if (!b->has_id)
		return "an event without an id";
	return NULL;
}
