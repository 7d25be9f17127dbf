#include "zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEST_LISTED = 0x7f000002 }; /* 127.0.0.2 */

struct zone_set {
	size_t count, room;
	struct zone *zones;
	uint16_t *slots; /* of the hash: index + 1, 0 is free */
	uint32_t slot_mask;
	bool has_gaps; /* some origin has two labels more than a zone around it */
	bool has_length[WIRE_NAME_MAX + 1]; /* is there an origin of this length? */
};

struct zone_set *
zone_set_new(void)
{
	return calloc(1, sizeof(struct zone_set));
}

void
zone_set_free(struct zone_set *s)
{
	if (s == NULL)
		return;
	free(s->slots);
	free(s->zones);
	free(s);
}

/* --- one zone ----------------------------------------------------------- */

/* Where in the origin the longest common tail of both begins, and how much of name is before it. */
static void
find_common_tail(const uint8_t *name, size_t len, const struct zone *z, size_t *own, size_t *at)
{
	uint8_t lower[WIRE_NAME_MAX];

	memcpy(lower, name, len);
	wire_name_lower(lower, len);
	*at = 0;
	for (*own = 0; lower[*own] != 0; *own += lower[*own] + 1u)
		for (*at = 0; z->origin[*at] != 0; *at += z->origin[*at] + 1u)
			if (len - *own == z->origin_len - *at &&
				memcmp(lower + *own, z->origin + *at, len - *own) == 0)
				return;
}

static enum err
render_name(const struct zone *z, struct text t, struct zone_name *out, struct error *e)
{
	uint8_t wire[WIRE_NAME_MAX];
	size_t len, own, at;

	if (wire_name_parse(t, wire, &len) != OK)
		return error_set(e, ERR_SYNTAX,
			"\"%.*s\" in the zone's SOA or NS is not a domain "
			"name; correct the list's source",
			TEXT_ARG(t));
	find_common_tail(wire, len, z, &own, &at);
	out->in_origin = wire[own] != 0;
	out->origin_at = (uint8_t)(out->in_origin ? at : 0);
	out->len = (uint8_t)(out->in_origin ? own : len);
	memcpy(out->labels, wire, out->len);
	return OK;
}

/* RFC 2181 section 8: a TTL with the highest bit set counts as 0, which no one means. */
static uint32_t
sane_ttl(uint32_t ttl_s)
{
	return ttl_s > INT32_MAX ? INT32_MAX : ttl_s;
}

/* A zone whose source gave no SOA gets one all the same: without it no resolver may keep a
 * negative answer (RFC 2308), and those are nearly all there are. */
static enum err
render_apex(struct zone *z, const struct snapshot_apex *apex, struct error *e)
{
	struct text mname = apex->mname, rname = apex->rname;
	char origin[WIRE_NAME_TEXT];
	enum err err;

	wire_name_format(z->origin, origin);
	if (mname.len == 0)
		mname = apex->ns_count != 0 ? apex->ns[0] : text_of(origin);
	if (rname.len == 0)
		rname = TEXT("hostmaster.invalid");
	z->ttl_s = sane_ttl(apex->ttl_s);
	z->soa_ttl_s = sane_ttl(apex->soa_ttl_s);
	z->ns_ttl_s = sane_ttl(apex->ns_ttl_s);
	z->refresh_s = apex->refresh_s;
	z->retry_s = apex->retry_s;
	z->expire_s = apex->expire_s;
	z->minimum_s = apex->minimum_s;
	/* RFC 2308 section 3 */
	z->negative_ttl_s = apex->minimum_s < z->soa_ttl_s ? apex->minimum_s : z->soa_ttl_s;
	err = render_name(z, mname, &z->mname, e);
	if (err == OK)
		err = render_name(z, rname, &z->rname, e);
	for (; err == OK && z->ns_count < apex->ns_count && z->ns_count < SNAPSHOT_NS_MAX;
		z->ns_count++)
		err = render_name(z, apex->ns[z->ns_count], &z->ns[z->ns_count], e);
	return err;
}

static void
add_test(struct zone *z, uint32_t address, const char *meaning)
{
	struct zone_test *t = &z->tests[z->test_count];
	char origin[WIRE_NAME_TEXT];
	int len;

	for (size_t i = 0; i < z->test_count; i++)
		if (z->tests[i].address == address)
			return;
	wire_name_format(z->origin, origin);
	len = snprintf(t->txt, sizeof(t->txt), "[%u] test entry of %.100s%s%.100s",
		(unsigned)(address & 0xff), origin, meaning[0] != '\0' ? ", meaning: " : "",
		meaning);
	t->address = address;
	t->txt_len = (uint8_t)len;
	z->test_count++;
}

/* Codes of a list's zone first, so that their meaning is told; 127.0.0.2 whatever the zone. */
static void
add_tests(struct zone *z, bool is_list, struct text relative)
{
	for (size_t i = 0; is_list && i < SUBZONE_COUNT; i++) {
		const struct subzone_row *row = subzone_row(i);

		if (!text_equal_nocase(text_of(row->name), relative))
			continue;
		for (int c = 0; c < CATEGORY_COUNT; c++)
			if (row->categories & 1u << c)
				add_test(z, category_row((enum category)c)->code,
					category_row((enum category)c)->meaning);
	}
	add_test(z, TEST_LISTED, "");
}

/* --- the set ------------------------------------------------------------ */

/* Of the length and the first bytes, which is where origins differ. They are the operator's, so
 * no one can choose them to collide. */
static uint32_t
hash_name(const uint8_t *wire, size_t len)
{
	uint64_t first = 0;

	memcpy(&first, wire, len < sizeof(first) ? len : sizeof(first));
	return (uint32_t)((first ^ len) * 0x9e3779b97f4a7c15u >> 32);
}

/* Room for one more zone, with its origin. Until zone_set_finish it is not part of the set:
 * the caller counts it when it is complete. */
static enum err
begin_zone(struct zone_set *s, struct text relative, struct text origin, struct zone **out,
	struct error *e)
{
	char name[WIRE_NAME_TEXT];
	struct zone *grown, *z;
	size_t len;

	if (s->count == s->room) {
		s->room = s->room == 0 ? 8 : s->room * 2;
		grown = realloc(s->zones, s->room * sizeof(*grown));
		if (grown == NULL)
			return error_set(e, ERR_MEMORY, "out of memory for the table of zones");
		s->zones = grown;
	}
	z = &s->zones[s->count];
	memset(z, 0, sizeof(*z));
	len = (size_t)snprintf(name, sizeof(name), "%.*s%s%.*s", TEXT_ARG(relative),
		relative.len != 0 ? "." : "", TEXT_ARG(origin));
	if (len >= sizeof(name) || wire_name_parse(text_of(name), z->origin, &len) != OK)
		return error_set(e, ERR_SYNTAX, "\"%.*s\" is not a domain name for a zone",
			(int)len, name);
	wire_name_lower(z->origin, len);
	z->origin_len = (uint8_t)len;
	z->origin_labels = (uint8_t)wire_name_labels(z->origin);
	for (size_t i = 0; i < s->count; i++)
		if (s->zones[i].origin_len == len &&
			memcmp(s->zones[i].origin, z->origin, len) == 0)
			return error_set(e, ERR_REFUSED,
				"zone \"%s\" is given twice; remove one of the two", name);
	*out = z;
	return OK;
}

enum err
zone_set_add(struct zone_set *s, struct text origin, const struct snapshot *snapshot, bool is_list,
	struct error *e)
{
	for (size_t i = 0; i < snapshot_zone_count(snapshot); i++) {
		struct snapshot_zone data;
		struct zone *z;
		enum err err;

		snapshot_zone(snapshot, i, &data);
		err = begin_zone(s, data.name, origin, &z, e);
		if (err == OK)
			err = render_apex(z, &data.apex, e);
		if (err != OK)
			return err;
		z->snapshot = snapshot;
		z->set = data.set;
		z->serial = snapshot_serial(snapshot);
		add_tests(z, is_list, data.name);
		s->count++;
	}
	return OK;
}

enum err
zone_set_add_missing(struct zone_set *s, struct text origin, struct error *e)
{
	struct zone *z;
	enum err err = begin_zone(s, TEXT_NONE, origin, &z, e);

	if (err == OK)
		s->count++;
	return err;
}

static bool
is_below(const struct zone *inner, const uint8_t *name, size_t len)
{
	size_t at = 0;

	while (inner->origin_len - at > len)
		at += inner->origin[at] + 1u;
	return at != 0 && inner->origin_len - at == len &&
		memcmp(inner->origin + at, name, len) == 0;
}

enum err
zone_set_finish(struct zone_set *s, struct error *e)
{
	uint32_t slots = 8;

	if (s->count >= UINT16_MAX)
		return error_set(e, ERR_FULL, "more than %d zones", UINT16_MAX - 1);
	while (slots < s->count * 4)
		slots *= 2;
	s->slots = calloc(slots, sizeof(*s->slots));
	if (s->slots == NULL)
		return error_set(e, ERR_MEMORY, "out of memory for the table of zones");
	s->slot_mask = slots - 1;
	for (size_t i = 0; i < s->count; i++) {
		const struct zone *z = &s->zones[i];
		uint32_t slot = hash_name(z->origin, z->origin_len) & s->slot_mask;

		while (s->slots[slot] != 0)
			slot = (slot + 1) & s->slot_mask;
		s->slots[slot] = (uint16_t)(i + 1);
		s->has_length[z->origin_len] = true;
		for (size_t j = 0; j < s->count; j++)
			if (is_below(z, s->zones[j].origin, s->zones[j].origin_len) &&
				z->origin_labels > s->zones[j].origin_labels + 1)
				s->has_gaps = true;
	}
	return OK;
}

static const struct zone *
find_origin(const struct zone_set *s, const uint8_t *wire, size_t len)
{
	uint32_t slot = hash_name(wire, len) & s->slot_mask;

	for (; s->slots[slot] != 0; slot = (slot + 1) & s->slot_mask) {
		const struct zone *z = &s->zones[s->slots[slot] - 1];

		if (z->origin_len == len && memcmp(z->origin, wire, len) == 0)
			return z;
	}
	return NULL;
}

const struct zone *
zone_set_find(const struct zone_set *s, const struct query_name *name, size_t *below)
{
	for (size_t i = 0; i <= name->labels; i++) {
		size_t at = i < name->labels ? name->label_at[i] : name->len - 1u;
		const struct zone *z;

		if (!s->has_length[name->len - at])
			continue;
		z = find_origin(s, name->wire + at, name->len - at);
		if (z != NULL) {
			*below = i;
			return z;
		}
	}
	return NULL;
}

bool
zone_set_has_below(const struct zone_set *s, const struct query_name *name)
{
	for (size_t i = 0; s->has_gaps && i < s->count; i++)
		if (is_below(&s->zones[i], name->wire, name->len))
			return true;
	return false;
}

size_t
zone_set_count(const struct zone_set *s)
{
	return s->count;
}

const struct zone *
zone_set_get(const struct zone_set *s, size_t i)
{
	return &s->zones[i];
}
