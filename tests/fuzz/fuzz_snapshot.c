/* fuzz_snapshot.c - any bytes given to the reader of snapshots, first as they are, then with
 * frame and checksum made right, so that what lies behind the checksum is reached, too. */
#include <assert.h>
#include <stdlib.h>

#include <orbl/snapshot_layer.h>

#include "snapshot_repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
sum_text(struct text t)
{
	size_t sum = 0;

	for (size_t i = 0; i < t.len; i++)
		sum += (unsigned char)t.p[i];
	return sum;
}

static void
use_view(const struct snapshot_view *v)
{
	size_t sum = 0;

	assert(v->a_count <= SNAPSHOT_RECORDS_MAX && v->txt_count <= SNAPSHOT_RECORDS_MAX);
	assert(v->record_count <= SNAPSHOT_RECORDS_MAX && v->action <= SNAPSHOT_PASS);
	for (size_t i = 0; i < v->a_count; i++)
		assert(snapshot_view_a(v, i) >> 24 == 127);
	for (size_t i = 0; i < v->txt_count; i++) {
		assert(snapshot_view_txt(v, i).len <= SNAPSHOT_TXT_MAX);
		sum += sum_text(snapshot_view_txt(v, i));
	}
	for (size_t i = 0; i < v->record_count; i++) {
		assert(snapshot_view_record(v, i).rdata.len <= SNAPSHOT_RDATA_MAX);
		sum += sum_text(snapshot_view_record(v, i).rdata);
	}
	assert(sum != SIZE_MAX); /* so that the bytes are read */
}

static void
use_address(const struct snapshot_layer *l, const struct addr *a)
{
	struct prefix p = {.addr = *a};
	struct snapshot_view v;

	if (snapshot_layer_find(l, a, &v))
		use_view(&v);
	for (unsigned len = 0; len <= (a->family == 4 ? 33 : 129); len++) {
		p.len = (uint8_t)len;
		snapshot_layer_intersects(l, &p);
	}
}

/* A name whose labels are one byte each. */
static void
use_name(const struct snapshot_layer *l, const uint8_t *bytes, size_t count)
{
	uint8_t wire[2 * 8 + 1] = {0}, label_at[8];
	struct snapshot_name name = {wire, label_at, count};
	struct snapshot_view v;
	size_t matched = 0;

	for (size_t i = 0; i < count; i++) {
		wire[2 * i] = 1;
		wire[2 * i + 1] = bytes[i];
		label_at[i] = (uint8_t)(2 * i);
	}
	if (snapshot_layer_find_name(l, &name, &v, &matched) == SNAPSHOT_NAME_LISTED) {
		assert(matched <= count);
		use_view(&v);
	}
}

static void
use_set(const struct snapshot_set *set, const uint8_t *data)
{
	struct snapshot_layer l = {.set = set};
	struct snapshot_walk walk = {0};
	struct snapshot_range range;
	struct addr a = {.family = 4};
	size_t n = 0;

	while (n < 64 && snapshot_next_range(set, &walk, &range)) {
		assert(range.low.family == range.high.family);
		use_view(&range.view);
		use_address(&l, &range.low);
		use_address(&l, &range.high);
		n++;
	}
	assert(n <= snapshot_set_entries(set));
	memcpy(a.b, data, 4);
	use_address(&l, &a);
	a.family = 6;
	memcpy(a.b, data, 16);
	use_address(&l, &a);
	for (size_t count = 0; count <= 8; count++)
		use_name(&l, data, count);
}

static void
use_zones(const struct snapshot *s)
{
	for (size_t i = 0; i < snapshot_zone_count(s); i++) {
		struct snapshot_zone zone;
		size_t sum;

		snapshot_zone(s, i, &zone);
		assert(zone.name.len <= 255 && zone.policy.len <= SNAPSHOT_TXT_MAX);
		assert(zone.apex.mname.len <= 255 && zone.apex.rname.len <= 255);
		assert(zone.apex.ns_count <= SNAPSHOT_NS_MAX);
		assert(zone.set_count <= SNAPSHOT_ZONE_SETS_MAX);
		sum = sum_text(zone.name) + sum_text(zone.policy) + sum_text(zone.apex.rname);
		for (size_t k = 0; k < zone.apex.ns_count; k++)
			sum += sum_text(zone.apex.ns[k]);
		for (size_t k = 0; k < zone.set_count; k++)
			assert(snapshot_set_index(zone.sets[k]) < snapshot_set_count(s));
		assert(sum != SIZE_MAX);
	}
}

static void
try_bytes(const uint8_t *data, size_t size)
{
	struct snapshot *s;
	struct error e;

	if (snapshot_open_bytes(data, size, "input", &s, &e) != OK) {
		assert(s == NULL && e.text[0] != '\0');
		return;
	}
	assert(snapshot_notice(s).len <= SNAPSHOT_NOTICE_MAX);
	assert(sum_text(snapshot_notice(s)) != SIZE_MAX);
	use_zones(s);
	for (size_t i = 0; i < snapshot_set_count(s) && i < 8; i++)
		use_set(snapshot_set_at(s, i), data + size - 32);
	snapshot_close(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size != 0 ? size : 1);

	try_bytes(data, size);
	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	size = snapshot_repair(copy, size);
	if (size != 0)
		try_bytes(copy, size);
	free(copy);
	return 0;
}
