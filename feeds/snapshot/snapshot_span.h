/* snapshot_span.h - ranges of addresses while a snapshot is made, packed: there may be ten
 * million of them.
 */
#ifndef FEEDS_SNAPSHOT_SPAN_H
#define FEEDS_SNAPSHOT_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "snapshot_key.h"

struct span {
	struct snapshot_key low, high; /* both included */
	uint32_t class_id;
	uint8_t rank;
};

/* Single IPv4 addresses, all of one rank: address << 32 | class id. */
struct span_hosts {
	uint64_t *items;
	size_t count, room;
};

enum { SPAN_HOST_RANK = 32 };

static inline uint32_t
span_host_address(uint64_t host)
{
	return (uint32_t)(host >> 32);
}

static inline uint32_t
span_host_class(uint64_t host)
{
	return (uint32_t)host;
}

/* False: out of memory. */
bool span_hosts_append(struct span_hosts *hosts, const uint64_t *more, size_t count);

static inline bool
span_hosts_add(struct span_hosts *hosts, uint64_t host)
{
	if (hosts->count == hosts->room)
		return span_hosts_append(hosts, &host, 1);
	hosts->items[hosts->count++] = host;
	return true;
}

/* By address. *scratch is empty, and has room for as many after that. */
bool span_hosts_sort(struct span_hosts *hosts, struct span_hosts *scratch);
void span_hosts_reset(struct span_hosts *hosts); /* releases */

/* Ranges of one family. */
struct span_list {
	uint8_t family;
	size_t count, room;
	union {
		struct span_packed4 {
			uint32_t low, high, class_id;
			uint8_t rank;
		} * v4;
		struct span_packed6 {
			struct snapshot_key low, high;
			uint32_t class_id;
			uint8_t rank;
		} * v6;
	} items;
};

struct span span_list_get(const struct span_list *list, size_t i);   /* i < count */
bool span_list_add(struct span_list *list, const struct span *span); /* false: out of memory */
bool span_list_sort(struct span_list *list);  /* by low end; false: out of memory */
void span_list_reset(struct span_list *list); /* releases; the family stays */

#endif
