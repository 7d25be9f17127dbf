#include "unpack_formats.h"

#include <stdlib.h>

#include <zstd.h>
#include <zstd_errors.h>

enum {
	ZSTD_WINDOW_LOG_MAX = 27, /* what zstd -d takes without --long=WINDOWLOG */
	BLOCK_HEADER = 3,         /* RFC 8878 section 3.1.1.2 */
};

struct zstd {
	ZSTD_DCtx *d;
	size_t hint; /* bytes wanted next; 0 at the end of a frame */
	bool started;
};

void
unpack_zstd_close(void *u)
{
	struct zstd *z = u;

	if (z == NULL)
		return;
	(void)ZSTD_freeDCtx(z->d);
	free(z);
}

void *
unpack_zstd_open(void)
{
	struct zstd *z = calloc(1, sizeof(*z));

	if (z == NULL)
		return NULL;
	z->d = ZSTD_createDCtx();
	if (z->d == NULL ||
		ZSTD_isError(ZSTD_DCtx_setParameter(z->d, ZSTD_d_windowLogMax,
			ZSTD_WINDOW_LOG_MAX)) != 0) {
		unpack_zstd_close(z);
		return NULL;
	}
	return z;
}

bool
unpack_zstd_is_complete(const void *u)
{
	const struct zstd *z = u;

	return z->started && z->hint == 0;
}

static enum err
tell(size_t result, struct error *e)
{
	switch (ZSTD_getErrorCode(result)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		return error_set(e, ERR_REFUSED,
			"unpacking needs more memory than the limit, %d MiB",
			1 << (ZSTD_WINDOW_LOG_MAX - 20));
	case ZSTD_error_memory_allocation: return error_set(e, ERR_MEMORY, "out of memory");
	case ZSTD_error_prefix_unknown: return error_set(e, ERR_CORRUPT, "something else follows");
	default: return error_set(e, ERR_CORRUPT, "%s", ZSTD_getErrorName(result));
	}
}

/* A call that fails does not say what it has put out before. So it gets one block at a time: the
 * hint is the rest of the block and the header of the next. */
static size_t
next_piece(const struct zstd *z, size_t in_len)
{
	size_t piece = z->hint > BLOCK_HEADER ? z->hint - BLOCK_HEADER : z->hint;

	if (piece == 0)
		piece = 1;
	return piece < in_len ? piece : in_len;
}

enum err
unpack_zstd_step(void *u, struct unpack_io *io, bool is_last, struct error *e)
{
	struct zstd *z = u;
	ZSTD_inBuffer in = {io->in, next_piece(z, io->in_len), 0};
	ZSTD_outBuffer out = {io->out, io->out_room, 0};
	size_t result;

	(void)is_last;
	if (in.size == 0 && unpack_zstd_is_complete(z))
		return OK; /* else it would start the next frame */
	result = ZSTD_decompressStream(z->d, &out, &in);
	if (ZSTD_isError(result) != 0)
		return tell(result, e);
	z->started = true;
	z->hint = result;
	io->in += in.pos;
	io->in_len -= in.pos;
	io->out += out.pos;
	io->out_room -= out.pos;
	return OK;
}
