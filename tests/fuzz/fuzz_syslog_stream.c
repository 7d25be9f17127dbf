/* Bytes of a syslog connection: whatever they are cut into, the same messages come out, each of
 * them one line within its bound; and what they hold came in.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "syslog_stream.h"

enum { MESSAGE_MAX = 256, PIECE = 7 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	size_t count, bytes;
	uint64_t hash;
};

static enum err
on_message(struct text m, void *context)
{
	struct seen *seen = context;

	assert(m.len > 1 && m.len <= MESSAGE_MAX + 1);
	assert(m.p[m.len - 1] == '\n');
	assert(memchr(m.p, '\n', m.len) == m.p + m.len - 1);
	assert(memchr(m.p, '\0', m.len) == NULL && memchr(m.p, '\r', m.len) == NULL);
	seen->count++;
	seen->bytes += m.len - 1;
	for (size_t i = 0; i < m.len; i++)
		seen->hash = seen->hash * 31 + (unsigned char)m.p[i];
	return OK;
}

static enum err
run(const uint8_t *data, size_t size, size_t piece, struct seen *seen)
{
	struct syslog_stream s;
	enum err err = OK;

	syslog_stream_init(&s, MESSAGE_MAX);
	while (err == OK && size != 0) {
		size_t n = size < piece ? size : piece;
		/* A block of its own, so that a read behind it is seen. */
		uint8_t *bytes = malloc(n);

		assert(bytes != NULL);
		memcpy(bytes, data, n);
		err = syslog_stream_feed(&s, bytes, n, on_message, seen);
		free(bytes);
		assert(s.len <= MESSAGE_MAX);
		data += n;
		size -= n;
	}
	seen->hash += s.passed * 7919 + (uint64_t)syslog_stream_is_inside(&s);
	syslog_stream_reset(&s);
	return err;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = {0}, cut = {0}, bytes = {0};
	enum err err = run(data, size, SIZE_MAX, &whole);

	assert(err == OK || err == ERR_SYNTAX);
	assert(whole.bytes <= size);
	if (run(data, size, PIECE, &cut) != err || run(data, size, 1, &bytes) != err)
		abort();
	assert(whole.count == cut.count && whole.count == bytes.count);
	assert(whole.hash == cut.hash && whole.hash == bytes.hash);
	return 0;
}
