#include "keys.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include <orbl/file.h>

enum {
	VERSION = 1,
	SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE,
	COUNTERS = 8, /* of a cache line */
	CACHE_LINE = 64,
};

static const char magic[8] = "orblkeys";

/* The image: head, rows sorted by hash, then text: owners, and zones as wire names (lower case)
 * one behind the other. Native numbers: it never leaves the machine. */
struct head {
	char magic[8];
	uint32_t version, count;
	uint64_t text_len;
};

struct row {
	uint8_t hash[QUERY_KEY_HASH];
	uint64_t quota;
	uint32_t owner_at, zones_at;
	uint16_t zones_len;
	uint8_t owner_len, has_quota, is_revoked, unused[7];
};

_Static_assert(sizeof(struct row) == 64, "without gaps");

struct key_table {
	size_t holders, workers, image_len;
	const struct head *head;
	const struct row *rows;
	const char *text;
	uint64_t default_quota;
	/* A worker's counters, each row beginning a cache line; total is the main thread's. */
	size_t stride;
	_Atomic uint64_t *counts;
	int64_t day;
	uint64_t *before, *total; /* before: counted when the day began, less what was inherited */
	_Atomic uint8_t *over;
	uint8_t *told; /* today */
};

/* --- compiling ---------------------------------------------------------- */

struct draft {
	const char *path;
	size_t count, room, text_len, text_room;
	struct row *rows;
	char *text;
};

static void *
grow(void *items, size_t *room, size_t count, size_t size)
{
	size_t bigger = *room != 0 ? *room : 64;

	if (count <= *room && items != NULL)
		return items;
	while (bigger < count)
		bigger *= 2;
	items = realloc(items, bigger * size);
	if (items != NULL)
		*room = bigger;
	return items;
}

static enum err
add_text(struct draft *d, const void *bytes, size_t len, struct error *e)
{
	char *grown = grow(d->text, &d->text_room, d->text_len + len, 1);

	if (grown == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for query keys");
	d->text = grown;
	memcpy(d->text + d->text_len, bytes, len);
	d->text_len += len;
	return OK;
}

static enum err
add_zones(struct draft *d, struct row *row, const struct query_key *k, struct error *e)
{
	uint8_t wire[WIRE_NAME_MAX];
	enum err err = OK;
	size_t len;

	row->zones_at = (uint32_t)d->text_len;
	for (size_t i = 0; err == OK && i < k->zone_count; i++) {
		if (wire_name_parse(k->zones[i], wire, &len) != OK)
			return error_set(e, ERR_SYNTAX, "\"%.*s\" is no zone's name",
				TEXT_ARG(k->zones[i]));
		wire_name_lower(wire, len);
		err = add_text(d, wire, len, e);
	}
	row->zones_len = (uint16_t)(d->text_len - row->zones_at);
	return err;
}

static enum err
add_key(struct draft *d, const struct query_key *k, struct error *e)
{
	struct row row = {.quota = k->quota,
		.has_quota = k->has_quota,
		.is_revoked = k->revoked,
		.owner_at = (uint32_t)d->text_len,
		.owner_len = (uint8_t)k->owner.len};
	struct row *grown = grow(d->rows, &d->room, d->count + 1, sizeof(*d->rows));
	enum err err;

	if (grown == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for query keys");
	d->rows = grown;
	if (d->count == QUERY_KEYS_MAX)
		return error_set(e, ERR_FULL, "more than %d keys; remove old lines",
			QUERY_KEYS_MAX);
	memcpy(row.hash, k->hash, sizeof(row.hash));
	err = add_text(d, k->owner.p, k->owner.len, e);
	if (err == OK)
		err = add_zones(d, &row, k, e);
	d->rows[d->count++] = row;
	return err;
}

static enum err
add_lines(struct draft *d, struct text rest, struct error *e)
{
	struct query_key k;
	struct text line;
	struct error why;
	enum err err = OK;
	bool is_key;

	for (unsigned number = 1; text_next_line(&rest, &line); number++) {
		err = query_key_parse(line, &k, &is_key, &why);
		if (err == OK && is_key)
			err = add_key(d, &k, &why);
		if (err != OK)
			return error_set(e, err, "%s:%u: %s", d->path, number, why.text);
	}
	return OK;
}

static int
compare_rows(const void *a, const void *b)
{
	return memcmp(a, b, QUERY_KEY_HASH); /* which a row begins with */
}

static enum err
sort_rows(struct draft *d, struct error *e)
{
	char hash[QUERY_KEY_HASH_TEXT];

	if (d->count != 0)
		qsort(d->rows, d->count, sizeof(*d->rows), compare_rows);
	for (size_t i = 1; i < d->count; i++)
		if (compare_rows(&d->rows[i - 1], &d->rows[i]) == 0) {
			query_key_hash_format(d->rows[i].hash, hash);
			return error_set(e, ERR_SYNTAX,
				"%s: the key %.12s... has two lines; remove one", d->path, hash);
		}
	return OK;
}

static enum err
write_image(const struct draft *d, int fd, struct error *e)
{
	struct head head = {.version = VERSION,
		.count = (uint32_t)d->count,
		.text_len = d->text_len};
	enum err err;

	memcpy(head.magic, magic, sizeof(head.magic));
	err = file_write_all(fd, &head, sizeof(head), e);
	if (err == OK && d->count != 0)
		err = file_write_all(fd, d->rows, d->count * sizeof(*d->rows), e);
	if (err == OK && d->text_len != 0)
		err = file_write_all(fd, d->text, d->text_len, e);
	if (err == OK && fcntl(fd, F_ADD_SEALS, SEALS) != 0)
		err = error_errno(e, "cannot seal the table of query keys");
	return err;
}

enum err
key_table_compile(struct text bytes, const char *path, int *fd, struct error *e)
{
	struct draft d = {.path = path};
	enum err err = add_lines(&d, bytes, e);

	*fd = -1;
	if (err == OK)
		err = sort_rows(&d, e);
	if (err == OK) {
		*fd = memfd_create("orbl-keys", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		err = *fd >= 0 ? write_image(&d, *fd, e) :
				 error_errno(e, "cannot make memory for query keys");
	}
	if (err != OK && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	free(d.rows);
	free(d.text);
	return err;
}

enum err
key_table_load(const char *path, int *fd, struct error *e)
{
	char *bytes;
	size_t len;
	enum err err = file_read(path, QUERY_KEYS_FILE_MAX, &bytes, &len, e);

	*fd = -1;
	if (err != OK)
		return err;
	err = key_table_compile((struct text){bytes, len}, path, fd, e);
	free(bytes);
	return err;
}

/* --- opening ------------------------------------------------------------ */

static bool
has_well_formed_zones(const struct key_table *t, const struct row *row)
{
	const uint8_t *at = (const uint8_t *)t->text + row->zones_at, *end = at + row->zones_len;

	while (at != end) {
		const uint8_t *name = at;

		while (at != end && *at != 0) {
			if (*at > WIRE_NAME_LABEL_MAX || end - at <= *at)
				return false;
			at += *at + 1;
		}
		if (at == end || at - name >= WIRE_NAME_MAX)
			return false;
		at++;
	}
	return true;
}

static bool
is_well_formed(const struct key_table *t)
{
	for (size_t i = 0; i < t->head->count; i++) {
		const struct row *row = &t->rows[i];
		uint64_t text_len = t->head->text_len;

		if ((uint64_t)row->owner_at + row->owner_len > text_len ||
			(uint64_t)row->zones_at + row->zones_len > text_len ||
			!query_key_is_owner(
				(struct text){t->text + row->owner_at, row->owner_len}) ||
			!has_well_formed_zones(t, row))
			return false;
		if (i != 0 && compare_rows(row - 1, row) >= 0)
			return false;
	}
	return true;
}

static bool
read_image(struct key_table *t, const void *image)
{
	uint64_t rows;

	t->head = image;
	if (t->image_len < sizeof(*t->head) || memcmp(t->head->magic, magic, sizeof(magic)) != 0 ||
		t->head->version != VERSION || t->head->count > QUERY_KEYS_MAX)
		return false;
	rows = (uint64_t)t->head->count * sizeof(*t->rows);
	if (t->head->text_len > t->image_len ||
		sizeof(*t->head) + rows + t->head->text_len != t->image_len)
		return false;
	t->rows = (const struct row *)(t->head + 1);
	t->text = (const char *)(t->rows + t->head->count);
	return is_well_formed(t);
}

static bool
make_counters(struct key_table *t)
{
	size_t count = t->head->count, room = count != 0 ? count : 1, size;

	t->stride = (count + COUNTERS - 1) / COUNTERS * COUNTERS;
	size = (t->workers * t->stride + COUNTERS) * sizeof(*t->counts);
	t->counts = aligned_alloc(CACHE_LINE, size);
	t->before = calloc(room, sizeof(*t->before));
	t->total = calloc(room, sizeof(*t->total));
	t->over = calloc(room, sizeof(*t->over));
	t->told = calloc(room, sizeof(*t->told));
	if (t->counts == NULL || t->before == NULL || t->total == NULL || t->over == NULL ||
		t->told == NULL)
		return false;
	for (size_t i = 0; i < size / sizeof(*t->counts); i++)
		atomic_init(&t->counts[i], 0);
	return true;
}

static enum err
map_image(int fd, struct key_table *t, struct error *e)
{
	struct stat st;
	void *image;

	/* Sealed, so that nobody can shorten it below us. */
	if (fstat(fd, &st) != 0 || fcntl(fd, F_GET_SEALS) != SEALS)
		return error_set(e, ERR_CORRUPT, "the table of query keys is not sealed");
	if (st.st_size < (off_t)sizeof(struct head))
		return error_set(e, ERR_CORRUPT, "the table of query keys is cut short");
	t->image_len = (size_t)st.st_size;
	image = mmap(NULL, t->image_len, PROT_READ, MAP_SHARED, fd, 0);
	if (image == MAP_FAILED)
		return error_errno(e, "cannot map the table of query keys");
	if (!read_image(t, image))
		return error_set(e, ERR_CORRUPT, "the table of query keys is damaged");
	return OK;
}

enum err
key_table_open_fd(int fd, size_t workers, uint64_t default_quota, struct key_table **out,
	struct error *e)
{
	struct key_table *t = calloc(1, sizeof(*t));
	enum err err;

	*out = NULL;
	if (t == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for query keys");
	t->holders = 1;
	t->workers = workers;
	t->default_quota = default_quota;
	err = map_image(fd, t, e);
	if (err == OK && !make_counters(t))
		err = error_set(e, ERR_MEMORY, "out of memory for counting query keys");
	if (err == OK)
		*out = t;
	else
		key_table_release(t);
	return err;
}

struct key_table *
key_table_hold(struct key_table *t)
{
	if (t != NULL)
		t->holders++;
	return t;
}

void
key_table_release(struct key_table *t)
{
	if (t == NULL || --t->holders != 0)
		return;
	if (t->head != NULL)
		munmap((void *)(uintptr_t)t->head, t->image_len);
	free((void *)t->counts);
	free(t->before);
	free(t->total);
	free((void *)t->over);
	free(t->told);
	free(t);
}

size_t
key_table_count(const struct key_table *t)
{
	return t != NULL ? t->head->count : 0;
}

/* --- looking up --------------------------------------------------------- */

bool
key_table_is_key(const uint8_t *label)
{
	return label[0] == QUERY_KEY_LEN &&
		query_key_is_key((struct text){(const char *)label + 1, QUERY_KEY_LEN});
}

/* Slot of the hash, or KEY_NONE. */
static uint32_t
find_hash(const struct key_table *t, const uint8_t hash[QUERY_KEY_HASH])
{
	size_t from = 0, to = t->head->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int order = memcmp(t->rows[middle].hash, hash, QUERY_KEY_HASH);

		if (order == 0)
			return (uint32_t)middle + 1;
		if (order < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return KEY_NONE;
}

/* Is the origin this zone's, or that of a zone below it? */
static bool
is_within(const uint8_t *origin, size_t origin_len, const uint8_t *zone, size_t zone_len)
{
	size_t at = 0;

	while (origin_len - at > zone_len)
		at += origin[at] + 1u;
	return origin_len - at == zone_len && memcmp(origin + at, zone, zone_len) == 0;
}

static bool
is_for_zone(const struct key_table *t, const struct row *row, const uint8_t *origin,
	size_t origin_len)
{
	const uint8_t *at = (const uint8_t *)t->text + row->zones_at, *end = at + row->zones_len;

	if (at == end)
		return true;
	while (at != end) {
		const uint8_t *zone = at;

		while (*at != 0)
			at += *at + 1;
		at++;
		if (is_within(origin, origin_len, zone, (size_t)(at - zone)))
			return true;
	}
	return false;
}

enum key_verdict
key_table_find(const struct key_table *t, const uint8_t *label, const uint8_t *origin,
	size_t origin_len, uint32_t *slot)
{
	uint8_t hash[QUERY_KEY_HASH];
	const struct row *row;

	query_key_hash(label + 1, hash);
	*slot = find_hash(t, hash);
	if (*slot == KEY_NONE)
		return KEY_UNKNOWN;
	row = &t->rows[*slot - 1];
	if (row->is_revoked)
		return KEY_REVOKED;
	if (!is_for_zone(t, row, origin, origin_len))
		return KEY_ELSEWHERE;
	return atomic_load_explicit(&t->over[*slot - 1], memory_order_relaxed) ? KEY_OVER :
										 KEY_GOOD;
}

/* --- counting ----------------------------------------------------------- */

void
key_table_use(struct key_table *t, size_t worker, uint32_t slot)
{
	_Atomic uint64_t *count;

	if (worker >= t->workers || slot == KEY_NONE || slot > t->head->count)
		return;
	count = &t->counts[worker * t->stride + slot - 1];
	/* The worker's own: no other writes it. */
	atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1,
		memory_order_relaxed);
}

static uint64_t
sum_workers(const struct key_table *t, size_t i)
{
	uint64_t sum = 0;

	for (size_t w = 0; w < t->workers; w++)
		sum += atomic_load_explicit(&t->counts[w * t->stride + i], memory_order_relaxed);
	return sum;
}

static uint64_t
quota_of(const struct key_table *t, size_t i)
{
	return t->rows[i].has_quota ? t->rows[i].quota : t->default_quota;
}

static void
mark_over(struct key_table *t, size_t i)
{
	uint64_t quota = quota_of(t, i);
	uint8_t over = quota != 0 && t->total[i] >= quota;

	if (atomic_load_explicit(&t->over[i], memory_order_relaxed) != over)
		atomic_store_explicit(&t->over[i], over, memory_order_relaxed);
}

void
key_table_sum(struct key_table *t, int64_t day)
{
	for (size_t i = 0; i < t->head->count; i++) {
		uint64_t sum = sum_workers(t, i);

		if (t->day != day) {
			t->before[i] = sum;
			t->told[i] = 0;
		}
		t->total[i] = sum - t->before[i];
		mark_over(t, i);
	}
	t->day = day;
}

void
key_table_inherit(struct key_table *t, const struct key_table *from)
{
	size_t old = 0;

	if (from == NULL)
		return;
	t->day = from->day;
	for (size_t i = 0; i < t->head->count; i++) {
		while (old < from->head->count && compare_rows(&from->rows[old], &t->rows[i]) < 0)
			old++;
		if (old == from->head->count)
			return;
		if (compare_rows(&from->rows[old], &t->rows[i]) != 0)
			continue;
		/* Below 0 modulo 2^64, so that what was counted is added. */
		t->total[i] = sum_workers(from, old) - from->before[old];
		t->before[i] = sum_workers(t, i) - t->total[i];
		t->told[i] = from->told[old];
		mark_over(t, i);
	}
}

void
key_table_use_of(const struct key_table *t, size_t i, struct key_use *out)
{
	const struct row *row = &t->rows[i];

	out->owner = (struct text){t->text + row->owner_at, row->owner_len};
	memcpy(out->hash, row->hash, sizeof(out->hash));
	out->quota = quota_of(t, i);
	out->today = t->total[i];
	out->is_over = atomic_load_explicit(&t->over[i], memory_order_relaxed);
	out->is_revoked = row->is_revoked;
}

bool
key_table_tell(struct key_table *t, size_t i, uint8_t level)
{
	bool is_news = level > t->told[i];

	if (is_news)
		t->told[i] = level;
	return is_news;
}
