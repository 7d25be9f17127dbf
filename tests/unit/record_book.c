#include "record_book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static uint8_t *
copy(const void *p, size_t len)
{
	uint8_t *out = malloc(len + 1);

	if (out == NULL)
		abort();
	if (len != 0)
		memcpy(out, p, len);
	return out;
}

static struct book_record *
append(struct book_record **array, size_t *count, size_t *room)
{
	if (*count == *room) {
		*room = *room == 0 ? 64 : *room * 2;
		*array = realloc(*array, *room * sizeof(**array));
		if (*array == NULL)
			abort();
	}
	return &(*array)[(*count)++];
}

void
record_book_add(struct record_book *b, const struct zone_record *r)
{
	*append(&b->records, &b->count,
		&b->room) = (struct book_record){copy(r->owner, r->owner_len),
		copy(r->rdata.p, r->rdata.len), r->owner_len, r->rdata.len, r->type, r->ttl_s};
}

void
record_book_gather(struct record_book *b, struct zone_records *records)
{
	struct zone_record r;
	enum zone_records_got got;

	ck_assert_ptr_nonnull(records);
	while ((got = zone_records_next(records, &r)) != ZONE_RECORDS_END)
		if (got == ZONE_RECORDS_ONE)
			record_book_add(b, &r);
	zone_records_free(records);
}

static int
compare_names(const struct book_record *a, const struct book_record *b)
{
	if (a->owner_len != b->owner_len)
		return a->owner_len < b->owner_len ? -1 : 1;
	return memcmp(a->owner, b->owner, a->owner_len);
}

static int
compare_types(const struct book_record *a, const struct book_record *b)
{
	int names = compare_names(a, b);

	return names != 0 ? names : (a->type > b->type) - (a->type < b->type);
}

int
book_record_compare(const struct book_record *a, const struct book_record *b)
{
	int order = compare_types(a, b);

	if (order != 0)
		return order;
	if (a->ttl != b->ttl)
		return a->ttl < b->ttl ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->rdata, b->rdata, a->len);
}

typedef int (*comparison)(const struct book_record *, const struct book_record *);

static int
by_all(const void *a, const void *b)
{
	return book_record_compare(a, b);
}

static int
by_name(const void *a, const void *b)
{
	return compare_names(a, b);
}

/* The first that is not before; count when all are. */
static size_t
find(const struct book_record *array, size_t count, const struct book_record *r, comparison compare)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&array[middle], r) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
record_book_sort(struct record_book *b)
{
	if (b->count == 0)
		return;
	qsort(b->records, b->count, sizeof(*b->records), by_all);
	b->name_count = 0;
	for (size_t i = 0; i < b->count; i++) {
		const struct book_record *r = &b->records[i];

		for (size_t at = 0; r->owner[at] != 0; at += r->owner[at] + 1u)
			*append(&b->names, &b->name_count,
				&b->name_room) = (struct book_record){.owner = r->owner + at,
				.owner_len = r->owner_len - at};
	}
	qsort(b->names, b->name_count, sizeof(*b->names), by_name);
}

void
record_book_reset(struct record_book *b)
{
	for (size_t i = 0; i < b->count; i++) {
		free(b->records[i].owner);
		free(b->records[i].rdata);
	}
	free(b->records);
	free(b->names);
	memset(b, 0, sizeof(*b));
}

bool
record_book_has(const struct record_book *b, const struct book_record *r)
{
	size_t i = find(b->records, b->count, r, book_record_compare);

	return i < b->count && book_record_compare(&b->records[i], r) == 0;
}

void
record_book_remove(struct record_book *b, const struct record_book *what)
{
	size_t kept = 0;
	bool *gone = calloc(b->count + 1, sizeof(*gone));

	ck_assert_ptr_nonnull(gone);
	for (size_t i = 0; i < what->count; i++) {
		size_t at = find(b->records, b->count, &what->records[i], book_record_compare);

		if (at == b->count || gone[at] ||
			book_record_compare(&b->records[at], &what->records[i]) != 0)
			ck_abort_msg("a record is deleted that is not there");
		gone[at] = true;
	}
	for (size_t i = 0; i < b->count; i++) {
		if (!gone[i]) {
			b->records[kept++] = b->records[i];
			continue;
		}
		free(b->records[i].owner);
		free(b->records[i].rdata);
	}
	b->count = kept;
	free(gone);
	record_book_sort(b);
}

void
record_book_insert(struct record_book *b, const struct record_book *what)
{
	for (size_t i = 0; i < what->count; i++)
		if (record_book_has(b, &what->records[i]))
			ck_abort_msg("a record is added that is there");
	for (size_t i = 0; i < what->count; i++) {
		const struct book_record *r = &what->records[i];

		record_book_add(b,
			&(struct zone_record){r->owner, r->owner_len, r->type, r->ttl,
				{(char *)r->rdata, r->len}});
	}
	record_book_sort(b);
}

bool
record_book_is_same(const struct record_book *a, const struct record_book *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (book_record_compare(&a->records[i], &b->records[i]) != 0)
			return false;
	return true;
}

void
record_book_print(const struct record_book *b)
{
	char name[WIRE_NAME_TEXT];

	for (size_t i = 0; i < b->count && i < 20; i++) {
		const struct book_record *r = &b->records[i];

		printf("# %s %u TYPE%u ", wire_name_format(r->owner, name), (unsigned)r->ttl,
			(unsigned)r->type);
		for (size_t k = 0; k < r->len; k++)
			printf("%02x", (unsigned)r->rdata[k]);
		printf("\n");
	}
}

static bool
has_name(const struct record_book *b, const uint8_t *name, size_t len)
{
	struct book_record r = {.owner = (uint8_t *)(uintptr_t)name, .owner_len = len};
	size_t i = find(b->names, b->name_count, &r, compare_names);

	return i < b->name_count && compare_names(&b->names[i], &r) == 0;
}

static void
find_records(const struct record_book *b, const uint8_t *name, size_t len, uint16_t type,
	struct book_answer *out)
{
	struct book_record r = {.owner = (uint8_t *)(uintptr_t)name,
		.owner_len = len,
		.type = type};

	out->first = find(b->records, b->count, &r, compare_types);
	out->count = 0;
	while (out->first + out->count < b->count &&
		compare_types(&b->records[out->first + out->count], &r) == 0)
		out->count++;
}

struct book_answer
record_book_ask(const struct record_book *b, const uint8_t *name, size_t len, uint16_t type,
	size_t origin_len)
{
	struct book_answer a = {.exists = has_name(b, name, len)};
	uint8_t wildcard[WIRE_NAME_MAX + 3];
	size_t at = 0;

	if (a.exists) {
		find_records(b, name, len, type, &a);
		return a;
	}
	while (len - at > origin_len && !has_name(b, name + at, len - at))
		at += name[at] + 1u;
	wildcard[0] = 1;
	wildcard[1] = '*';
	memcpy(wildcard + 2, name + at, len - at);
	a.exists = a.is_synthesized = has_name(b, wildcard, len - at + 2);
	if (a.exists)
		find_records(b, wildcard, len - at + 2, type, &a);
	return a;
}
