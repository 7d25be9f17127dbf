/* snapshot_file.h - making, freezing and asking small snapshots in tests.
 *
 * A class is known by its first A record: 0 stands for "not listed".
 */
#ifndef TESTS_SNAPSHOT_FILE_H
#define TESTS_SNAPSHOT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/snapshot_builder.h>
#include <orbl/snapshot_layer.h>

struct snapshot_file {
	uint8_t *bytes; /* malloc: exactly as long as it is */
	size_t len;
};

uint32_t snapshot_file_random(uint32_t *state); /* *state: not 0 */

/* A base zone with SOA, two NS and one set. */
struct snapshot_zone_draft snapshot_file_zone(size_t set);
/* A builder with one set, which is the base zone's. */
struct snapshot_builder *snapshot_file_builder(size_t *set);
uint32_t snapshot_file_class(struct snapshot_builder *b, uint32_t a, const char *txt,
	uint32_t ttl_s, int64_t expires_s);
void snapshot_file_range(struct snapshot_builder *b, size_t set, const char *low, const char *high,
	uint8_t rank, uint32_t id);
/* Writes, and frees the builder. The caller frees the bytes. */
struct snapshot_file snapshot_file_freeze(struct snapshot_builder *b);
/* Three sets, three zones, two classes. The base zone's set: 192.0.2.1 and 2001:db8::/112 of
 * 127.0.0.2, 192.0.2.16/28 of 127.0.0.3. The third set is of names. */
struct snapshot_file snapshot_file_small(void);

/* Make the checksum right again. */
void snapshot_file_repair(const struct snapshot_file *f);
uint8_t *snapshot_file_section(const struct snapshot_file *f, unsigned section);

struct snapshot *snapshot_file_open(const struct snapshot_file *f);
struct snapshot_layer snapshot_file_layer(const struct snapshot *s); /* set 0 alone */
struct addr snapshot_file_addr(const char *text);
uint32_t snapshot_file_find(struct snapshot_layer l, const char *text);
uint32_t snapshot_file_find_addr(struct snapshot_layer l, const struct addr *a);
bool snapshot_file_intersects(struct snapshot_layer l, const char *text);
void snapshot_file_assert_text(struct text got, const char *wanted);

#endif
