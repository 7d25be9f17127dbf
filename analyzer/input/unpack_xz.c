#include "unpack_formats.h"

#include <stdlib.h>

#include <lzma.h>

/* xz -9 needs 65 MiB. */
enum { XZ_MEMORY_MIB = 96 };

struct xz {
	lzma_stream z;
	bool is_complete;
};

void *
unpack_xz_open(void)
{
	struct xz *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	u->z = (lzma_stream)LZMA_STREAM_INIT;
	if (lzma_stream_decoder(&u->z, (uint64_t)XZ_MEMORY_MIB << 20, LZMA_CONCATENATED) !=
		LZMA_OK) {
		free(u);
		return NULL;
	}
	return u;
}

void
unpack_xz_close(void *u)
{
	struct xz *x = u;

	if (x == NULL)
		return;
	lzma_end(&x->z);
	free(x);
}

bool
unpack_xz_is_complete(const void *u)
{
	return ((const struct xz *)u)->is_complete;
}

static enum err
judge(struct xz *x, lzma_ret result, struct error *e)
{
	switch (result) {
	case LZMA_STREAM_END: x->is_complete = true; return OK;
	case LZMA_OK:
	case LZMA_BUF_ERROR: return OK; /* neither input nor room */
	case LZMA_MEM_ERROR: return error_set(e, ERR_MEMORY, "out of memory");
	case LZMA_MEMLIMIT_ERROR:
		return error_set(e, ERR_REFUSED,
			"unpacking needs %llu MiB of memory, the limit is %d MiB",
			(unsigned long long)(lzma_memusage(&x->z) >> 20) + 1, XZ_MEMORY_MIB);
	case LZMA_OPTIONS_ERROR:
		return error_set(e, ERR_UNSUPPORTED, "it uses a filter that liblzma lacks");
	case LZMA_FORMAT_ERROR: return error_set(e, ERR_CORRUPT, "something else follows");
	default: return error_set(e, ERR_CORRUPT, "a check fails");
	}
}

enum err
unpack_xz_step(void *u, struct unpack_io *io, bool is_last, struct error *e)
{
	struct xz *x = u;
	lzma_ret result;

	if (x->is_complete)
		return OK;
	x->z.next_in = io->in;
	x->z.avail_in = io->in_len;
	x->z.next_out = (uint8_t *)io->out;
	x->z.avail_out = io->out_room;
	result = lzma_code(&x->z, is_last ? LZMA_FINISH : LZMA_RUN);
	io->in += io->in_len - x->z.avail_in;
	io->in_len = x->z.avail_in;
	io->out += io->out_room - x->z.avail_out;
	io->out_room = x->z.avail_out;
	return judge(x, result, e);
}
