/* follow_open.h - one file of a log that is followed, plain or compressed, open at a place. */
#ifndef ANALYZER_FOLLOW_OPEN_H
#define ANALYZER_FOLLOW_OPEN_H

#include <orbl/text.h>

#include "follow_find.h"
#include "follow_place.h"
#include "input.h"

struct follow_open {
	int fd;            /* plain; -1 */
	struct input *in;  /* compressed; NULL */
	struct text rest;  /* of what in gave last */
	size_t begin, end; /* of what is in the caller's buffer and not taken, when compressed */
	char *passed;      /* what stands in front of the place, when compressed; NULL */
	size_t passed_len;
	int64_t written_ns; /* when it was opened */
	struct follow_place place;
};

enum { FOLLOW_CONTEXT_MAX = 256 * 1024 /* bytes in front of a place, whole lines */ };

enum follow_read {
	FOLLOW_READ_SOME,
	FOLLOW_READ_END,     /* nothing more for now */
	FOLLOW_READ_CHANGED, /* it was truncated: what was read is not in it any more */
};

/* At its beginning. ERR_NOT_FOUND when there is no such file, ERR_UNSUPPORTED when what it holds
 * are no lines of text. */
enum err follow_open_start(struct follow_open *o, const char *path, bool is_packed,
	struct error *e) ORBL_NODISCARD;
/* At the mark, when the file has its hashes; else *found is false and nothing is open. */
enum err follow_open_mark(struct follow_open *o, const char *path, bool is_packed,
	const struct follow_mark *m, bool *found, struct error *e) ORBL_NODISCARD;
void follow_open_close(struct follow_open *o); /* not open: ok */
bool follow_open_is(const struct follow_open *o);

/* The next bytes, at most size - FOLLOW_TAIL: they are at buffer + *at, *len 0 at the end. Always
 * the same buffer. The place does not move. */
enum err follow_open_read(struct follow_open *o, char *buffer, size_t size, size_t *at, size_t *len,
	enum follow_read *how, struct error *e) ORBL_NODISCARD;
/* len of them are taken, and stay where they are until the next read. */
void follow_open_take(struct follow_open *o, const char *bytes, size_t len);
/* What stands in front of the place: the lines at the head of the file that start with #, and at
 * most FOLLOW_CONTEXT_MAX bytes. The caller frees it; NULL with *len 0 when there is nothing, or
 * it cannot be told. */
char *follow_open_context(struct follow_open *o, size_t *len);
int64_t follow_open_written_ns(const struct follow_open *o); /* when last */

#endif
