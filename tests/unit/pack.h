/* pack.h - compressed data for tests. */
#ifndef TESTS_PACK_H
#define TESTS_PACK_H

#include <stddef.h>
#include <stdint.h>

struct pack { /* grows by what is packed into it; bytes to be freed */
	uint8_t *bytes;
	size_t len;
};

enum pack_format { PACK_GZIP, PACK_XZ, PACK_ZSTD, PACK_FORMATS };

void pack_raw(struct pack *p, const void *bytes, size_t len);
/* One more member, stream or frame. */
void pack_add(struct pack *p, enum pack_format format, const void *bytes, size_t len);
/* So many zeros in one. */
void pack_zeros(struct pack *p, enum pack_format format, size_t len);

#endif
