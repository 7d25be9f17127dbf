/* snapshot_set.h - the arrays of one set inside an open snapshot.
 *
 * The pointers lie in the checked bytes of the file, for as many elements as the counts
 * say. What the arrays hold is not checked at open, as that would cost more than the
 * checksum does: contents out of order give wrong answers, never a read out of bounds.
 */
#ifndef FEEDS_SNAPSHOT_SET_H
#define FEEDS_SNAPSHOT_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct snapshot_set {
	bool buckets;
	uint32_t class_count; /* of the snapshot: the highest id */
	size_t hosts, ranges4, ranges6;
	const uint8_t *bucket;            /* u32, BUCKETS + 1, if buckets */
	const uint8_t *host, *host_class; /* u16 low halves if buckets, else u32 */
	const uint8_t *low4, *high4, *class4;
	const uint8_t *low6, *high6, *class6;
};

#endif
