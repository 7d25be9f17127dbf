#include <string.h>

#include <orbl/snapshot.h>

#include "snapshot_format.h"
#include "snapshot_set.h"

/* An id that the snapshot does not have is the same as none. */
static uint16_t
class_at(const struct snapshot_set *set, const uint8_t *classes, size_t i)
{
	uint16_t id = format_get16(classes + 2 * i);

	return id <= set->class_count ? id : SNAPSHOT_NOT_LISTED;
}

/* --- IPv4 addresses --- */

/* Start of a bucket, never beyond the hosts whatever the file says. */
static size_t
bucket_start(const struct snapshot_set *set, size_t upper)
{
	size_t start = format_get32(set->bucket + 4 * upper);

	return start < set->hosts ? start : set->hosts;
}

/* Index of the first host at or above a. */
static size_t
first_host(const struct snapshot_set *set, uint32_t a)
{
	size_t low = 0, high = set->hosts;

	if (set->buckets) {
		low = bucket_start(set, a >> 16);
		high = bucket_start(set, (size_t)(a >> 16) + 1);
		a &= 0xffff;
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		uint32_t host = set->buckets ? format_get16(set->host + 2 * middle) :
					       format_get32(set->host + 4 * middle);

		if (host < a)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
host_is(const struct snapshot_set *set, size_t i, uint32_t a)
{
	if (set->buckets)
		return i < bucket_start(set, (size_t)(a >> 16) + 1) &&
			format_get16(set->host + 2 * i) == (a & 0xffff);
	return i < set->hosts && format_get32(set->host + 4 * i) == a;
}

/* --- ranges: the first one that ends at or above an address --- */

static size_t
first_range4(const struct snapshot_set *set, uint32_t a)
{
	size_t low = 0, high = set->ranges4;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (format_get32(set->high4 + 4 * middle) < a)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static size_t
first_range6(const struct snapshot_set *set, const uint8_t a[16])
{
	size_t low = 0, high = set->ranges6;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(set->high6 + 16 * middle, a, 16) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* --- look-ups --- */

static uint16_t
find4(const struct snapshot_set *set, uint32_t a)
{
	size_t i = first_host(set, a);

	if (host_is(set, i, a))
		return class_at(set, set->host_class, i);
	i = first_range4(set, a);
	if (i < set->ranges4 && format_get32(set->low4 + 4 * i) <= a)
		return class_at(set, set->class4, i);
	return SNAPSHOT_NOT_LISTED;
}

uint16_t
snapshot_find(const struct snapshot_set *set, const struct addr *a)
{
	size_t i;

	if (a->family == 4)
		return find4(set, addr_ipv4(a));
	if (a->family != 6)
		return SNAPSHOT_NOT_LISTED;
	i = first_range6(set, a->b);
	if (i < set->ranges6 && memcmp(set->low6 + 16 * i, a->b, 16) <= 0)
		return class_at(set, set->class6, i);
	return SNAPSHOT_NOT_LISTED;
}

static bool
intersects4(const struct snapshot_set *set, uint32_t low, uint32_t high)
{
	size_t past = high != UINT32_MAX ? first_host(set, high + 1) : set->hosts;
	size_t i;

	if (past > first_host(set, low))
		return true;
	i = first_range4(set, low);
	return i < set->ranges4 && format_get32(set->low4 + 4 * i) <= high;
}

static bool
intersects6(const struct snapshot_set *set, const struct prefix *p)
{
	uint8_t low[16], high[16];
	size_t i;

	for (size_t k = 0; k < sizeof(low); k++) {
		size_t kept = p->len > 8 * k ? p->len - 8 * k : 0;
		uint8_t host_bits = (uint8_t)(kept < 8 ? 0xff >> kept : 0);

		low[k] = (uint8_t)(p->addr.b[k] & ~host_bits);
		high[k] = p->addr.b[k] | host_bits;
	}
	i = first_range6(set, low);
	return i < set->ranges6 && memcmp(set->low6 + 16 * i, high, 16) <= 0;
}

bool
snapshot_intersects(const struct snapshot_set *set, const struct prefix *p)
{
	uint32_t low, host_bits;

	if (p->addr.family == 6)
		return p->len <= 128 && intersects6(set, p);
	if (p->addr.family != 4 || p->len > 32)
		return false;
	host_bits = p->len < 32 ? UINT32_MAX >> p->len : 0;
	low = addr_ipv4(&p->addr) & ~host_bits;
	return intersects4(set, low, low | host_bits);
}

/* --- walk --- */

/* The address of the next host. */
static uint32_t
walk_host(const struct snapshot_set *set, struct snapshot_walk *w)
{
	if (!set->buckets)
		return format_get32(set->host + 4 * w->host);
	while (w->upper < BUCKETS - 1 && bucket_start(set, (size_t)w->upper + 1) <= w->host)
		w->upper++;
	return w->upper << 16 | format_get16(set->host + 2 * w->host);
}

static void
walk4(const struct snapshot_set *set, struct snapshot_walk *w, struct snapshot_range *out)
{
	uint32_t host = w->host < set->hosts ? walk_host(set, w) : 0;
	size_t i = w->range4;

	if (w->host < set->hosts && (i == set->ranges4 || host < format_get32(set->low4 + 4 * i))) {
		*out = (struct snapshot_range){.low = addr_from_ipv4(host),
			.high = addr_from_ipv4(host),
			.class_id = class_at(set, set->host_class, w->host++)};
		return;
	}
	*out = (struct snapshot_range){.low = addr_from_ipv4(format_get32(set->low4 + 4 * i)),
		.high = addr_from_ipv4(format_get32(set->high4 + 4 * i)),
		.class_id = class_at(set, set->class4, i)};
	w->range4++;
}

bool
snapshot_next_range(const struct snapshot_set *set, struct snapshot_walk *walk,
	struct snapshot_range *out)
{
	size_t i = walk->range6;

	if (walk->host < set->hosts || walk->range4 < set->ranges4) {
		walk4(set, walk, out);
		return true;
	}
	if (i >= set->ranges6)
		return false;
	*out = (struct snapshot_range){.low.family = 6,
		.high.family = 6,
		.class_id = class_at(set, set->class6, i)};
	memcpy(out->low.b, set->low6 + 16 * i, 16);
	memcpy(out->high.b, set->high6 + 16 * i, 16);
	walk->range6++;
	return true;
}
