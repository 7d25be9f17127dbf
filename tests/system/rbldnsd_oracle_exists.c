/* rbldnsd_oracle_exists.c - is anything listed below a name?
 *
 * rbldnsd does not know (it says NXDOMAIN above what it lists), so it is asked about the names
 * below: what is listed changes only at the ends of entries and where rbldnsd cuts ranges into
 * octets. So a name exists when one of these is listed, or the lowest address below it.
 */
#include "rbldnsd_oracle.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SEEN_SIZE = 1 << 21, SEEN_MAX = SEEN_SIZE / 4 * 3 };

struct exists {
	const struct plan *plan;
	struct ask *ask;
	size_t seen_count;
	uint64_t *seen; /* hashes of names; the lowest bit says whether there is something */
};

/* A name below which is searched. */
struct search {
	struct exists *e;
	const struct zone *zone;
	unsigned client;
	uint8_t name[NAME_MAX_WIRE]; /* in lower case */
	size_t len;
	const char *below; /* of the point that is looked at */
	bool is4, is6;     /* the name is the end of an address's, there */
	uint32_t low, high;
	uint8_t low6[16], high6[16];
};

struct exists *
exists_new(const struct plan *p, struct ask *a)
{
	struct exists *e = calloc(1, sizeof(*e));

	if (e == NULL || (e->seen = calloc(SEEN_SIZE, sizeof(e->seen[0]))) == NULL)
		abort();
	e->plan = p;
	e->ask = a;
	return e;
}

void
exists_free(struct exists *e)
{
	if (e != NULL)
		free(e->seen);
	free(e);
}

/* --- what is known already ------------------------------------------------------------ */

static uint64_t
hash(const uint8_t *name, size_t len, uint64_t seed)
{
	uint64_t h = 14695981039346656037u ^ seed;

	for (size_t i = 0; i < len; i++)
		h = (h ^ name[i]) * 1099511628211u;
	return (h ^ h >> 29) | 1;
}

static bool
recall(const struct exists *e, uint64_t key, bool *out)
{
	for (size_t at = key / 2 % SEEN_SIZE; e->seen[at] != 0; at = (at + 1) % SEEN_SIZE)
		if ((e->seen[at] | 1) == key) {
			*out = e->seen[at] & 1;
			return true;
		}
	return false;
}

static bool
remember(struct exists *e, uint64_t key, bool is)
{
	size_t at = key / 2 % SEEN_SIZE;

	if (e->seen_count >= SEEN_MAX)
		return is;
	while (e->seen[at] != 0)
		at = (at + 1) % SEEN_SIZE;
	e->seen[at] = is ? key : key & ~(uint64_t)1;
	e->seen_count++;
	return is;
}

/* --- candidates ----------------------------------------------------------------------- */

static bool
is_listed_in(const struct search *s, const struct question *start, const char *twin)
{
	struct question all = *start, *q = &all;
	struct reply reply;
	uint64_t key;
	bool is;

	names_text(s->below, q);
	names_text(twin, q);
	names_text(s->zone->origin, q);
	q->name[q->len++] = 0;
	key = hash(q->name, q->len, 2 * s->client);
	if (q->len > WIRE_NAME_MAX)
		return false;
	if (recall(s->e, key, &is))
		return is;
	ask_one(s->e->ask, READ, q, &reply);
	return remember(s->e, key, reply.got && reply.rcode == RCODE_OK);
}

/* As IPv6 too, where rbldnsd would look up an IPv4 address only. */
static bool
is_listed(const struct search *s, const struct question *q)
{
	return is_listed_in(s, q, "") || (s->zone->has_twin && is_listed_in(s, q, "ip6"));
}

static struct question
candidate(const struct search *s)
{
	return (struct question){.class = 1, .type = TYPE_A, .client = s->client};
}

static bool
try_ip6(const struct search *s, const uint8_t address[16])
{
	struct question q = candidate(s);

	if (memcmp(address, s->low6, 16) < 0 || memcmp(address, s->high6, 16) > 0)
		return false;
	names_ip6(address, 0, &q);
	return is_listed(s, &q);
}

/* As IPv4-mapped address (RFC 4291), and as 6to4 (RFC 3056), where the host does not matter. */
static bool
try_embedded(const struct search *s, uint32_t address)
{
	uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff}, sixto4[16] = {0x20, 0x02};

	for (size_t i = 0; i < 4; i++) {
		mapped[12 + i] = (uint8_t)(address >> 8 * (3 - i));
		sixto4[2 + i] = mapped[12 + i];
	}
	if (memcmp(sixto4, s->low6, 6) == 0)
		memcpy(sixto4, s->low6, 16);
	return try_ip6(s, mapped) || try_ip6(s, sixto4);
}

static bool
try_ip4(const struct search *s, uint32_t address)
{
	struct question q = candidate(s);

	if (s->is6 && try_embedded(s, address))
		return true;
	if (!s->is4 || address < s->low || address > s->high)
		return false;
	names_ip4(address, 0, &q);
	return is_listed(s, &q);
}

static bool
try_point_ip4(const struct search *s, const struct point *t)
{
	if (try_ip4(s, t->low) || try_ip4(s, t->high + 1))
		return true;
	if (t->low <= s->low && s->low <= t->high && try_ip4(s, s->low))
		return true;
	for (unsigned shift = 8; shift < 32; shift += 8)
		if (try_ip4(s, ((t->low >> shift) + 1) << shift) ||
			try_ip4(s, t->high >> shift << shift))
			return true;
	return false;
}

static bool
try_point_ip6(const struct search *s, const struct point *t)
{
	uint8_t after[16];

	if (!s->is6)
		return false;
	memcpy(after, t->high6, 16);
	for (size_t i = 16; i-- > 0 && ++after[i] == 0;)
		;
	return try_ip6(s, t->low6) || try_ip6(s, after) ||
		(memcmp(t->low6, s->low6, 16) <= 0 && memcmp(s->low6, t->high6, 16) <= 0 &&
			try_ip6(s, s->low6));
}

static bool
try_point_name(const struct search *s, const struct point *t)
{
	for (int wild = 0; wild < 2; wild++) {
		struct question q = candidate(s), full;

		if (wild)
			names_text("w", &q);
		names_text(t->name, &q);
		full = q;
		names_text(s->below, &full);
		names_text(s->zone->origin, &full);
		full.name[full.len++] = 0;
		if (full.len > s->len &&
			memcmp(full.name + full.len - s->len, s->name, s->len) == 0 &&
			is_listed(s, &q))
			return true;
	}
	return false;
}

/* --- the search ------------------------------------------------------------------------ */

/* Which part of the name is left of this subzone? */
static void
set_below(struct search *s, const char *below)
{
	struct question end = {.len = 0};
	size_t labels = 0, at = 0;

	s->below = below;
	s->is4 = s->is6 = false;
	names_text(below, &end);
	for (size_t i = 0; i < end.len; i++)
		end.name[i] = (uint8_t)tolower(end.name[i]);
	names_text(s->zone->origin, &end);
	for (size_t i = 0; i < end.len; i++)
		end.name[i] = (uint8_t)tolower(end.name[i]);
	end.name[end.len++] = 0;
	while (s->len - at > end.len) {
		at += s->name[at] + 1u;
		labels++;
	}
	/* Either the name is below the subzone, or the subzone below the name. */
	if (memcmp(end.name + end.len - (s->len - at), s->name + at, s->len - at) != 0)
		return;
	s->is4 = names_partial_ip4(s->name, labels, &s->low, &s->high);
	s->is6 = names_partial_ip6(s->name, labels, s->low6, s->high6);
}

static bool
has_zone_below(const struct search *s)
{
	for (size_t i = 0; i < s->e->plan->zone_count; i++) {
		const struct zone *z = &s->e->plan->zones[i];

		if (z->len > s->len && memcmp(z->wire + z->len - s->len, s->name, s->len) == 0)
			return true;
	}
	return false;
}

static bool
search(struct search *s)
{
	set_below(s, "");
	if (has_zone_below(s) || (s->is6 && try_ip6(s, s->low6)))
		return true;
	for (size_t i = 0; i < s->zone->point_count; i++) {
		const struct point *t = &s->zone->points[i];

		if (strcmp(t->below, s->below) != 0) {
			set_below(s, t->below);
			if (s->is6 && try_ip6(s, s->low6))
				return true;
		}
		if (t->kind == POINT_NAME) {
			if (try_point_name(s, t))
				return true;
		} else if (s->is4 || s->is6) {
			if (t->kind == POINT_IP4 ? try_point_ip4(s, t) : try_point_ip6(s, t))
				return true;
		}
	}
	return false;
}

bool
exists_below(struct exists *e, const struct question *q, const struct zone *z)
{
	struct search s = {.e = e, .zone = z, .client = q->client, .len = q->len};
	uint64_t key;
	bool is;

	for (size_t i = 0; i < q->len; i++)
		s.name[i] = (uint8_t)tolower(q->name[i]);
	key = hash(s.name, s.len, 2 * q->client + 1);
	return recall(e, key, &is) ? is : remember(e, key, search(&s));
}
