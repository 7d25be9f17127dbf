/* snapshot_file.h - making, freezing and asking small snapshots in tests. */
#ifndef TESTS_SNAPSHOT_FILE_H
#define TESTS_SNAPSHOT_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/addr.h>
#include <orbl/snapshot.h>

struct snapshot_file {
	uint8_t *bytes; /* malloc: exactly as long as it is */
	size_t len;
};

uint32_t snapshot_file_random(uint32_t *state); /* *state: not 0 */

struct snapshot_apex snapshot_file_apex(void);
/* A builder with one set, which is the base zone's. */
struct snapshot_builder *snapshot_file_builder(size_t *set);
uint16_t snapshot_file_class(struct snapshot_builder *b, uint32_t a, const char *txt,
	uint32_t ttl_s, int64_t expires_s);
void snapshot_file_range(struct snapshot_builder *b, size_t set, const char *low, const char *high,
	uint8_t rank, uint16_t id);
/* Writes, and frees the builder. The caller frees the bytes. */
struct snapshot_file snapshot_file_freeze(struct snapshot_builder *b);
/* Two sets, three zones, two classes: 192.0.2.1 and 2001:db8::/112 of class 1,
 * 192.0.2.16/28 of class 2. */
struct snapshot_file snapshot_file_small(void);

/* Make the checksum right again. */
void snapshot_file_repair(const struct snapshot_file *f);
void snapshot_file_put32(uint8_t *p, uint32_t v); /* little-endian */

struct snapshot *snapshot_file_open(const struct snapshot_file *f);
const struct snapshot_set *snapshot_file_set(const struct snapshot *s); /* of the base zone */
struct addr snapshot_file_addr(const char *text);
uint16_t snapshot_file_find(const struct snapshot_set *set, const char *text);
bool snapshot_file_intersects(const struct snapshot_set *set, const char *text);
void snapshot_file_assert_text(struct text got, const char *wanted);

#endif
