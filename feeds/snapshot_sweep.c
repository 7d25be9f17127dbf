#include "snapshot_sweep.h"

#include <stdlib.h>
#include <string.h>

#include "grow.h"

enum { RANKS = 256, CLASS_WORDS = 65536 / 64, SUMMARY_WORDS = CLASS_WORDS / 64 };
enum { RADIX_BITS = 11, RADIX = 1 << RADIX_BITS, RADIX_PASSES = 3 };

/* --- keys --- */

static int
compare_keys(struct span_key a, struct span_key b)
{
	if (a.upper != b.upper)
		return a.upper < b.upper ? -1 : 1;
	return a.lower < b.lower ? -1 : a.lower > b.lower;
}

static struct span_key
key_after(struct span_key k)
{
	k.lower++;
	if (k.lower == 0)
		k.upper++;
	return k;
}

static struct span_key
key_before(struct span_key k)
{
	if (k.lower == 0)
		k.upper--;
	k.lower--;
	return k;
}

/* --- lists --- */

struct span
span_list_get(const struct span_list *list, size_t i)
{
	const struct span_packed4 *v4;
	const struct span_packed6 *v6;

	if (list->family == 4) {
		v4 = &list->items.v4[i];
		return (struct span){{0, v4->low}, {0, v4->high}, v4->class_id, v4->rank};
	}
	v6 = &list->items.v6[i];
	return (struct span){v6->low, v6->high, v6->class_id, v6->rank};
}

static void
set_span(struct span_list *list, size_t i, const struct span *s)
{
	if (list->family == 4)
		list->items.v4[i] = (struct span_packed4){(uint32_t)s->low.lower,
			(uint32_t)s->high.lower, s->class_id, s->rank};
	else
		list->items.v6[i] = (struct span_packed6){s->low, s->high, s->class_id, s->rank};
}

bool
span_list_add(struct span_list *list, struct span span)
{
	void *grown;

	if (list->family == 4) {
		grown = grow(list->items.v4, &list->room, list->count + 1, sizeof(*list->items.v4));
		if (grown == NULL)
			return false;
		list->items.v4 = grown;
	} else {
		grown = grow(list->items.v6, &list->room, list->count + 1, sizeof(*list->items.v6));
		if (grown == NULL)
			return false;
		list->items.v6 = grown;
	}
	set_span(list, list->count++, &span);
	return true;
}

void
span_list_reset(struct span_list *list)
{
	if (list->family == 4)
		free(list->items.v4);
	else
		free(list->items.v6);
	*list = (struct span_list){.family = list->family};
}

/* --- sorting by low end; the order of equal ones does not matter --- */

static bool
is_sorted(const struct span_list *list)
{
	for (size_t i = 1; i < list->count; i++)
		if (compare_keys(span_list_get(list, i - 1).low, span_list_get(list, i).low) > 0)
			return false;
	return true;
}

static void
radix_pass(const struct span_packed4 *from, struct span_packed4 *to, size_t count, unsigned shift)
{
	size_t starts[RADIX] = {0}, start = 0;

	for (size_t i = 0; i < count; i++)
		starts[from[i].low >> shift & (RADIX - 1)]++;
	for (size_t digit = 0; digit < RADIX; digit++) {
		size_t next = start + starts[digit];

		starts[digit] = start;
		start = next;
	}
	for (size_t i = 0; i < count; i++)
		to[starts[from[i].low >> shift & (RADIX - 1)]++] = from[i];
}

static bool
sort4(struct span_list *list)
{
	struct span_packed4 *from = list->items.v4, *swap;
	struct span_packed4 *to = calloc(list->count, sizeof(*to));

	if (to == NULL)
		return false;
	for (unsigned pass = 0; pass < RADIX_PASSES; pass++) {
		radix_pass(from, to, list->count, pass * RADIX_BITS);
		swap = from;
		from = to;
		to = swap;
	}
	list->items.v4 = from;
	list->room = list->count;
	free(to);
	return true;
}

static int
compare_packed6(const void *a, const void *b)
{
	const struct span_packed6 *x = a, *y = b;

	return compare_keys(x->low, y->low);
}

static bool
sort_list(struct span_list *list)
{
	if (is_sorted(list))
		return true;
	if (list->family == 4)
		return sort4(list);
	qsort(list->items.v6, list->count, sizeof(*list->items.v6), compare_packed6);
	return true;
}

/* --- what is active at the place of the sweep --- */

/* The active classes of one rank: how many ranges of each, and as a bitmap with a summary,
 * which finds the lowest ids in a few steps. Class 0 is the exclusion. */
struct level {
	size_t active;
	uint64_t summary[SUMMARY_WORDS];
	uint64_t words[CLASS_WORDS];
	uint32_t counts[]; /* classes + 1 */
};

struct ending {
	struct span_key high;
	uint16_t class_id;
	uint8_t rank;
};

struct sweep {
	struct snapshot_pool *pool;
	struct span_list *out;
	struct error *e;
	size_t class_count; /* before any merge: what a level can count */
	struct level *levels[RANKS];
	uint64_t ranks[RANKS / 64];
	struct ending *heap; /* min-heap: the range that ends first is heap[0] */
	size_t heap_count, heap_room;
};

static void
count_in(struct sweep *s, uint8_t rank, uint16_t class_id)
{
	struct level *level = s->levels[rank];

	if (level->counts[class_id]++ != 0)
		return;
	level->words[class_id / 64] |= UINT64_C(1) << class_id % 64;
	level->summary[class_id / 4096] |= UINT64_C(1) << class_id / 64 % 64;
	if (level->active++ == 0)
		s->ranks[rank / 64] |= UINT64_C(1) << rank % 64;
}

static void
count_out(struct sweep *s, uint8_t rank, uint16_t class_id)
{
	struct level *level = s->levels[rank];

	if (--level->counts[class_id] != 0)
		return;
	level->words[class_id / 64] &= ~(UINT64_C(1) << class_id % 64);
	if (level->words[class_id / 64] == 0)
		level->summary[class_id / 4096] &= ~(UINT64_C(1) << class_id / 64 % 64);
	if (--level->active == 0)
		s->ranks[rank / 64] &= ~(UINT64_C(1) << rank % 64);
}

static bool
push_ending(struct sweep *s, struct ending ending)
{
	struct ending *heap = grow(s->heap, &s->heap_room, s->heap_count + 1, sizeof(*s->heap));
	size_t i = s->heap_count;

	if (heap == NULL)
		return false;
	s->heap = heap;
	s->heap_count++;
	for (; i != 0 && compare_keys(ending.high, heap[(i - 1) / 2].high) < 0; i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = ending;
	return true;
}

static struct ending
pop_ending(struct sweep *s)
{
	struct ending *heap = s->heap, first = heap[0], last = heap[--s->heap_count];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < s->heap_count) {
		if (child + 1 < s->heap_count &&
			compare_keys(heap[child + 1].high, heap[child].high) < 0)
			child++;
		if (compare_keys(last.high, heap[child].high) <= 0)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
	return first;
}

static bool
activate(struct sweep *s, const struct span *span)
{
	struct level **level = &s->levels[span->rank];

	if (*level == NULL)
		*level = calloc(1,
			sizeof(**level) + (s->class_count + 1) * sizeof((*level)->counts[0]));
	if (*level == NULL ||
		!push_ending(s, (struct ending){span->high, span->class_id, span->rank}))
		return false;
	count_in(s, span->rank, span->class_id);
	return true;
}

/* The highest rank with something active; there is one. */
static const struct level *
top_level(const struct sweep *s)
{
	size_t word = RANKS / 64 - 1;

	while (word != 0 && s->ranks[word] == 0)
		word--;
	return s->levels[64 * word + 63 - (size_t)__builtin_clzll(s->ranks[word])];
}

/* The lowest active class ids of a level, at most SNAPSHOT_RECORDS_MAX. */
static size_t
lowest_classes(const struct level *level, uint16_t ids[SNAPSHOT_RECORDS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < SUMMARY_WORDS; i++)
		for (uint64_t summary = level->summary[i]; summary != 0; summary &= summary - 1) {
			size_t word = 64 * i + (size_t)__builtin_ctzll(summary);
			uint64_t bits = level->words[word];

			for (; bits != 0 && count < SNAPSHOT_RECORDS_MAX; bits &= bits - 1)
				ids[count++] = (uint16_t)(64 * word +
					(size_t)__builtin_ctzll(bits));
		}
	return count;
}

static enum err
emit(struct sweep *s, struct span_key low, struct span_key high, uint16_t class_id)
{
	struct span span = {low, high, class_id, 0}, last;

	if (class_id == SNAPSHOT_NOT_LISTED)
		return OK;
	if (s->out->count != 0) {
		last = span_list_get(s->out, s->out->count - 1);
		if (last.class_id == class_id && compare_keys(key_after(last.high), low) == 0) {
			last.high = high;
			set_span(s->out, s->out->count - 1, &last);
			return OK;
		}
	}
	if (!span_list_add(s->out, span))
		return error_set(s->e, ERR_MEMORY, "snapshot: out of memory");
	return OK;
}

static enum err
emit_active(struct sweep *s, struct span_key low, struct span_key high)
{
	const struct level *level = top_level(s);
	uint16_t ids[SNAPSHOT_RECORDS_MAX], id;
	enum err err;

	if (level->counts[SNAPSHOT_NOT_LISTED] != 0)
		return OK;
	err = snapshot_pool_merge(s->pool, ids, lowest_classes(level, ids), &id, s->e);
	return err == OK ? emit(s, low, high, id) : err;
}

/* Emit up to where the next range begins or an active one ends, whichever comes first, and
 * let go of what ended. *at moves behind it. */
static enum err
step(struct sweep *s, const struct span_list *in, size_t next, struct span_key *at)
{
	struct span_key end = s->heap[0].high, before;
	enum err err;

	if (next < in->count) {
		before = key_before(span_list_get(in, next).low);
		if (compare_keys(before, end) < 0)
			end = before;
	}
	err = emit_active(s, *at, end);
	while (s->heap_count != 0 && compare_keys(s->heap[0].high, end) == 0) {
		struct ending ended = pop_ending(s);

		count_out(s, ended.rank, ended.class_id);
	}
	*at = key_after(end);
	return err;
}

static enum err
sweep_sorted(struct sweep *s, const struct span_list *in)
{
	struct span_key at = {0, 0};
	enum err err = OK;
	size_t next = 0;

	while (err == OK && (next < in->count || s->heap_count != 0)) {
		struct span span;

		if (s->heap_count == 0) {
			span = span_list_get(in, next);
			at = span.low;
			/* Alone, as almost all are: no need to count it. */
			if (next + 1 == in->count ||
				compare_keys(span_list_get(in, next + 1).low, span.high) > 0) {
				err = emit(s, span.low, span.high, span.class_id);
				next++;
				continue;
			}
		}
		for (; next < in->count; next++) {
			span = span_list_get(in, next);
			if (compare_keys(span.low, at) != 0)
				break;
			if (!activate(s, &span))
				return error_set(s->e, ERR_MEMORY, "snapshot: out of memory");
		}
		err = step(s, in, next, &at);
	}
	return err;
}

enum err
snapshot_sweep(struct span_list *in, struct snapshot_pool *pool, struct span_list *out,
	struct error *e)
{
	struct sweep s = {.pool = pool, .out = out, .e = e, .class_count = pool->class_count};
	enum err err;

	if (!sort_list(in))
		return error_set(e, ERR_MEMORY, "snapshot: out of memory");
	err = sweep_sorted(&s, in);
	for (size_t i = 0; i < RANKS; i++)
		free(s.levels[i]);
	free(s.heap);
	return err;
}
