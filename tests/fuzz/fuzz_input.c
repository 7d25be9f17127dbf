/* fuzz_input.c - bytes as a file, compressed or not, against the libraries' own calls.
 *
 * What comes is what the library gives for the whole in one go; where that fails, an error that
 * names the file, and what came before is the beginning of the same. Larger outputs are left in
 * the middle, so that closing early is tried, too.
 */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "input.h"

enum { OUT_MAX = 2 << 20, XZ_MEMORY = 96 << 20, WINDOW_LOG = 27 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct output {
	uint8_t bytes[OUT_MAX];
	size_t len;
	bool is_long; /* there is more than fits */
	bool failed;
};

/* Members one after the other; zeros may follow each. */
static void
gunzip(const uint8_t *data, size_t size, struct output *o)
{
	z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)size};
	int result = Z_OK;

	assert(inflateInit2(&z, 15 + 16) == Z_OK);
	z.next_out = o->bytes;
	z.avail_out = OUT_MAX;
	while (result == Z_OK) {
		result = inflate(&z, Z_FINISH);
		if (result != Z_STREAM_END)
			break;
		while (z.avail_in != 0 && *z.next_in == 0) {
			z.next_in++;
			z.avail_in--;
		}
		if (z.avail_in == 0)
			break;
		result = *z.next_in == 0x1f ? inflateReset(&z) : Z_DATA_ERROR;
	}
	o->len = OUT_MAX - z.avail_out;
	o->is_long = z.avail_out == 0;
	o->failed = result != Z_STREAM_END;
	inflateEnd(&z);
}

static void
unxz(const uint8_t *data, size_t size, struct output *o)
{
	uint64_t limit = XZ_MEMORY;
	size_t in = 0;
	lzma_ret result = lzma_stream_buffer_decode(&limit, LZMA_CONCATENATED, NULL, data, &in,
		size, o->bytes, &o->len, OUT_MAX);

	o->is_long = result == LZMA_BUF_ERROR && o->len == OUT_MAX;
	o->failed = result != LZMA_OK;
}

static void
unzstd(const uint8_t *data, size_t size, struct output *o)
{
	ZSTD_DCtx *d = ZSTD_createDCtx();
	ZSTD_inBuffer in = {data, size, 0};
	ZSTD_outBuffer out = {o->bytes, OUT_MAX, 0};
	size_t result = 1, before = SIZE_MAX;

	ZSTD_DCtx_setParameter(d, ZSTD_d_windowLogMax, WINDOW_LOG);
	while (ZSTD_isError(result) == 0 && before != in.pos + out.pos &&
		(result != 0 || in.pos != in.size)) {
		before = in.pos + out.pos;
		result = ZSTD_decompressStream(d, &out, &in);
	}
	o->len = out.pos;
	o->is_long = out.pos == OUT_MAX;
	o->failed = result != 0;
	ZSTD_freeDCtx(d);
}

/* False: not compressed in a way that we read. */
static bool
unpack(const uint8_t *data, size_t size, struct output *o)
{
	o->len = 0;
	o->is_long = o->failed = false;
	if (size >= 3 && memcmp(data, "\x1f\x8b\x08", 3) == 0)
		gunzip(data, size, o);
	else if (size >= 6 &&
		memcmp(data,
			"\xfd"
			"7zXZ\0",
			6) == 0)
		unxz(data, size, o);
	else if (size >= 4 &&
		(memcmp(data, "\x28\xb5\x2f\xfd", 4) == 0 ||
			((data[0] & 0xf0) == 0x50 && memcmp(data + 1, "\x2a\x4d\x18", 3) == 0)))
		unzstd(data, size, o);
	else
		return false;
	return true;
}

static void
write_file(int fd, const uint8_t *data, size_t size)
{
	assert(write(fd, data, size) == (ssize_t)size);
}

/* As the fuzzed code has it. */
static enum err
read_input(const char *name, struct output *o, struct error *e)
{
	struct input *in;
	struct text t = TEXT("x");
	enum err err = input_open(name, &in, e);

	o->len = 0;
	while (err == OK && t.len != 0 && o->len != OUT_MAX) {
		size_t room = OUT_MAX - o->len;

		err = input_read(in, &t, e);
		if (t.len != 0)
			memcpy(o->bytes + o->len, t.p, t.len < room ? t.len : room);
		o->len += t.len < room ? t.len : room;
	}
	if (in != NULL)
		input_close(in);
	return err;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct output wanted, got;
	struct error e = {.code = OK};
	char name[40];
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	enum err err;

	assert(fd >= 0);
	write_file(fd, data, size);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	err = read_input(name, &got, &e);
	close(fd);
	assert(err == OK || (e.code == err && strncmp(e.text, name, strlen(name)) == 0));
	if (!unpack(data, size, &wanted)) {
		assert(err == ERR_UNSUPPORTED ||
			(err == OK && (got.len == size || size > OUT_MAX)));
		assert(err != OK || memcmp(got.bytes, data, got.len) == 0);
		return 0;
	}
	if (wanted.is_long && wanted.len == OUT_MAX) {
		assert(got.len == OUT_MAX || err != OK);
	} else {
		assert(wanted.failed == (err != OK));
		assert(wanted.failed || got.len == wanted.len);
	}
	assert(memcmp(got.bytes, wanted.bytes, got.len < wanted.len ? got.len : wanted.len) == 0);
	return 0;
}
