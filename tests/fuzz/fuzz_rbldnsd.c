/* fuzz_rbldnsd.c - any text compiled as an ip4set. What comes out must open and be in order. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <orbl/snapshot.h>

#include "feed_rbldnsd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW_S = 1800000000 };

static void
check_class(const struct snapshot *s, uint16_t id)
{
	struct snapshot_class class;

	assert(snapshot_class(s, id, &class));
	assert(class.a_count >= 1);
	for (size_t i = 0; i < class.a_count; i++)
		assert(class.a[i] >> 24 == 127);
	for (size_t i = 0; i < class.txt_count; i++) {
		assert(class.txt[i].len != 0);
		for (size_t k = 0; k < class.txt[i].len; k++) {
			unsigned char c = (unsigned char)class.txt[i].p[k];

			assert(c == SNAPSHOT_ADDRESS_MARK || (c >= ' ' && c != 0x7f));
		}
	}
}

static void
check_ranges(const struct snapshot *s, const struct snapshot_set *set)
{
	struct snapshot_range range, last = {.class_id = 0};
	struct snapshot_walk walk = {0};
	size_t n = 0;

	while (snapshot_next_range(set, &walk, &range)) {
		struct prefix low = {range.low, 32}, high = {range.high, 32};

		assert(range.low.family == 4);
		assert(addr_compare(&range.low, &range.high) <= 0);
		assert(snapshot_find(set, &range.low) == range.class_id);
		assert(snapshot_find(set, &range.high) == range.class_id);
		assert(snapshot_intersects(set, &low) && snapshot_intersects(set, &high));
		assert(last.class_id == 0 || addr_compare(&last.high, &range.low) < 0);
		/* Joined where they could be. */
		assert(last.class_id != range.class_id ||
			addr_ipv4(&last.high) + 1 != addr_ipv4(&range.low));
		check_class(s, range.class_id);
		last = range;
		n++;
	}
	assert(n == snapshot_entries(s));
}

static void
check_snapshot(int fd)
{
	struct snapshot_zone zone;
	struct snapshot *s;
	struct error e;

	assert(snapshot_open_fd(fd, "compiled", &s, &e) == OK);
	assert(snapshot_zone_count(s) == 1);
	snapshot_zone(s, 0, &zone);
	assert(zone.apex.ns_count >= 1 && zone.apex.mname.len != 0 && zone.apex.ttl_s != 0);
	check_ranges(s, zone.set);
	snapshot_close(s);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct feed_job job = {.name = "input",
		.origin = "bl.example",
		.now_s = NOW_S,
		.file_serial = 1};
	struct error e = {.text = ""};

	if (size == 0)
		return 0;
	job.in = fmemopen((void *)(uintptr_t)data, size, "r");
	job.fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (job.in == NULL || job.fd < 0)
		abort();
	if (feed_rbldnsd_ip4set(&job, &e) == OK)
		check_snapshot(job.fd);
	else
		assert(e.text[0] != '\0');
	fclose(job.in);
	close(job.fd);
	return 0;
}
