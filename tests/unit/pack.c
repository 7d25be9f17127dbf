#include "pack.h"

#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

enum { ROOM = 1 << 20 };

static uint8_t *
reserve(struct pack *p, size_t more)
{
	p->bytes = realloc(p->bytes, p->len + more);
	ck_assert_ptr_nonnull(p->bytes);
	return p->bytes + p->len;
}

void
pack_raw(struct pack *p, const void *bytes, size_t len)
{
	memcpy(reserve(p, len), bytes, len);
	p->len += len;
}

static void
add_gzip(struct pack *p, const void *bytes, size_t len)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)bytes, .avail_in = (uInt)len};
	size_t room = len + len / 1000 + 1024;

	ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_out = reserve(p, room);
	z.avail_out = (uInt)room;
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	p->len += room - z.avail_out;
	ck_assert_int_eq(deflateEnd(&z), Z_OK);
}

static void
add_xz(struct pack *p, const void *bytes, size_t len)
{
	size_t room = lzma_stream_buffer_bound(len), used = 0;

	ck_assert_int_eq(lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, bytes, len,
				 reserve(p, room), &used, room),
		LZMA_OK);
	p->len += used;
}

static void
add_zstd(struct pack *p, const void *bytes, size_t len)
{
	size_t room = ZSTD_compressBound(len);
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t used;

	ck_assert_ptr_nonnull(c);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	used = ZSTD_compress2(c, reserve(p, room), room, bytes, len);
	ck_assert(ZSTD_isError(used) == 0);
	p->len += used;
	ZSTD_freeCCtx(c);
}

void
pack_add(struct pack *p, enum pack_format format, const void *bytes, size_t len)
{
	static void (*const add[])(struct pack *, const void *,
		size_t) = {[PACK_GZIP] = add_gzip, [PACK_XZ] = add_xz, [PACK_ZSTD] = add_zstd};

	add[format](p, bytes, len);
}

static void
zeros_gzip(struct pack *p, size_t len)
{
	static uint8_t zeros[ROOM];
	z_stream z = {0};
	int result = Z_OK;

	ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	while (result != Z_STREAM_END) {
		if (z.avail_in == 0) {
			z.next_in = zeros;
			z.avail_in = (uInt)(len < ROOM ? len : ROOM);
			len -= z.avail_in;
		}
		z.next_out = reserve(p, ROOM);
		z.avail_out = ROOM;
		result = deflate(&z, len == 0 ? Z_FINISH : Z_NO_FLUSH);
		p->len += ROOM - z.avail_out;
	}
	ck_assert_int_eq(deflateEnd(&z), Z_OK);
}

static void
zeros_xz(struct pack *p, size_t len)
{
	static uint8_t zeros[ROOM];
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_ret result = LZMA_OK;

	ck_assert_int_eq(lzma_easy_encoder(&z, 0, LZMA_CHECK_CRC32), LZMA_OK);
	while (result == LZMA_OK) {
		if (z.avail_in == 0) {
			z.next_in = zeros;
			z.avail_in = len < ROOM ? len : ROOM;
			len -= z.avail_in;
		}
		z.next_out = reserve(p, ROOM);
		z.avail_out = ROOM;
		result = lzma_code(&z, len == 0 ? LZMA_FINISH : LZMA_RUN);
		p->len += ROOM - z.avail_out;
	}
	ck_assert_int_eq(result, LZMA_STREAM_END);
	lzma_end(&z);
}

static void
zeros_zstd(struct pack *p, size_t len)
{
	static uint8_t zeros[ROOM];
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t left = 1;

	while (left != 0) {
		ZSTD_inBuffer in = {zeros, len < ROOM ? len : ROOM, 0};
		ZSTD_outBuffer out = {reserve(p, ROOM), ROOM, 0};

		left = ZSTD_compressStream2(c, &out, &in,
			len == in.size ? ZSTD_e_end : ZSTD_e_continue);
		ck_assert(ZSTD_isError(left) == 0);
		len -= in.pos;
		left += len;
		p->len += out.pos;
	}
	ZSTD_freeCCtx(c);
}

void
pack_zeros(struct pack *p, enum pack_format format, size_t len)
{
	static void (*const add[])(struct pack *, size_t) =
		{[PACK_GZIP] = zeros_gzip, [PACK_XZ] = zeros_xz, [PACK_ZSTD] = zeros_zstd};

	add[format](p, len);
}
