#include "snapshot_active.h"

#include <stdlib.h>

#include "grow.h"

enum { LEVELS = 6 }; /* of 64 bits each: for 2^36 places */

struct ending {
	struct snapshot_key high;
	size_t place;
};

struct active {
	uint64_t *pairs; /* what the places stand for, ascending */
	size_t pair_count;
	uint32_t *counts;       /* active ranges of each place */
	uint64_t *bits[LEVELS]; /* bits[0]: places; bits[i]: words of bits[i - 1] not 0 */
	size_t words[LEVELS];
	struct ending *heap; /* min-heap: the range that ends first is heap[0] */
	size_t heap_count, heap_room;
};

/* --- places --- */

static uint64_t
pair_of(const struct span *s)
{
	return (uint64_t)(UINT8_MAX - s->rank) << 32 | s->class_id;
}

static int
compare_pairs(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static bool
gather_pairs(struct active *a, const struct span_list *list)
{
	size_t room = 0, count = 0, kept = 0;
	uint64_t *grown;

	for (size_t i = 0; i < list->count; i++) {
		struct span s = span_list_get(list, i);

		/* Most lists have long runs of the same. */
		if (count != 0 && a->pairs[count - 1] == pair_of(&s))
			continue;
		grown = grow(a->pairs, &room, count + 1, sizeof(*grown));
		if (grown == NULL)
			return false;
		a->pairs = grown;
		a->pairs[count++] = pair_of(&s);
	}
	qsort(a->pairs, count, sizeof(*a->pairs), compare_pairs);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || a->pairs[i] != a->pairs[kept - 1])
			a->pairs[kept++] = a->pairs[i];
	a->pair_count = kept;
	return true;
}

static size_t
place_of(const struct active *a, const struct span *s)
{
	size_t low = 0, high = a->pair_count - 1;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (a->pairs[middle] < pair_of(s))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct active *
active_new(const struct span_list *list)
{
	struct active *a = calloc(1, sizeof(*a));
	size_t words;
	bool ok;

	if (a == NULL)
		return NULL;
	ok = gather_pairs(a, list);
	words = a->pair_count;
	a->counts = ok ? calloc(words + 1, sizeof(*a->counts)) : NULL;
	ok = ok && a->counts != NULL;
	for (size_t i = 0; ok && i < LEVELS; i++) {
		words = words / 64 + 1;
		a->words[i] = words;
		a->bits[i] = calloc(words, sizeof(*a->bits[i]));
		ok = a->bits[i] != NULL;
	}
	if (ok)
		return a;
	active_free(a);
	return NULL;
}

void
active_free(struct active *a)
{
	if (a == NULL)
		return;
	free(a->pairs);
	free(a->counts);
	for (size_t i = 0; i < LEVELS; i++)
		free(a->bits[i]);
	free(a->heap);
	free(a);
}

/* --- bits --- */

static void
set_bit(struct active *a, size_t place)
{
	for (size_t i = 0; i < LEVELS; i++, place /= 64)
		a->bits[i][place / 64] |= UINT64_C(1) << place % 64;
}

static void
clear_bit(struct active *a, size_t place)
{
	for (size_t i = 0; i < LEVELS; i++, place /= 64) {
		a->bits[i][place / 64] &= ~(UINT64_C(1) << place % 64);
		if (a->bits[i][place / 64] != 0)
			return;
	}
}

/* The first active place at or behind this one, or SIZE_MAX. */
static size_t
next_place(const struct active *a, size_t place)
{
	size_t level = 0;
	uint64_t word;

	for (;;) {
		word = place / 64 < a->words[level] ? a->bits[level][place / 64] >> place % 64 : 0;
		if (word != 0)
			break;
		place = place / 64 + 1;
		if (++level == LEVELS)
			return SIZE_MAX;
	}
	place += (size_t)__builtin_ctzll(word);
	while (level-- != 0)
		place = 64 * place + (size_t)__builtin_ctzll(a->bits[level][place]);
	return place;
}

/* --- heap --- */

static bool
push_ending(struct active *a, struct ending ending)
{
	struct ending *heap = grow(a->heap, &a->heap_room, a->heap_count + 1, sizeof(*heap));
	size_t i = a->heap_count;

	if (heap == NULL)
		return false;
	a->heap = heap;
	a->heap_count++;
	for (; i != 0 && snapshot_key_compare(ending.high, heap[(i - 1) / 2].high) < 0;
		i = (i - 1) / 2)
		heap[i] = heap[(i - 1) / 2];
	heap[i] = ending;
	return true;
}

static struct ending
pop_ending(struct active *a)
{
	struct ending *heap = a->heap, first = heap[0], last = heap[--a->heap_count];
	size_t i = 0, child;

	while ((child = 2 * i + 1) < a->heap_count) {
		if (child + 1 < a->heap_count &&
			snapshot_key_compare(heap[child + 1].high, heap[child].high) < 0)
			child++;
		if (snapshot_key_compare(last.high, heap[child].high) <= 0)
			break;
		heap[i] = heap[child];
		i = child;
	}
	heap[i] = last;
	return first;
}

/* --- what the sweep asks --- */

bool
active_add(struct active *a, const struct span *span)
{
	size_t place = place_of(a, span);

	if (!push_ending(a, (struct ending){span->high, place}))
		return false;
	if (a->counts[place]++ == 0)
		set_bit(a, place);
	return true;
}

bool
active_is_empty(const struct active *a)
{
	return a->heap_count == 0;
}

struct snapshot_key
active_end(const struct active *a)
{
	return a->heap[0].high;
}

void
active_drop(struct active *a)
{
	struct snapshot_key end = active_end(a);

	while (a->heap_count != 0 && snapshot_key_compare(a->heap[0].high, end) == 0) {
		struct ending ended = pop_ending(a);

		if (--a->counts[ended.place] == 0)
			clear_bit(a, ended.place);
	}
}

uint8_t
active_rank(const struct active *a)
{
	return (uint8_t)(UINT8_MAX - (a->pairs[next_place(a, 0)] >> 32));
}

size_t
active_classes(const struct active *a, uint32_t ids[SNAPSHOT_RECORDS_MAX])
{
	size_t place = next_place(a, 0), count = 0;
	uint64_t rank = a->pairs[place] >> 32;

	while (place != SIZE_MAX && a->pairs[place] >> 32 == rank && count < SNAPSHOT_RECORDS_MAX) {
		ids[count++] = (uint32_t)a->pairs[place];
		place = next_place(a, place + 1);
	}
	return count;
}
