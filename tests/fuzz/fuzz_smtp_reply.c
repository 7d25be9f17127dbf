#include "smtp_reply.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
count_line(struct text line, void *context)
{
	size_t *lines = context;

	assert(line.len <= SMTP_REPLY_LINE_MAX);
	assert(line.len == 0 || memchr(line.p, '\n', line.len) == NULL);
	++*lines;
}

static size_t
feed(struct smtp_reply *r, const uint8_t *data, size_t size, size_t piece)
{
	size_t total = 0, used;

	while (total < size && r->state == SMTP_REPLY_MORE) {
		smtp_reply_feed(r, data + total, size - total < piece ? size - total : piece,
			&used);
		assert(used != 0);
		total += used;
	}
	return total;
}

static void
check(const struct smtp_reply *r)
{
	size_t len = strlen(r->text);

	assert(len == r->text_len && len < sizeof(r->text));
	for (size_t i = 0; i < len; i++)
		assert(r->text[i] >= ' ' && r->text[i] < 0x7f);
	assert(r->bytes <= SMTP_REPLY_BYTES_MAX + 1 && r->lines <= SMTP_REPLY_LINES_MAX + 1);
	if (r->state == SMTP_REPLY_COMPLETE)
		assert(r->code >= 200 && r->code <= 599 && r->lines != 0);
}

/* All at once and in pieces must be the same. The first byte says how big the pieces are. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct smtp_reply *whole = malloc(sizeof(*whole)), *pieces = malloc(sizeof(*pieces));
	size_t lines = 0, more_lines = 0, used, used_pieces;

	if (size != 0 && whole != NULL && pieces != NULL) {
		smtp_reply_init(whole, count_line, &lines);
		smtp_reply_init(pieces, count_line, &more_lines);
		used = feed(whole, data + 1, size - 1, SIZE_MAX);
		used_pieces = feed(pieces, data + 1, size - 1, (size_t)data[0] + 1);
		check(whole);
		assert(used == used_pieces && lines == more_lines);
		assert(whole->state == pieces->state && whole->code == pieces->code);
		assert(strcmp(whole->text, pieces->text) == 0);
	}
	free(whole);
	free(pieces);
	return 0;
}
