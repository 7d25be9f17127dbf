#include "binxml.h"

#include <string.h>

#include <orbl/cursor.h>

#include "binxml_value.h"
#include "utf16.h"

enum {
	NAME_UNITS_MAX = 256,
	CHUNK_HEADER = 512,   /* no name and no template can lie in it */
	DEFINITION_HEAD = 24, /* next, GUID, size */
	DESCRIPTOR = 4,       /* size, type, nothing: of a value */
	TOKEN_HAS_MORE = 0x40
};

struct values { /* of a template instance: descriptors, then what they describe */
	struct cursor table, data;
	uint32_t count; /* 0: no template instance */
	uint32_t next;  /* the value that data is at: they are mostly taken in order */
	size_t next_at;
};

struct fragment { /* of binary XML that is being read */
	struct cursor c;
	struct values values;
	bool has_dependency; /* elements in templates have a 16-bit dependency id */
	unsigned depth;      /* open elements when it started */
};

struct binxml {
	struct binxml_chunk *chunk;
	struct event_build *build;
	const char *problem;
	uint32_t work;
	size_t count;
	struct fragment stack[BINXML_NESTING];
	char name[NAME_UNITS_MAX * UTF16_GROWTH];
};

static bool
fail(struct binxml *x, const char *problem)
{
	if (x->problem == NULL)
		x->problem = problem;
	return false;
}

static bool
charge(struct binxml *x, size_t work)
{
	if (work >= x->work) {
		x->work = 0;
		return fail(x, "its templates expand to too much");
	}
	x->work -= (uint32_t)work;
	return true;
}

static struct cursor
chunk_from(const struct binxml *x, size_t offset)
{
	struct cursor c;

	cursor_init(&c, x->chunk->bytes, x->chunk->len);
	if (offset < CHUNK_HEADER)
		c.failed = true;
	(void)cursor_bytes(&c, offset);
	return c;
}

static bool
push(struct binxml *x, struct cursor c, bool has_dependency)
{
	struct fragment *f;

	if (x->count == BINXML_NESTING)
		return fail(x, "its templates are nested more than 64 deep");
	f = &x->stack[x->count++];
	memset(f, 0, sizeof(*f));
	f->c = c;
	f->has_dependency = has_dependency;
	f->depth = x->build->depth;
	return true;
}

static bool
pop(struct binxml *x)
{
	const struct fragment *f = &x->stack[--x->count];

	return x->build->depth == f->depth || fail(x, "an element does not end in its fragment");
}

/* A name at an offset: next, hash, count, UTF-16, NUL. Lends its units. */
static const uint8_t *
name_at(const struct binxml *x, uint32_t offset, size_t *units)
{
	struct cursor c = chunk_from(x, offset);
	const uint8_t *p;

	(void)cursor_bytes(&c, 6);
	*units = cursor_u16le(&c);
	p = cursor_bytes(&c, *units * 2);
	if (cursor_u16le(&c) != 0 || cursor_failed(&c) || *units == 0 || *units > NAME_UNITS_MAX)
		return NULL;
	return p;
}

static bool
has_name(const struct binxml *x, struct cursor c, size_t skip)
{
	uint32_t offset;
	size_t units;

	(void)cursor_bytes(&c, skip);
	offset = cursor_u32le(&c);
	return !cursor_failed(&c) && name_at(x, offset, &units) != NULL;
}

/* The first use of a name in the chunk has it behind its offset. */
static bool
read_name(struct binxml *x, struct cursor *c, struct text *out)
{
	uint32_t offset = cursor_u32le(c);
	size_t units;
	const uint8_t *p;

	if (cursor_failed(c) || (p = name_at(x, offset, &units)) == NULL)
		return fail(x, "a name in it cannot be read");
	if (offset == cursor_offset(c))
		(void)cursor_bytes(c, 8 + 2 * units + 2);
	*out = (struct text){x->name, utf16_to_utf8(p, units, x->name)};
	return charge(x, units);
}

/* Writers differ on where the dependency id stands: the name tells. */
static size_t
dependency_length(const struct binxml *x, const struct fragment *f)
{
	size_t usual = f->has_dependency ? 2 : 0, other = 2 - usual;

	return !has_name(x, f->c, usual + 4) && has_name(x, f->c, other + 4) ? other : usual;
}

static bool
read_element(struct binxml *x, struct fragment *f, bool has_attributes)
{
	struct text name;

	(void)cursor_bytes(&f->c, dependency_length(x, f) + 4);
	if (!read_name(x, &f->c, &name))
		return false;
	if (has_attributes)
		(void)cursor_u32le(&f->c);
	event_build_start(x->build, name);
	return true;
}

static bool
read_attribute(struct binxml *x, struct fragment *f)
{
	struct text name;

	if (!read_name(x, &f->c, &name))
		return false;
	event_build_attribute(x->build, name);
	return true;
}

static bool
end_element(struct binxml *x, const struct fragment *f)
{
	if (x->build->depth <= f->depth)
		return fail(x, "an element ends that has not started");
	event_build_end(x->build);
	return true;
}

/* Count and UTF-16. */
static bool
read_text(struct binxml *x, struct fragment *f, bool is_content)
{
	size_t units = cursor_u16le(&f->c);
	const uint8_t *p = cursor_bytes(&f->c, 2 * units);

	if (p == NULL)
		return fail(x, "a text in it is cut short");
	if (is_content)
		binxml_value_utf16(x->build, p, units);
	return charge(x, units);
}

static bool
read_value(struct binxml *x, struct fragment *f)
{
	if (cursor_u8(&f->c) != BINXML_STRING)
		return fail(x, "a text in it is of no known type");
	return read_text(x, f, true);
}

static bool
read_character(struct binxml *x, struct fragment *f)
{
	const uint8_t *p = cursor_bytes(&f->c, 2);

	if (p != NULL)
		binxml_value_utf16(x->build, p, 1);
	return true;
}

static bool
read_entity(struct binxml *x, struct fragment *f)
{
	static const struct {
		const char *name, *text;
	} entities[] = {
		{"amp", "&"},
		{"lt", "<"},
		{"gt", ">"},
		{"quot", "\""},
		{"apos", "'"},
	};
	struct text name;

	if (!read_name(x, &f->c, &name))
		return false;
	for (size_t i = 0; i < ORBL_COUNT(entities); i++) {
		if (!text_equal(name, text_of(entities[i].name)))
			continue;
		event_build_text(x->build, text_of(entities[i].text));
		return true;
	}
	return fail(x, "an entity in it is not known");
}

static bool
read_instruction(struct binxml *x, struct fragment *f)
{
	struct text name;

	return read_name(x, &f->c, &name);
}

/* Pass over the descriptors and values behind a template instance's definition. */
static bool
take_values(struct binxml *x, struct cursor *c, struct values *out)
{
	struct cursor table;
	size_t total = 0;

	memset(out, 0, sizeof(*out));
	out->count = cursor_u32le(c);
	if (out->count > cursor_left(c) / DESCRIPTOR)
		return fail(x, "it has more values than there is room for");
	out->table = table = *c;
	(void)cursor_bytes(c, (size_t)out->count * DESCRIPTOR);
	out->data = *c;
	for (uint32_t i = 0; i < out->count; i++) {
		total += cursor_u16le(&table);
		(void)cursor_u16le(&table);
	}
	if (cursor_bytes(c, total) == NULL)
		return fail(x, "its values are cut short");
	return charge(x, out->count);
}

static bool
read_template(struct binxml *x, struct fragment *f)
{
	struct cursor definition, body;
	struct values values;
	uint32_t offset, size;

	(void)cursor_bytes(&f->c, 1 + 4);
	offset = cursor_u32le(&f->c);
	definition = chunk_from(x, offset);
	(void)cursor_bytes(&definition, DEFINITION_HEAD - 4);
	size = cursor_u32le(&definition);
	if (cursor_failed(&f->c) || size == 0 || size > cursor_left(&definition))
		return fail(x, "the definition of its template cannot be read");
	if (offset == cursor_offset(&f->c) &&
		cursor_bytes(&f->c, DEFINITION_HEAD + (size_t)size) == NULL)
		return fail(x, "the definition of its template is cut short");
	if (!take_values(x, &f->c, &values))
		return false;
	body = definition;
	body.end = body.at + size;
	if (!push(x, body, true))
		return false;
	x->stack[x->count - 1].values = values;
	return true;
}

static bool
find_value(struct binxml *x, struct values *v, uint32_t index, uint8_t *type, struct cursor *out)
{
	struct cursor table = v->table;
	size_t size;

	if (index >= v->count)
		return fail(x, "it lacks a value that its template has a place for");
	if (index < v->next)
		v->next_at = v->next = 0;
	if (!charge(x, index - v->next + 1))
		return false;
	(void)cursor_bytes(&table, (size_t)v->next * DESCRIPTOR);
	for (; v->next < index; v->next++) {
		v->next_at += cursor_u16le(&table);
		(void)cursor_u16le(&table);
	}
	size = cursor_u16le(&table);
	*type = cursor_u8(&table);
	*out = v->data;
	(void)cursor_bytes(out, v->next_at);
	out->end = out->at + size; /* in bounds: take_values has added the sizes up */
	return true;
}

static bool
read_substitution(struct binxml *x, struct fragment *f, bool is_optional)
{
	uint32_t index = cursor_u16le(&f->c);
	struct cursor value;
	uint8_t type;

	(void)cursor_u8(&f->c); /* the type it should have; the value's own counts */
	if (cursor_failed(&f->c))
		return fail(x, "it is cut short");
	if (!find_value(x, &f->values, index, &type, &value))
		return false;
	if (type == BINXML_NULL && is_optional)
		event_build_omit(x->build);
	if (type == BINXML_NESTED)
		return cursor_left(&value) == 0 || push(x, value, false);
	if (!binxml_value_add(x->build, type, value.at, cursor_left(&value)))
		return fail(x, "a value in it is of no known type, or too short for it");
	return charge(x, cursor_left(&value));
}

static bool
close_start(struct binxml *x, const struct fragment *f, bool is_empty)
{
	event_build_content(x->build);
	return !is_empty || end_element(x, f);
}

static bool
read_token(struct binxml *x, struct fragment *f)
{
	uint8_t token = cursor_u8(&f->c);

	switch (token & ~TOKEN_HAS_MORE) {
	case 0x00: return pop(x);
	case 0x01: return read_element(x, f, (token & TOKEN_HAS_MORE) != 0);
	case 0x02: return close_start(x, f, false);
	case 0x03: return close_start(x, f, true);
	case 0x04: return end_element(x, f);
	case 0x05: return read_value(x, f);
	case 0x06: return read_attribute(x, f);
	case 0x07: return read_text(x, f, true); /* CDATA */
	case 0x08: return read_character(x, f);
	case 0x09: return read_entity(x, f);
	case 0x0a: return read_instruction(x, f);
	case 0x0b: return read_text(x, f, false);
	case 0x0c: return read_template(x, f);
	case 0x0d: return read_substitution(x, f, false);
	case 0x0e: return read_substitution(x, f, true);
	case 0x0f: (void)cursor_bytes(&f->c, 3); return true; /* version and flags */
	default: return fail(x, "it has a token that there is none of");
	}
}

static void
read_all(struct binxml *x)
{
	while (x->count != 0 && x->problem == NULL && x->build->problem == NULL) {
		struct fragment *f = &x->stack[x->count - 1];

		if (cursor_left(&f->c) == 0) {
			(void)pop(x);
			continue;
		}
		if (!charge(x, 1) || !read_token(x, f))
			return;
		if (cursor_failed(&f->c))
			(void)fail(x, "it is cut short");
	}
}

const char *
binxml_read(struct binxml_chunk *chunk, size_t at, size_t end, struct event_build *b)
{
	uint32_t work = chunk->work < BINXML_RECORD_WORK ? chunk->work : BINXML_RECORD_WORK;
	struct binxml x = {.chunk = chunk, .build = b, .work = work};
	struct cursor c = chunk_from(&x, at);

	if (end > chunk->len || end < at || cursor_failed(&c))
		return "it does not lie in its chunk";
	c.end = chunk->bytes + end;
	(void)push(&x, c, false);
	read_all(&x);
	chunk->work -= work - x.work;
	return x.problem != NULL ? x.problem : b->problem;
}
