/* follow_find.h - what there is to read of a log that is rotated, the oldest first.
 *
 * Rotated files are the siblings FILE.1, FILE-20261121, and FILE-20261121.log for FILE.log, any of
 * them compressed. They are in the order in which they were written last; FILE is the end.
 */
#ifndef ANALYZER_FOLLOW_FIND_H
#define ANALYZER_FOLLOW_FIND_H

#include "follow_place.h"

enum { FOLLOW_FILES_MAX = 4096 };

struct follow_found {
	char *path;
	bool is_packed;  /* compressed, by its name */
	int64_t time_ns; /* written last */
	uint64_t number; /* of FILE.N, the higher the older; 0: none */
	uint64_t device, inode, size;
};

struct follow_list {
	size_t count, room;
	struct follow_found *items;
};

/* FILE itself is not among them. A directory that cannot be read is an error. */
enum err
follow_find_rotated(const char *file, struct follow_list *out, struct error *e) ORBL_NODISCARD;
void follow_list_free(struct follow_list *l);
/* Is rest what a rotation puts behind a name: [.-] and digits, compressed perhaps? */
bool follow_find_is_suffix(const char *rest);

#endif
