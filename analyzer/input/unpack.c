#include "unpack.h"

#include "unpack_formats.h"

#define ROW(format)                                                                                \
	unpack_##format##_open, unpack_##format##_step, unpack_##format##_is_complete,             \
		unpack_##format##_close
#define MAGIC(literal)                                                                             \
	{                                                                                          \
		(literal), sizeof(literal) - 1                                                     \
	}

static const struct unpack_format formats[] = {
	{"gzip", "zcat", MAGIC("\x1f\x8b\x08"), 0xff, ROW(gzip)},
	{"xz", "xzcat",
		MAGIC("\xfd"
		      "7zXZ\0"),
		0xff, ROW(xz)},
	{"zstd", "zstdcat", MAGIC("\x28\xb5\x2f\xfd"), 0xff, ROW(zstd)},
	/* A skippable frame may come first: parallel packers put an index there. */
	{"zstd", "zstdcat", MAGIC("\x50\x2a\x4d\x18"), 0xf0, ROW(zstd)},
	{"bzip2", "bzcat", MAGIC("BZh91AY&"), 0xff, NULL, NULL, NULL, NULL},
	{"compress", "zcat", MAGIC("\x1f\x9d"), 0xff, NULL, NULL, NULL, NULL},
	{"lz4", "lz4cat", MAGIC("\x04\x22\x4d\x18"), 0xff, NULL, NULL, NULL, NULL},
	{"zip", "unzip -p", MAGIC("PK\x03\x04"), 0xff, NULL, NULL, NULL, NULL},
	{"7z", "7z x -so",
		MAGIC("7z\xbc\xaf\x27"
		      "\x1c"),
		0xff, NULL, NULL, NULL, NULL},
};

/* Do so many bytes of the head agree with the format as there are of both? */
static bool
agrees(const struct unpack_format *f, struct text head)
{
	for (size_t i = 0; i < f->magic.len && i < head.len; i++) {
		uint8_t mask = i == 0 ? f->first_mask : 0xff;

		if (((uint8_t)head.p[i] & mask) != ((uint8_t)f->magic.p[i] & mask))
			return false;
	}
	return true;
}

enum unpack_answer
unpack_recognise(struct text head, const struct unpack_format **out)
{
	enum unpack_answer answer = UNPACK_PLAIN;

	for (size_t i = 0; i < ORBL_COUNT(formats); i++) {
		if (!agrees(&formats[i], head))
			continue;
		*out = &formats[i];
		if (head.len >= formats[i].magic.len)
			return UNPACK_KNOWN;
		answer = UNPACK_UNSURE;
	}
	return answer;
}
