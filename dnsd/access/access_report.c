#include "access_report.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

enum { WORDS = sizeof(struct access_report) / sizeof(uint64_t), TRIES = 1000 };

_Static_assert(sizeof(struct access_report) % sizeof(uint64_t) == 0, "whole words");

/* A lock of the kind that a writer never waits for: while the number is odd, it writes. */
struct access_shared {
	_Atomic uint64_t version;
	_Atomic uint64_t words[WORDS];
};

struct access_shared *
access_shared_new(void)
{
	struct access_shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return s != MAP_FAILED ? s : NULL;
}

void
access_shared_free(struct access_shared *s)
{
	if (s != NULL)
		munmap((void *)s, sizeof(*s));
}

void
access_shared_write(struct access_shared *s, const struct access_report *report)
{
	uint64_t version = atomic_load_explicit(&s->version, memory_order_relaxed);
	uint64_t words[WORDS];

	memcpy(words, report, sizeof(words));
	atomic_store_explicit(&s->version, version + 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	for (size_t i = 0; i < WORDS; i++)
		atomic_store_explicit(&s->words[i], words[i], memory_order_relaxed);
	atomic_store_explicit(&s->version, version + 2, memory_order_release);
}

static bool
try_to_read(const struct access_shared *s, uint64_t words[WORDS])
{
	uint64_t before = atomic_load_explicit(&s->version, memory_order_acquire);

	if (before % 2 != 0)
		return false;
	for (size_t i = 0; i < WORDS; i++)
		words[i] = atomic_load_explicit(&s->words[i], memory_order_relaxed);
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&s->version, memory_order_relaxed) == before;
}

/* What a process says that may have been taken over. */
static void
check_bounds(struct access_report *r)
{
	if (r->client_count > ACCESS_TOP)
		r->client_count = ACCESS_TOP;
	if (r->key_count > ACCESS_TOP)
		r->key_count = ACCESS_TOP;
	for (size_t i = 0; i < ACCESS_TOP; i++)
		r->client_top[i].name[ACCESS_NAME - 1] = r->key_top[i].name[ACCESS_NAME - 1] = '\0';
}

bool
access_shared_read(const struct access_shared *s, struct access_report *out)
{
	uint64_t words[WORDS];

	for (unsigned i = 0; s != NULL && i < TRIES; i++)
		if (try_to_read(s, words)) {
			memcpy(out, words, sizeof(words));
			check_bounds(out);
			return true;
		}
	return false;
}
