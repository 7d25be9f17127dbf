/* fuzz_snapshot.c - any bytes given to the reader of snapshots, first as they are, then with
 * frame and checksum made right, so that what lies behind the checksum is reached, too. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include <orbl/snapshot.h>

#include "snapshot_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
put64(uint8_t *p, uint64_t v)
{
	for (unsigned i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

/* Make the frame right. Length becomes a multiple of 8 by dropping bytes in front of the
 * trailer. */
static size_t
repair(uint8_t *bytes, size_t size)
{
	size -= size % 8;
	memcpy(bytes, SNAPSHOT_MAGIC, SNAPSHOT_MAGIC_SIZE);
	put64(bytes + HEADER_VERSION, SNAPSHOT_VERSION); /* and flags 0 */
	put64(bytes + HEADER_LENGTH, size);
	memcpy(bytes + size - 8, SNAPSHOT_END_MAGIC, SNAPSHOT_MAGIC_SIZE);
	put64(bytes + size - TRAILER_SIZE, XXH3_64bits(bytes, size - TRAILER_SIZE));
	return size;
}

static void
use_address(const struct snapshot *s, const struct snapshot_set *set, const struct addr *a)
{
	uint16_t id = snapshot_find(set, a);
	struct snapshot_class class;
	struct prefix p = {.addr = *a};

	assert(id == SNAPSHOT_NOT_LISTED || snapshot_class(s, id, &class));
	for (unsigned len = 0; len <= (a->family == 4 ? 33 : 129); len++) {
		p.len = (uint8_t)len;
		snapshot_intersects(set, &p);
	}
}

static void
use_set(const struct snapshot *s, const struct snapshot_set *set, size_t budget)
{
	struct snapshot_range range;
	struct snapshot_walk walk = {0};
	size_t n = 0;

	while (n < budget && snapshot_next_range(set, &walk, &range)) {
		assert(range.low.family == range.high.family);
		use_address(s, set, &range.low);
		use_address(s, set, &range.high);
		n++;
	}
	assert(n <= snapshot_entries(s));
}

static void
use_texts(const struct snapshot *s)
{
	struct snapshot_class class;
	size_t sum = 0;

	for (uint32_t id = 0; id <= UINT16_MAX; id++) {
		if (!snapshot_class(s, (uint16_t)id, &class))
			continue;
		assert(class.a_count <= SNAPSHOT_RECORDS_MAX);
		assert(class.txt_count <= SNAPSHOT_RECORDS_MAX);
		for (size_t i = 0; i < class.txt_count; i++) {
			assert(class.txt[i].len <= SNAPSHOT_TXT_MAX);
			for (size_t k = 0; k < class.txt[i].len; k++)
				sum += (unsigned char)class.txt[i].p[k];
		}
	}
	assert(sum != SIZE_MAX); /* so that the bytes are read */
}

static void
use_zones(const struct snapshot *s, const uint8_t *data, size_t size)
{
	struct addr a = {.family = 4};

	for (size_t i = 0; i < snapshot_zone_count(s); i++) {
		struct snapshot_zone zone;

		snapshot_zone(s, i, &zone);
		assert(zone.set != NULL && zone.name.len <= 255 && zone.apex.mname.len <= 255);
		assert(zone.apex.ns_count <= SNAPSHOT_NS_MAX);
		use_set(s, zone.set, 64);
		a.family = 4;
		memset(a.b, 0, sizeof(a.b));
		memcpy(a.b, data + size - 4, 4);
		use_address(s, zone.set, &a);
		a.family = 6;
		memcpy(a.b, data + size - 16, 16);
		use_address(s, zone.set, &a);
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
	use_texts(s);
	use_zones(s, data, size);
	snapshot_close(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	try_bytes(data, size);
	if (size < HEADER_SIZE + TRAILER_SIZE)
		return 0;
	copy = malloc(size);
	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	try_bytes(copy, repair(copy, size));
	free(copy);
	return 0;
}
