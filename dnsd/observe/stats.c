#include "stats.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "zone_set.h"

enum {
	CACHE_LINE = 64,
	FLAG_SERVED = 1,
	FLAG_READY = 2,
	FLAG_FAILED = 4,
};

/* Name and origin are written before the zone is counted, and never again. */
struct zone_words {
	char name[WIRE_NAME_TEXT];
	uint8_t origin[WIRE_NAME_MAX];
	uint8_t origin_len;
	_Atomic uint64_t flags, serial, created_s, stale_s, entries, skipped;
};

/* In the shared memory, before the tables. */
struct shared {
	_Alignas(CACHE_LINE) _Atomic uint32_t count; /* rows that have a name, and the first */
};

/* Of each process; what it points to is shared. */
struct stats {
	size_t workers, room, slots; /* room: rows */
	size_t size, worker_size;
	struct shared *shared;
	struct zone_words *zones; /* room of them */
	_Atomic uint16_t *index;  /* slots of them, by hash of origin; 0: free */
	unsigned char *worker_rows;
};

static size_t
round_up(size_t n)
{
	return (n + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

static size_t
slots_for(size_t room)
{
	size_t slots = 16;

	while (slots < room * 2)
		slots *= 2;
	return slots;
}

struct stats *
stats_new(size_t workers, size_t zones)
{
	struct stats *s = calloc(1, sizeof(*s));
	size_t at_zones = round_up(sizeof(struct shared)), at_index, at_workers;
	unsigned char *map;

	if (s == NULL)
		return NULL;
	s->workers = workers;
	s->room = (zones < UINT16_MAX - 1 ? zones : UINT16_MAX - 1) + 1;
	s->slots = slots_for(s->room);
	s->worker_size = round_up(sizeof(struct stats_worker) + s->room * sizeof(struct stats_row));
	at_index = round_up(at_zones + s->room * sizeof(*s->zones));
	at_workers = round_up(at_index + s->slots * sizeof(*s->index));
	s->size = at_workers + workers * s->worker_size;
	map = mmap(NULL, s->size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED) {
		free(s);
		return NULL;
	}
	s->shared = (struct shared *)(void *)map;
	s->zones = (struct zone_words *)(void *)(map + at_zones);
	s->index = (_Atomic uint16_t *)(void *)(map + at_index);
	s->worker_rows = map + at_workers;
	atomic_init(&s->shared->count, 1);
	return s;
}

void
stats_free(struct stats *s)
{
	if (s == NULL)
		return;
	munmap(s->shared, s->size);
	free(s);
}

struct stats_worker *
stats_worker(const struct stats *s, size_t worker)
{
	return (struct stats_worker *)(void *)(s->worker_rows + worker * s->worker_size);
}

size_t
stats_workers(const struct stats *s)
{
	return s->workers;
}

size_t
stats_rows(const struct stats *s)
{
	size_t count = atomic_load_explicit(&s->shared->count, memory_order_acquire);

	return count < s->room ? count : s->room;
}

/* --- counting ------------------------------------------------------------- */

void
stats_count_handed_over(struct stats_worker *w, const struct zone *zone, unsigned transport,
	size_t in)
{
	struct stats_row *r = &w->rows[zone != NULL ? zone->stats_row : STATS_NO_ZONE];

	stats_add(&r->bytes_in[transport], in);
	stats_add(&r->handed_over[transport], 1);
}

/* The first bucket whose bound is not below. */
static size_t
bucket_of(uint64_t us)
{
	size_t bucket = us <= 1 ? 0 : 64 - (size_t)__builtin_clzll(us - 1);

	return bucket < STATS_LATENCY_BUCKETS ? bucket : STATS_LATENCY_BUCKETS - 1;
}

void
stats_count_latency(struct stats_worker *w, unsigned transport, uint64_t queries, int64_t from_ns,
	int64_t to_ns)
{
	struct stats_latency *l = &w->latency[transport];
	uint64_t ns = to_ns > from_ns ? (uint64_t)(to_ns - from_ns) : 0;

	stats_add(&l->buckets[bucket_of((ns + 999) / 1000)], queries);
	stats_add(&l->sum_ns, ns * queries);
}

/* --- zones ----------------------------------------------------------------- */

/* FNV-1a. Origins are the operator's, so no one can choose them to collide. */
static size_t
hash(const struct stats *s, const struct zone *z)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < z->origin_len; i++)
		h = (h ^ z->origin[i]) * 0x100000001b3;
	return (size_t)(h ^ h >> 32) & (s->slots - 1);
}

static bool
is_zone(const struct zone_words *words, const struct zone *z)
{
	return words->origin_len == z->origin_len &&
		memcmp(words->origin, z->origin, z->origin_len) == 0;
}

/* The zone's row, or STATS_NO_ZONE and the slot where it would be. */
static size_t
find_row(const struct stats *s, const struct zone *z, size_t *slot)
{
	size_t rows = stats_rows(s);

	*slot = hash(s, z);
	for (size_t n = 0; n < s->slots; n++) {
		size_t row = atomic_load_explicit(&s->index[*slot], memory_order_acquire);

		if (row == STATS_NO_ZONE || row >= rows)
			break;
		if (is_zone(&s->zones[row], z))
			return row;
		*slot = (*slot + 1) & (s->slots - 1);
	}
	return STATS_NO_ZONE;
}

static size_t
add_row(struct stats *s, const struct zone *z, size_t slot)
{
	size_t row = stats_rows(s);
	struct zone_words *words = &s->zones[row];

	if (row >= s->room)
		return STATS_NO_ZONE;
	wire_name_format(z->origin, words->name);
	memcpy(words->origin, z->origin, z->origin_len);
	words->origin_len = z->origin_len;
	atomic_store_explicit(&s->shared->count, (uint32_t)row + 1, memory_order_release);
	atomic_store_explicit(&s->index[slot], (uint16_t)row, memory_order_release);
	return row;
}

void
stats_register(struct stats *s, struct zone_set *zones)
{
	for (size_t i = 0; i < zones->count; i++) {
		struct zone *z = zones->zones[i];
		size_t slot, row = find_row(s, z, &slot);

		z->stats_row = (uint16_t)(row != STATS_NO_ZONE ? row : add_row(s, z, slot));
	}
}

void
stats_find_rows(const struct stats *s, struct zone_set *zones)
{
	for (size_t i = 0; i < zones->count; i++) {
		size_t slot;

		zones->zones[i]->stats_row = (uint16_t)find_row(s, zones->zones[i], &slot);
	}
}

static void
describe(struct zone_words *words, const struct zone *z)
{
	uint64_t failed = atomic_load_explicit(&words->flags, memory_order_relaxed) & FLAG_FAILED;

	atomic_store_explicit(&words->serial, z->serial, memory_order_relaxed);
	atomic_store_explicit(&words->created_s, (uint64_t)z->created_s, memory_order_relaxed);
	atomic_store_explicit(&words->stale_s, (uint64_t)z->stale_s, memory_order_relaxed);
	atomic_store_explicit(&words->entries, z->entries, memory_order_relaxed);
	atomic_store_explicit(&words->flags, failed | FLAG_SERVED | (z->is_ready ? FLAG_READY : 0),
		memory_order_relaxed);
}

static const struct zone *
find_zone(const struct zone_set *zones, size_t row)
{
	for (size_t i = 0; i < zones->count; i++)
		if (zones->zones[i]->stats_row == row)
			return zones->zones[i];
	return NULL;
}

void
stats_describe(struct stats *s, const struct zone_set *zones)
{
	for (size_t i = 0; i < zones->count; i++)
		if (zones->zones[i]->stats_row != STATS_NO_ZONE)
			describe(&s->zones[zones->zones[i]->stats_row], zones->zones[i]);
	if (stats_rows(s) == zones->count + 1)
		return;
	for (size_t row = 1; row < stats_rows(s); row++)
		if (find_zone(zones, row) == NULL)
			atomic_store_explicit(&s->zones[row].flags, 0, memory_order_relaxed);
}

/* Both in lower case; name is of the shared memory, and may change or have no end. */
static bool
is_at_or_below(const char *name, const char *origin)
{
	size_t name_len = strnlen(name, WIRE_NAME_TEXT), len = strlen(origin);

	if (len > name_len || memcmp(name + name_len - len, origin, len) != 0)
		return false;
	return len == 0 || len == name_len || name[name_len - len - 1] == '.';
}

void
stats_tell_load(struct stats *s, const char *origin, bool has_failed, uint64_t skipped)
{
	for (size_t row = 1; row < stats_rows(s); row++) {
		struct zone_words *words = &s->zones[row];
		uint64_t flags = atomic_load_explicit(&words->flags, memory_order_relaxed);

		if (!is_at_or_below(words->name, origin))
			continue;
		flags = has_failed ? flags | FLAG_FAILED : flags & ~(uint64_t)FLAG_FAILED;
		atomic_store_explicit(&words->flags, flags, memory_order_relaxed);
		if (strcmp(words->name, origin) == 0)
			atomic_store_explicit(&words->skipped, skipped, memory_order_relaxed);
	}
}

bool
stats_zone(const struct stats *s, size_t row, struct stats_zone *out)
{
	const struct zone_words *words = &s->zones[row];
	uint64_t flags;

	if (row == STATS_NO_ZONE || row >= stats_rows(s))
		return false;
	flags = atomic_load_explicit(&words->flags, memory_order_relaxed);
	memcpy(out->name, words->name, sizeof(out->name) - 1);
	out->name[sizeof(out->name) - 1] = '\0';
	out->origin_len = words->origin_len;
	out->is_served = flags & FLAG_SERVED;
	out->is_ready = flags & FLAG_READY;
	out->has_failed = flags & FLAG_FAILED;
	out->serial = (uint32_t)atomic_load_explicit(&words->serial, memory_order_relaxed);
	out->created_s = (int64_t)atomic_load_explicit(&words->created_s, memory_order_relaxed);
	out->stale_s = (int64_t)atomic_load_explicit(&words->stale_s, memory_order_relaxed);
	out->entries = atomic_load_explicit(&words->entries, memory_order_relaxed);
	out->skipped = atomic_load_explicit(&words->skipped, memory_order_relaxed);
	return true;
}

enum stats_state
stats_zone_state(const struct stats_zone *z, int64_t now_s)
{
	if (!z->is_served || !z->is_ready)
		return STATS_NOT_READY;
	if (z->stale_s != 0 && z->stale_s <= now_s)
		return STATS_TOO_OLD;
	return z->has_failed ? STATS_OLD_DATA : STATS_SERVING;
}

const char *
stats_state_name(enum stats_state state)
{
	static const char *const names[] = {
		[STATS_SERVING] = "serving",
		[STATS_OLD_DATA] = "old data",
		[STATS_TOO_OLD] = "too old",
		[STATS_NOT_READY] = "not ready",
	};

	return names[state];
}
