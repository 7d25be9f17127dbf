/* follow_place.h - how far a log was read, so that it is found again whatever it is called then.
 *
 * A file is known by its device and inode, and by what it holds: hashes of its first bytes and of
 * those in front of the place. An inode that was given to another file, a file that was
 * copied and truncated, one that was compressed: the bytes tell. Kept as JSON by the analyzer.
 */
#ifndef ANALYZER_FOLLOW_PLACE_H
#define ANALYZER_FOLLOW_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <jansson.h>

#include <orbl/err.h>

enum { FOLLOW_HEAD = 1024, FOLLOW_TAIL = 256, FOLLOW_HASH = 16 };

struct follow_place { /* in a file that is open */
	uint64_t device, inode;
	uint64_t offset, line;     /* bytes and lines in front of it */
	size_t head_len, tail_len; /* FOLLOW_HEAD, FOLLOW_TAIL, or offset when that is less */
	unsigned char head[FOLLOW_HEAD], tail[FOLLOW_TAIL];
};

struct follow_mark { /* as it is kept */
	uint64_t device, inode;
	uint64_t offset, line;
	int64_t time_ns; /* when the file was written last, as seen then */
	unsigned char head[FOLLOW_HASH], tail[FOLLOW_HASH];
};

void follow_place_start(struct follow_place *p, const struct stat *st); /* at offset 0 */
void follow_place_advance(struct follow_place *p, const void *bytes, size_t len);
/* Do the bytes in front of it have the mark's hashes? p is at the mark's offset. */
bool follow_place_is(const struct follow_place *p, const struct follow_mark *m);

void follow_mark_set(struct follow_mark *m, const struct follow_place *p, int64_t time_ns);
/* NULL: out of memory. */
json_t *follow_mark_json(const struct follow_mark *m);
enum err follow_mark_read(const json_t *json, struct follow_mark *out) ORBL_NODISCARD;

#endif
