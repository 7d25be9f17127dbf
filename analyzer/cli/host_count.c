#include "host_count.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { FIRST_SIZE = 1024 };

struct host_count {
	struct host_count_entry *slots; /* open addressing; host.family 0: free */
	size_t size;                    /* a power of two */
	size_t used;
	uint64_t seed; /* the hosts of a log are chosen by strangers */
};

struct host_count *
host_count_new(void)
{
	struct host_count *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
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
	free(h->slots);
	free(h);
}

size_t
host_count_size(const struct host_count *h)
{
	return h->used;
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

enum err
host_count_add(struct host_count *h, const struct addr *host, uint64_t n)
{
	struct host_count_entry *e = find_slot(h, host);

	if (e->host.family == 0) {
		if (h->used >= h->size / 4 * 3) {
			if (grow(h) != OK)
				return ERR_MEMORY;
			e = find_slot(h, host);
		}
		e->host = *host;
		h->used++;
	}
	e->count += n;
	return OK;
}

static int
compare_entries(const void *a, const void *b)
{
	const struct host_count_entry *x = a, *y = b;

	return addr_compare(&x->host, &y->host);
}

const struct host_count_entry *
host_count_sort(struct host_count *h)
{
	size_t n = 0;

	for (size_t i = 0; i < h->size; i++)
		if (h->slots[i].host.family != 0)
			h->slots[n++] = h->slots[i];
	qsort(h->slots, n, sizeof(*h->slots), compare_entries);
	return h->slots;
}
