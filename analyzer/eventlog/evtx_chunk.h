/* evtx_chunk.h - one chunk of a Windows Event Log: 64 KiB that stand for themselves.
 *
 *	0    "ElfChnk", number of its first and last record, where the free room starts
 *	128  offsets of names and templates, for writers
 *	512  records: 0x2a2a0000, size, number, time, binary XML, size
 *
 * Behind the last record lies what an earlier use of the chunk has left. What is damaged is
 * told and passed over; records behind it are found by their signature.
 */
#ifndef ANALYZER_EVTX_CHUNK_H
#define ANALYZER_EVTX_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <orbl/err.h>

#include "container.h"
#include "event_build.h"

enum { EVTX_CHUNK = 65536, EVTX_CHUNK_HEADER = 512 };

struct evtx_chunk {
	const uint8_t *bytes;
	size_t len;     /* less than EVTX_CHUNK at a cut end */
	uint64_t index; /* 0 for the first */
	uint64_t at;    /* byte of the file */
	const struct container_sink *sink;
	struct event_build *build;
};

bool evtx_chunk_has_magic(const uint8_t *bytes, size_t len);
/* Gives all its records to the sink. Not OK: what the sink returned. */
enum err evtx_chunk_read(const struct evtx_chunk *chunk);

#endif
