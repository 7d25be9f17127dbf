#include "transfer_status.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <orbl/text.h>

enum { READ_TRIES = 100 };

/* version is odd while the row is written. */
struct slot {
	_Atomic uint32_t version;
	struct transfer_row row;
};

/* In the shared memory. */
struct shared {
	_Atomic size_t count;
	_Atomic int64_t expires_s;
	struct slot slots[];
};

/* Of each process; what it points to is shared, and what is read there is checked. */
struct transfer_status {
	size_t room;
	struct shared *shared;
};

static size_t
size_of(size_t rows)
{
	return sizeof(struct shared) + rows * sizeof(struct slot);
}

struct transfer_status *
transfer_status_new(size_t rows)
{
	struct transfer_status *s = calloc(1, sizeof(*s));
	void *map;

	if (s == NULL)
		return NULL;
	map = mmap(NULL, size_of(rows), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (map == MAP_FAILED) {
		free(s);
		return NULL;
	}
	s->room = rows;
	s->shared = map;
	return s;
}

void
transfer_status_free(struct transfer_status *s)
{
	if (s == NULL)
		return;
	munmap(s->shared, size_of(s->room));
	free(s);
}

/* --- the writer ------------------------------------------------------------------ */

static bool
is_row(const struct transfer_row *r, const char *zone, const struct endpoint *peer,
	enum transfer_kind kind)
{
	return r->kind == kind && r->peer.port == peer->port &&
		addr_equal(&r->peer.addr, &peer->addr) &&
		strncmp(r->zone, zone, sizeof(r->zone)) == 0;
}

static struct transfer_row *
begin_write(struct transfer_status *s, size_t row)
{
	if (s == NULL || row >= transfer_status_count(s))
		return NULL;
	/* A writer that died in the middle left an odd number. */
	atomic_fetch_or_explicit(&s->shared->slots[row].version, 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	return &s->shared->slots[row].row;
}

static void
end_write(struct transfer_status *s, size_t row)
{
	atomic_fetch_add_explicit(&s->shared->slots[row].version, 1, memory_order_release);
}

size_t
transfer_status_row(struct transfer_status *s, const char *zone, const struct endpoint *peer,
	enum transfer_kind kind)
{
	size_t count;
	struct transfer_row *r;

	if (s == NULL)
		return SIZE_MAX;
	count = transfer_status_count(s);
	for (size_t i = 0; i < count; i++)
		if (is_row(&s->shared->slots[i].row, zone, peer, kind))
			return i;
	if (count == s->room)
		return SIZE_MAX;
	r = &s->shared->slots[count].row;
	*r = (struct transfer_row){.peer = *peer, .kind = kind};
	snprintf(r->zone, sizeof(r->zone), "%s", zone);
	atomic_store_explicit(&s->shared->count, count + 1, memory_order_release);
	return count;
}

void
transfer_status_begin(struct transfer_status *s, size_t row, bool over_tls, int64_t now_s)
{
	struct transfer_row *r = begin_write(s, row);

	if (r == NULL)
		return;
	r->state = TRANSFER_UNDER_WAY;
	r->over_tls = over_tls;
	r->last_try_s = now_s;
	r->tries++;
	end_write(s, row);
}

void
transfer_status_end(struct transfer_status *s, size_t row, enum transfer_state state,
	uint32_t serial, int64_t now_s, const char *error)
{
	struct transfer_row *r = begin_write(s, row);

	if (r == NULL)
		return;
	r->state = state;
	if (serial != 0)
		r->serial = serial;
	if (state == TRANSFER_DONE) {
		r->last_success_s = now_s;
		r->successes++;
	}
	text_printable(text_of(error), r->error, sizeof(r->error));
	end_write(s, row);
}

void
transfer_status_set_expires(struct transfer_status *s, int64_t expires_s)
{
	if (s != NULL)
		atomic_store_explicit(&s->shared->expires_s, expires_s, memory_order_relaxed);
}

/* --- readers --------------------------------------------------------------------- */

size_t
transfer_status_count(const struct transfer_status *s)
{
	size_t count = atomic_load_explicit(&s->shared->count, memory_order_acquire);

	return count < s->room ? count : s->room;
}

int64_t
transfer_status_expires_s(const struct transfer_status *s)
{
	return atomic_load_explicit(&s->shared->expires_s, memory_order_relaxed);
}

static void
make_printable(char *text, size_t size)
{
	size_t len = strnlen(text, size - 1);

	text_printable((struct text){text, len}, text, size);
}

/* Who reads trusts the transfer process with nothing. */
static void
make_harmless(struct transfer_row *r)
{
	make_printable(r->zone, sizeof(r->zone));
	make_printable(r->error, sizeof(r->error));
	if (r->peer.addr.family != 4 && r->peer.addr.family != 6)
		r->peer = (struct endpoint){.port = 0};
}

bool
transfer_status_get(const struct transfer_status *s, size_t i, struct transfer_row *out)
{
	const struct slot *slot;

	if (i >= transfer_status_count(s))
		return false;
	slot = &s->shared->slots[i];
	for (int tries = 0; tries < READ_TRIES; tries++) {
		uint32_t before = atomic_load_explicit(&slot->version, memory_order_acquire);

		*out = slot->row;
		atomic_thread_fence(memory_order_acquire);
		if ((before & 1) == 0 &&
			atomic_load_explicit(&slot->version, memory_order_relaxed) == before) {
			make_harmless(out);
			return true;
		}
	}
	return false;
}

const char *
transfer_kind_name(enum transfer_kind kind)
{
	switch (kind) {
	case TRANSFER_NOTIFY: return "notify";
	case TRANSFER_SECONDARY: return "secondary";
	case TRANSFER_PRIMARY: return "primary";
	}
	return "unknown";
}

const char *
transfer_state_name(enum transfer_state state)
{
	switch (state) {
	case TRANSFER_IDLE: return "idle";
	case TRANSFER_UNDER_WAY: return "under way";
	case TRANSFER_DONE: return "done";
	case TRANSFER_FAILED: return "failed";
	case TRANSFER_REFUSED: return "refused";
	}
	return "unknown";
}
