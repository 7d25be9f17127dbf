/* A and TXT of entries: what they are in the file, and what becomes of them. */
#include "rbldnsd.h"

#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "grow.h"
#include "rbldnsd_addr.h"
#include "rbldnsd_template.h"

struct rbldnsd_value_row {
	uint64_t hash;
	size_t text_at;
	uint32_t text_len;
	uint32_t a;
	uint32_t class_id;
	uint32_t line; /* where it was met first */
	uint16_t file;
	uint16_t action;
};

enum {
	LATE_DEFAULT = 0
}; /* stands for the A of a value: the default that is in force at the end */

/* --- reading --- */

/* An A value: an address, the last octet of 127.0.0.x, or the first octets of one and its last. */
static bool
take_code(struct rbldnsd_set *s, struct text *t, uint32_t *a)
{
	unsigned count;

	if (!rbldnsd_take_octets(t, a, &count) || *a == 0) {
		rbldnsd_reject(s, "A value is not an address or last octet");
		return false;
	}
	if (count == 1)
		*a = 0x7f000000 | *a >> 24;
	else if (count == 2)
		*a = (*a & 0xff000000) | (*a >> 16 & 0xff);
	else if (count == 3)
		*a = (*a & 0xffff0000) | (*a >> 8 & 0xff);
	if (*a >> 24 == 127)
		return true;
	rbldnsd_reject(s, "A value outside 127.0.0.0/8");
	return false;
}

bool
rbldnsd_value_read(struct rbldnsd_set *s, struct text t, struct rbldnsd_value *value)
{
	if (t.len == 0 || t.p[0] != ':') {
		value->text = t;
		return true;
	}
	t = text_from(t, 1);
	if (!take_code(s, &t, &value->a))
		return false;
	t = text_trim(t);
	if (t.len != 0 && t.p[0] != ':') {
		rbldnsd_reject(s, "value is not :A: and text");
		return false;
	}
	if (t.len != 0)
		value->text = text_trim(text_from(t, 1));
	return true;
}

void
rbldnsd_default_reset(struct rbldnsd_set *s)
{
	s->default_action = s->type->default_action;
	s->default_a = RBLDNSD_A;
	s->has_default = false;
	s->default_len = 0;
	s->default_class = SNAPSHOT_NOT_LISTED;
}

void
rbldnsd_default_set(struct rbldnsd_set *s, const struct rbldnsd_value *value)
{
	if (s->type->one_default && s->has_default)
		return;
	s->has_default = true;
	s->default_action = value->action;
	s->default_a = value->a;
	s->default_len = value->text.len; /* at most a line */
	if (value->text.len != 0)
		memcpy(s->default_text, value->text.p, value->text.len);
	if (!s->type->one_default)
		s->default_class = SNAPSHOT_NOT_LISTED;
}

void
rbldnsd_default_read(struct rbldnsd_set *s, struct text t)
{
	struct rbldnsd_value value = {SNAPSHOT_LISTED, RBLDNSD_A, TEXT_NONE};

	if (rbldnsd_value_read(s, t, &value))
		rbldnsd_default_set(s, &value);
}

/* --- one class a value --- */

static struct text
row_text(const struct rbldnsd_values *v, const struct rbldnsd_value_row *row)
{
	return (struct text){v->bytes + row->text_at, row->text_len};
}

static bool
row_is(const struct rbldnsd_values *v, size_t i, const struct rbldnsd_value *value)
{
	const struct rbldnsd_value_row *row = &v->rows[i];

	return row->a == value->a && row->action == value->action &&
		text_equal(row_text(v, row), value->text);
}

static uint64_t
hash_value(const struct rbldnsd_value *value)
{
	return XXH3_64bits_withSeed(value->text.p != NULL ? value->text.p : "", value->text.len,
		value->a ^ (uint64_t)value->action << 32);
}

static uint64_t
slot_of(uint64_t hash, size_t row)
{
	return (hash >> 32) << 32 | (row + 1);
}

/* The slot of a value, or the free one where it belongs. */
static size_t
find_slot(const struct rbldnsd_values *v, const struct rbldnsd_value *value, uint64_t hash)
{
	size_t at = hash & (v->slot_count - 1);

	for (; v->slots[at] != 0; at = (at + 1) & (v->slot_count - 1))
		if (v->slots[at] >> 32 == hash >> 32 &&
			row_is(v, (uint32_t)v->slots[at] - 1, value))
			break;
	return at;
}

/* At most half of the slots are taken. */
static bool
room_for_slot(struct rbldnsd_values *v)
{
	size_t count = v->slot_count != 0 ? 2 * v->slot_count : 64;
	uint64_t *slots;

	if (2 * (v->count + 1) <= v->slot_count)
		return true;
	slots = calloc(count, sizeof(*slots));
	if (slots == NULL)
		return false;
	for (size_t i = 0; i < v->count; i++) {
		size_t at = v->rows[i].hash & (count - 1);

		while (slots[at] != 0)
			at = (at + 1) & (count - 1);
		slots[at] = slot_of(v->rows[i].hash, i);
	}
	free(v->slots);
	v->slots = slots;
	v->slot_count = count;
	return true;
}

static bool
room_for_row(struct rbldnsd_values *v, size_t text_len)
{
	void *rows = grow(v->rows, &v->room, v->count + 1, sizeof(*v->rows));
	void *bytes;

	if (rows == NULL)
		return false;
	v->rows = rows;
	bytes = grow(v->bytes, &v->bytes_room, v->bytes_len + text_len + 1, 1);
	if (bytes == NULL)
		return false;
	v->bytes = bytes;
	return room_for_slot(v);
}

static enum err
add_row(struct rbldnsd_set *s, const struct rbldnsd_value *value, uint64_t hash, size_t slot,
	struct error *e)
{
	struct rbldnsd_values *v = &s->values;
	struct rbldnsd_value_row *row = &v->rows[v->count];
	struct error why;
	enum err err;

	*row = (struct rbldnsd_value_row){.hash = hash,
		.text_at = v->bytes_len,
		.text_len = (uint32_t)value->text.len,
		.a = value->a,
		.action = (uint16_t)value->action,
		.file = (uint16_t)s->source->file,
		.line = (uint32_t)s->source->lines.number};
	err = snapshot_builder_class_reserve(s->source->builder, &row->class_id, &why);
	if (err != OK)
		return rbldnsd_fail(s, e, err, "%s", why.text);
	if (value->text.len != 0)
		memcpy(v->bytes + v->bytes_len, value->text.p, value->text.len);
	v->bytes_len += value->text.len;
	v->slots[slot] = slot_of(hash, v->count++);
	return OK;
}

enum err
rbldnsd_value_intern(struct rbldnsd_set *s, const struct rbldnsd_value *value, uint32_t *id,
	struct error *e)
{
	struct rbldnsd_values *v = &s->values;
	uint64_t hash;
	size_t at;
	enum err err = OK;

	*id = SNAPSHOT_NOT_LISTED;
	if (v->count == 0 || !row_is(v, v->last, value)) {
		if (!room_for_row(v, value->text.len))
			return rbldnsd_fail(s, e, ERR_MEMORY, "out of memory");
		hash = hash_value(value);
		at = find_slot(v, value, hash);
		if (v->slots[at] == 0)
			err = add_row(s, value, hash, at, e);
		if (err != OK)
			return err;
		v->last = (uint32_t)v->slots[at] - 1;
	}
	*id = v->rows[v->last].class_id;
	return OK;
}

enum err
rbldnsd_default_class(struct rbldnsd_set *s, uint32_t *id, struct error *e)
{
	struct rbldnsd_value value = {s->default_action, s->default_a,
		{s->default_text, s->default_len}};
	enum err err = OK;

	if (s->type->one_default) /* it may come yet */
		value = (struct rbldnsd_value){SNAPSHOT_LISTED, LATE_DEFAULT, TEXT_NONE};
	if (s->default_class == SNAPSHOT_NOT_LISTED)
		err = rbldnsd_value_intern(s, &value, &s->default_class, e);
	*id = s->default_class;
	return err;
}

enum err
rbldnsd_value_class(struct rbldnsd_set *s, struct text t, uint32_t *id, struct error *e)
{
	struct rbldnsd_value value = {SNAPSHOT_LISTED, s->default_a,
		{s->default_text, s->default_len}};

	if (t.len == 0 || rbldnsd_is_comment(t.p[0]))
		return rbldnsd_default_class(s, id, e);
	*id = SNAPSHOT_NOT_LISTED;
	return rbldnsd_value_read(s, t, &value) ? rbldnsd_value_intern(s, &value, id, e) : OK;
}

/* --- defining --- */

static void
warn_cut(const struct rbldnsd_source *source, const struct rbldnsd_value_row *row, size_t len)
{
	char path[FEED_PATHS_MAX];

	if (source->lines.warnings != NULL && feed_source_file(source->what, row->file, path))
		fprintf(source->lines.warnings, "%s:%u: TXT of %zu bytes is cut to %d\n", path,
			row->line, len, SNAPSHOT_TXT_MAX);
}

static enum err
define_row(struct rbldnsd_set *s, const struct rbldnsd_value_row *row, struct rbldnsd_template *x,
	struct snapshot_class *class, struct error *e)
{
	bool is_late = row->a == LATE_DEFAULT;

	x->own = is_late ? (struct text){s->default_text, s->default_len} :
			   row_text(&s->values, row);
	rbldnsd_template_expand(x);
	if (x->len > sizeof(x->text)) {
		warn_cut(s->source, row, x->len);
		x->len = sizeof(x->text);
	}
	class->action = (enum snapshot_action)row->action;
	class->a_count = class->action == SNAPSHOT_LISTED;
	class->a[0] = is_late ? s->default_a : row->a;
	class->txt_count = class->action == SNAPSHOT_LISTED && x->len != 0;
	class->txt[0] = (struct text){x->text, x->len};
	return snapshot_builder_class_define(s->source->builder, row->class_id, class, e);
}

enum err
rbldnsd_values_define(struct rbldnsd_set *s, struct error *e)
{
	struct rbldnsd_template *x = malloc(sizeof(*x));
	struct snapshot_class *class = calloc(1, sizeof(*class));
	enum err err = OK;

	if (x == NULL || class == NULL) {
		free(x);
		free(class);
		return error_set(e, ERR_MEMORY, "out of memory");
	}
	x->set = s;
	class->ttl_s = rbldnsd_set_ttl(s);
	for (size_t i = 0; i < s->values.count && err == OK; i++)
		err = define_row(s, &s->values.rows[i], x, class, e);
	free(x);
	free(class);
	return err;
}

void
rbldnsd_values_free(struct rbldnsd_values *v)
{
	free(v->rows);
	free(v->bytes);
	free(v->slots);
}
