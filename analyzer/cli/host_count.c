#include "host_count.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { FIRST_SIZE = 1024, PART_BUFFER = 256 };

struct part {               /* a sorted run of the temporary file */
	long at;            /* next byte to read */
	size_t left;        /* entries not in the buffer yet */
	size_t next, count; /* in entries */
	struct host_count_entry *entries;
};

struct host_count {
	struct host_count_entry *slots; /* open addressing; host.family 0: free */
	size_t size;                    /* a power of two */
	size_t used, max;
	uint64_t seed; /* the hosts of a log are chosen by strangers */
	FILE *spilled; /* NULL: nothing is */
	size_t part_count;
	struct part *parts;
};

struct host_count *
host_count_new(size_t max)
{
	struct host_count *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->max = max;
	h->size = FIRST_SIZE;
	h->slots = calloc(h->size, sizeof(*h->slots));
	if (h->slots == NULL) {
		free(h);
		return NULL;
	}
	if (getrandom(&h->seed, sizeof(h->seed), GRND_NONBLOCK) != (ssize_t)sizeof(h->seed))
		h->seed = (uint64_t)(uintptr_t)h;
	return h;
}

void
host_count_free(struct host_count *h)
{
	if (h == NULL)
		return;
	if (h->spilled != NULL)
		(void)fclose(h->spilled);
	for (size_t i = 0; i < h->part_count; i++)
		free(h->parts[i].entries);
	free(h->parts);
	free(h->slots);
	free(h);
}

static uint64_t
mix(uint64_t x)
{
	x ^= x >> 30;
	x *= UINT64_C(0xbf58476d1ce4e5b9);
	x ^= x >> 27;
	x *= UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static size_t
hash(const struct host_count *h, const struct addr *host)
{
	uint64_t half[2];

	memcpy(half, host->b, sizeof(half));
	return (size_t)mix(mix(half[0] ^ h->seed) + half[1] + host->family);
}

static struct host_count_entry *
find_slot(const struct host_count *h, const struct addr *host)
{
	size_t i = hash(h, host) & (h->size - 1);

	while (h->slots[i].host.family != 0 && !addr_equal(&h->slots[i].host, host))
		i = (i + 1) & (h->size - 1);
	return &h->slots[i];
}

static enum err
grow(struct host_count *h)
{
	struct host_count bigger = *h;

	if (h->size > SIZE_MAX / 2 / sizeof(*h->slots))
		return ERR_MEMORY;
	bigger.size = h->size * 2;
	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (bigger.slots == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < h->size; i++)
		if (h->slots[i].host.family != 0)
			*find_slot(&bigger, &h->slots[i].host) = h->slots[i];
	free(h->slots);
	*h = bigger;
	return OK;
}

static int
compare_entries(const void *a, const void *b)
{
	const struct host_count_entry *x = a, *y = b;

	return addr_compare(&x->host, &y->host);
}

/* All entries of the table to its front, by address. */
static void
sort(struct host_count *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->size; i++)
		if (h->slots[i].host.family != 0)
			h->slots[n++] = h->slots[i];
	qsort(h->slots, n, sizeof(*h->slots), compare_entries);
}

static struct part *
add_part(struct host_count *h)
{
	struct part *parts = realloc(h->parts, (h->part_count + 1) * sizeof(*parts));

	if (parts == NULL)
		return NULL;
	h->parts = parts;
	parts[h->part_count] = (struct part){0};
	return &parts[h->part_count++];
}

/* The table is full: it becomes a part of the temporary file. */
static enum err
spill(struct host_count *h, struct error *e)
{
	struct part *part = add_part(h);

	if (part == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for the table of hosts");
	if (h->spilled == NULL)
		h->spilled = tmpfile();
	if (h->spilled == NULL)
		return error_errno(e, "cannot make a temporary file for the table of hosts");
	sort(h);
	part->at = ftell(h->spilled);
	part->left = h->used;
	if (part->at < 0 || fwrite(h->slots, sizeof(*h->slots), h->used, h->spilled) != h->used)
		return error_errno(e, "cannot write the table of hosts to a temporary file");
	memset(h->slots, 0, h->size * sizeof(*h->slots));
	h->used = 0;
	return OK;
}

static enum err
make_room(struct host_count *h, struct error *e)
{
	if (h->used >= h->max)
		return spill(h, e);
	if (h->used >= h->size / 4 * 3 && grow(h) != OK)
		return error_set(e, ERR_MEMORY, "out of memory for the table of hosts");
	return OK;
}

enum err
host_count_add(struct host_count *h, const struct addr *host, uint64_t n, struct error *e)
{
	struct host_count_entry *entry = find_slot(h, host);

	if (entry->host.family == 0) {
		enum err err = make_room(h, e);

		if (err != OK)
			return err;
		entry = find_slot(h, host);
		entry->host = *host;
		h->used++;
	}
	entry->count += n;
	return OK;
}

static enum err
fill(struct host_count *h, struct part *p, struct error *e)
{
	size_t n = p->left < PART_BUFFER ? p->left : PART_BUFFER;

	if (p->next < p->count || p->left == 0)
		return OK;
	if (p->entries == NULL)
		p->entries = malloc(PART_BUFFER * sizeof(*p->entries));
	if (p->entries == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for the table of hosts");
	if (fseek(h->spilled, p->at, SEEK_SET) != 0 ||
		fread(p->entries, sizeof(*p->entries), n, h->spilled) != n)
		return error_errno(e, "cannot read the temporary file of the table of hosts");
	p->at += (long)(n * sizeof(*p->entries));
	p->left -= n;
	p->next = 0;
	p->count = n;
	return OK;
}

/* The least host of all parts, with its counts added up. False at the end. */
static bool
next_host(struct host_count *h, struct host_count_entry *out)
{
	bool found = false;

	for (size_t i = 0; i < h->part_count; i++) {
		const struct part *p = &h->parts[i];

		if (p->next == p->count ||
			(found && addr_compare(&p->entries[p->next].host, &out->host) >= 0))
			continue;
		*out = p->entries[p->next];
		found = true;
	}
	out->count = 0;
	for (size_t i = 0; found && i < h->part_count; i++) {
		struct part *p = &h->parts[i];

		if (p->next < p->count && addr_equal(&p->entries[p->next].host, &out->host))
			out->count += p->entries[p->next++].count;
	}
	return found;
}

static enum err
merge(struct host_count *h, host_count_fn *fn, void *context, uint64_t *hosts, struct error *e)
{
	struct host_count_entry next = {0};
	enum err err = OK;

	for (;; (*hosts)++) {
		for (size_t i = 0; err == OK && i < h->part_count; i++)
			err = fill(h, &h->parts[i], e);
		if (err != OK || !next_host(h, &next))
			return err;
		if (fn != NULL)
			fn(&next, context);
	}
}

enum err
host_count_finish(struct host_count *h, host_count_fn *fn, void *context, uint64_t *hosts,
	struct error *e)
{
	enum err err = OK;

	*hosts = h->used;
	if (h->spilled == NULL) {
		sort(h);
		for (size_t i = 0; fn != NULL && i < h->used; i++)
			fn(&h->slots[i], context);
		return OK;
	}
	*hosts = 0;
	if (h->used != 0)
		err = spill(h, e);
	return err == OK ? merge(h, fn, context, hosts, e) : err;
}
