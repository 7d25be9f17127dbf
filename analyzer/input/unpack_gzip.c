#include "unpack_formats.h"

#include <stdlib.h>

#define ZLIB_CONST /* next_in may point to const */
#include <zlib.h>

enum { GZIP_WINDOW_BITS = 15 + 16, GZIP_FIRST = 0x1f, STEP_MAX = 1 << 30 };

struct gzip {
	z_stream z;
	bool between; /* members: one has ended */
};

void *
unpack_gzip_open(void)
{
	struct gzip *u = calloc(1, sizeof(*u));

	if (u != NULL && inflateInit2(&u->z, GZIP_WINDOW_BITS) != Z_OK) {
		free(u);
		return NULL;
	}
	return u;
}

void
unpack_gzip_close(void *u)
{
	struct gzip *g = u;

	if (g == NULL)
		return;
	(void)inflateEnd(&g->z);
	free(g);
}

bool
unpack_gzip_is_complete(const void *u)
{
	return ((const struct gzip *)u)->between;
}

/* Zeros may follow a member: tapes and block devices pad with them. */
static enum err
start_member(struct gzip *g, struct unpack_io *io, struct error *e)
{
	while (io->in_len != 0 && *io->in == 0) {
		io->in++;
		io->in_len--;
	}
	if (io->in_len == 0)
		return OK;
	if (*io->in != GZIP_FIRST)
		return error_set(e, ERR_CORRUPT, "something else follows");
	g->between = false;
	return inflateReset(&g->z) == Z_OK ? OK : error_set(e, ERR_MEMORY, "out of memory");
}

static enum err
inflate_some(struct gzip *g, struct unpack_io *io, struct error *e)
{
	uInt in = (uInt)(io->in_len < STEP_MAX ? io->in_len : STEP_MAX);
	uInt room = (uInt)(io->out_room < STEP_MAX ? io->out_room : STEP_MAX);
	int result;

	g->z.next_in = io->in;
	g->z.avail_in = in;
	g->z.next_out = (Bytef *)io->out;
	g->z.avail_out = room;
	result = inflate(&g->z, Z_NO_FLUSH);
	io->in += in - g->z.avail_in;
	io->in_len -= in - g->z.avail_in;
	io->out += room - g->z.avail_out;
	io->out_room -= room - g->z.avail_out;
	switch (result) {
	case Z_STREAM_END: g->between = true; return OK;
	case Z_OK:
	case Z_BUF_ERROR: return OK; /* neither input nor room */
	case Z_MEM_ERROR: return error_set(e, ERR_MEMORY, "out of memory");
	default: return error_set(e, ERR_CORRUPT, "%s", g->z.msg != NULL ? g->z.msg : "not gzip");
	}
}

enum err
unpack_gzip_step(void *u, struct unpack_io *io, bool is_last, struct error *e)
{
	struct gzip *g = u;
	enum err err = OK;

	(void)is_last;
	if (g->between)
		err = start_member(g, io, e);
	if (err == OK && !g->between)
		err = inflate_some(g, io, e);
	return err;
}
