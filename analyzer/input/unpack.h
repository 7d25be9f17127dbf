/* unpack.h - compressed formats: a row each, known by the first bytes, unpacked as a stream.
 *
 * Memory of a format is its window, and bounded: 32 KB (gzip), 128 MB (zstd), 96 MB (xz); what
 * needs more is refused. What lies inside compressed data is never unpacked again.
 */
#ifndef ANALYZER_INPUT_UNPACK_H
#define ANALYZER_INPUT_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>
#include <orbl/text.h>

enum { UNPACK_HEAD = 8 }; /* bytes that tell any format */

struct unpack_io { /* a step moves all four */
	const uint8_t *in;
	size_t in_len;
	char *out;
	size_t out_room;
};

struct unpack_format {
	const char *name;
	const char *tool; /* which unpacks such a file to standard output */
	struct text magic;
	uint8_t first_mask;  /* bits of the first byte that count */
	void *(*open)(void); /* NULL: we do not read this format; returns NULL: no memory */
	/* Unpack some. is_last: nothing comes after in. What is told in e is the reason alone.
	 * Whatever lies before damage has come out when a step fails. */
	enum err (*step)(void *u, struct unpack_io *io, bool is_last, struct error *e);
	bool (*is_complete)(const void *u); /* may the input end here? */
	void (*close)(void *u);
};

enum unpack_answer {
	UNPACK_PLAIN, /* none of the formats */
	UNPACK_KNOWN, /* *out is it */
	UNPACK_UNSURE /* head is too short to tell */
};

enum unpack_answer unpack_recognise(struct text head, const struct unpack_format **out);

#endif
