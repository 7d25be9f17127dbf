#include "dump_values.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_FIRST = 256, TTL_MAX = INT32_MAX };

static enum err
out_of_memory(struct error *e)
{
	return error_set(e, ERR_MEMORY, "out of memory for the values of a list");
}

/* --- the table of values ------------------------------------------------------------- */

static uint32_t
ttl_of(const struct dump_values *v, const struct snapshot_view *view)
{
	uint32_t ttl_s = view->ttl_s != 0 ? view->ttl_s : v->ttl_s;

	return ttl_s > TTL_MAX ? TTL_MAX : ttl_s;
}

static bool
is_value(const struct dump_values *v, size_t i, const struct snapshot_view *view)
{
	const struct dump_value *value = &v->values[i];

	return value->snapshot == view->snapshot && value->a_first == view->a_first &&
		value->txt_first == view->txt_first && value->a_count == view->a_count &&
		value->txt_count == view->txt_count && value->ttl_s == ttl_of(v, view);
}

static size_t
hash_of(const struct dump_values *v, const struct snapshot_view *view)
{
	uint64_t h = (uint64_t)view->a_first << 32 | view->txt_first;

	h = (h ^ view->a_count ^ (uint64_t)ttl_of(v, view) << 8) * 0x9e3779b97f4a7c15u;
	return (size_t)(h >> 20);
}

/* The slot of a value, or the free one where it belongs. */
static size_t
find_slot(const struct dump_values *v, const struct snapshot_view *view)
{
	size_t at = hash_of(v, view) & (v->slot_count - 1);

	while (v->slots[at] != 0 && !is_value(v, v->slots[at] - 1, view))
		at = (at + 1) & (v->slot_count - 1);
	return at;
}

static struct snapshot_view
view_of(const struct dump_value *value)
{
	return (struct snapshot_view){.snapshot = value->snapshot,
		.ttl_s = value->ttl_s,
		.a_count = value->a_count,
		.txt_count = value->txt_count,
		.a_first = value->a_first,
		.txt_first = value->txt_first};
}

/* At most half of the slots are taken. */
static bool
make_room(struct dump_values *v)
{
	size_t slot_count = v->slot_count != 0 ? 2 * v->slot_count : SLOTS_FIRST;
	struct dump_value *values;
	size_t *slots;

	if (2 * (v->count + 1) <= v->slot_count)
		return true;
	slots = calloc(slot_count, sizeof(*slots));
	values = realloc(v->values, slot_count / 2 * sizeof(*values));
	if (values != NULL)
		v->values = values;
	if (slots == NULL || values == NULL) {
		free(slots);
		return false;
	}
	free(v->slots);
	v->slots = slots;
	v->slot_count = slot_count;
	for (size_t i = 0; i < v->count; i++) {
		struct snapshot_view view = view_of(&v->values[i]);

		v->slots[find_slot(v, &view)] = i + 1;
	}
	return true;
}

static struct dump_value *
get_value(struct dump_values *v, const struct snapshot_view *view)
{
	size_t slot;

	if (v->count != 0 && is_value(v, v->last, view))
		return &v->values[v->last];
	if (!make_room(v))
		return NULL;
	slot = find_slot(v, view);
	if (v->slots[slot] == 0) {
		v->values[v->count] = (struct dump_value){.snapshot = view->snapshot,
			.a_first = view->a_first,
			.txt_first = view->txt_first,
			.a_count = view->a_count,
			.txt_count = view->txt_count,
			.ttl_s = ttl_of(v, view)};
		v->slots[slot] = ++v->count;
	}
	v->last = v->slots[slot] - 1;
	return &v->values[v->last];
}

/* --- counting ------------------------------------------------------------------------- */

/* What a prefix becomes in an ip4set, which has addresses, /24, /16 and /8. */
static uint64_t
count_parts(const struct prefix *p)
{
	return UINT64_C(1) << (p->addr.family == 4 ? (32u - p->len) % 8 : 0);
}

static void
count(struct dump_value *value, struct snapshot_range r)
{
	struct prefix p;

	value->entries++;
	if (addr_equal(&r.low, &r.high)) {
		value->prefixes++;
		value->parts++;
		return;
	}
	while (dump_entries_prefix(&r, &p)) {
		value->prefixes++;
		value->parts += count_parts(&p);
	}
}

static enum err
count_all(struct dump_values *v, const struct snapshot_layer *layer, uint8_t family, int64_t now_s,
	struct error *e)
{
	struct dump_entries entries;
	struct snapshot_range r;

	dump_entries_begin(&entries, layer, family, now_s);
	while (dump_entries_next(&entries, &r)) {
		struct dump_value *value = get_value(v, &r.view);

		if (value == NULL)
			return out_of_memory(e);
		count(value, r);
	}
	return OK;
}

/* --- sections ------------------------------------------------------------------------- */

static enum err
find_section(struct dump_values *v, const struct dump_section *wanted, uint8_t *out,
	struct error *e)
{
	for (size_t i = 0; i < v->section_count; i++) {
		const struct dump_section *s = &v->sections[i];

		if (s->a == wanted->a && s->ttl_s == wanted->ttl_s && s->nth == wanted->nth) {
			*out = (uint8_t)i;
			return OK;
		}
	}
	if (v->section_count == DUMP_SECTIONS_MAX)
		return error_set(e, ERR_FULL,
			"its entries have more than %d different A records and TTLs, each of which "
			"would be a data set of rbldnsd",
			DUMP_SECTIONS_MAX);
	*out = (uint8_t)v->section_count;
	v->sections[v->section_count++] = *wanted;
	return OK;
}

/* How many lines before have the same A record? */
static unsigned
count_same(const struct dump_line *lines, size_t count_before, uint32_t a)
{
	unsigned n = 0;

	for (size_t i = 0; i < count_before; i++)
		n += lines[i].a == a;
	return n;
}

static bool
make_room_for_lines(struct dump_values *v, size_t more)
{
	size_t room = 2 * (v->line_count + more);
	struct dump_line *lines;

	if (v->line_count + more <= v->line_room)
		return true;
	lines = realloc(v->lines, room * sizeof(*lines));
	if (lines == NULL)
		return false;
	v->lines = lines;
	v->line_room = room;
	return true;
}

/* Of more TXT than A the last A has them all. */
static enum err
make_lines(struct dump_values *v, struct dump_value *value, struct error *e)
{
	struct snapshot_view view = view_of(value);
	size_t more = value->a_count > value->txt_count ? value->a_count : value->txt_count;
	enum err err = OK;

	if (value->a_count == 0) {
		v->left_out += value->entries;
		return OK;
	}
	if (!make_room_for_lines(v, more))
		return out_of_memory(e);
	value->line_first = v->line_count;
	value->line_count = more;
	v->line_count += more;
	for (size_t i = 0; err == OK && i < more; i++) {
		struct dump_line *lines = v->lines + value->line_first;
		size_t a = i < value->a_count ? i : value->a_count - 1;
		struct dump_section wanted = {.ttl_s = value->ttl_s};

		lines[i] = (struct dump_line){.a = snapshot_view_a(&view, a)};
		if (i < value->txt_count)
			lines[i].txt = snapshot_view_txt(&view, i);
		wanted.a = lines[i].a;
		wanted.nth = count_same(lines, i, lines[i].a);
		err = find_section(v, &wanted, &lines[i].section, e);
	}
	return err;
}

/* --- the text of most entries ------------------------------------------------------------ */

struct use {
	struct text txt;
	uint64_t entries;
};

static int
compare_uses(const void *a, const void *b)
{
	const struct use *x = a, *y = b;

	if (x->txt.len != y->txt.len)
		return x->txt.len < y->txt.len ? -1 : 1;
	return x->txt.len != 0 ? memcmp(x->txt.p, y->txt.p, x->txt.len) : 0;
}

static size_t
gather_uses(struct dump_values *v, size_t section, struct use *uses)
{
	struct dump_section *s = &v->sections[section];
	size_t n = 0;

	s->prefixes = s->parts = 0;
	for (size_t i = 0; i < v->count; i++) {
		const struct dump_value *value = &v->values[i];
		const struct dump_line *lines = v->lines + value->line_first;

		for (size_t k = 0; k < value->line_count; k++) {
			if (lines[k].section != section)
				continue;
			uses[n++] = (struct use){lines[k].txt, value->entries};
			s->prefixes += value->prefixes;
			s->parts += value->parts;
		}
	}
	return n;
}

/* Of several that as many have, the one that sorts first, whatever order the data are in. */
static void
find_commonest(struct dump_section *s, struct use *uses, size_t n)
{
	uint64_t most = 0, sum = 0;

	qsort(uses, n, sizeof(*uses), compare_uses);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || compare_uses(&uses[i - 1], &uses[i]) != 0)
			sum = 0;
		sum += uses[i].entries;
		if (sum > most) {
			most = sum;
			s->txt = uses[i].txt;
		}
	}
}

enum err
dump_values_read(struct dump_values *v, const struct snapshot_layer *layer, uint32_t layer_ttl_s,
	uint8_t family, int64_t now_s, struct error *e)
{
	struct use *uses;
	enum err err;

	memset(v, 0, sizeof(*v));
	v->ttl_s = layer_ttl_s;
	err = count_all(v, layer, family, now_s, e);
	for (size_t i = 0; err == OK && i < v->count; i++)
		err = make_lines(v, &v->values[i], e);
	if (err != OK)
		return err;
	uses = calloc(v->line_count + 1, sizeof(*uses));
	if (uses == NULL)
		return out_of_memory(e);
	for (size_t i = 0; i < v->section_count; i++)
		find_commonest(&v->sections[i], uses, gather_uses(v, i, uses));
	free(uses);
	return OK;
}

void
dump_values_free(struct dump_values *v)
{
	free(v->values);
	free(v->slots);
	free(v->lines);
	memset(v, 0, sizeof(*v));
}

const struct dump_line *
dump_values_line(struct dump_values *v, const struct snapshot_view *view, size_t section)
{
	const struct dump_value *value;
	size_t slot;

	if (v->count == 0)
		return NULL;
	if (!is_value(v, v->last, view)) {
		slot = find_slot(v, view);
		if (v->slots[slot] == 0)
			return NULL;
		v->last = v->slots[slot] - 1;
	}
	value = &v->values[v->last];
	for (size_t i = 0; i < value->line_count; i++)
		if (v->lines[value->line_first + i].section == section)
			return &v->lines[value->line_first + i];
	return NULL;
}
