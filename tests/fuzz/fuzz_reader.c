/* fuzz_reader.c - however the input is cut into chunks, the same denials and counts come out.
 *
 * The first byte of the input chooses the chunks; the rest is a log of any kind: lines, UTF-16, a
 * container.
 */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINE_MAX_BYTES = 700 };

struct digest {
	uint64_t hash, denials;
};

static void
add(struct digest *g, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < len; i++)
		g->hash = (g->hash ^ b[i]) * UINT64_C(1099511628211);
}

static void
add_text(struct digest *g, struct text t)
{
	uint64_t len = t.p != NULL ? t.len : UINT64_MAX;

	add(g, &len, sizeof(len));
	add(g, t.p, t.len);
}

static enum err
take(const struct denial *d, void *context)
{
	struct digest *g = context;

	assert(d->raw.p != NULL);
	assert(d->client.family == 4 || d->client.family == 6);
	assert(d->count != 0 && d->time_us >= 0 && d->time_us < 1000000);
	assert(d->kind < DENIAL_KIND_COUNT);
	g->denials += d->count;
	add(g, &d->line, sizeof(d->line));
	add(g, &d->time_s, sizeof(d->time_s));
	add(g, &d->count, sizeof(d->count));
	add(g, d->client.b, sizeof(d->client.b));
	add_text(g, d->helo);
	add_text(g, d->sender);
	add_text(g, d->recipient);
	add_text(g, d->reply);
	add_text(g, d->server);
	add_text(g, d->client_name);
	add_text(g, d->account);
	add_text(g, d->identity);
	add_text(g, d->raw);
	return OK;
}

/* step 0: all at once. */
static struct reader_summary
run(const uint8_t *data, size_t size, uint8_t step, struct digest *g)
{
	struct reader_conf conf = {.now_s = 1795262400, .line_max = LINE_MAX_BYTES};
	struct reader *r = reader_new(&conf, take, g);
	struct reader_summary s;
	size_t chunk = step;

	assert(r != NULL);
	*g = (struct digest){0};
	for (size_t at = 0, n; at < size; at += n) {
		n = step == 0 || size - at < chunk ? size - at : chunk;
		assert(reader_feed(r, data + at, n) == OK);
		chunk = chunk % 97 + step;
	}
	assert(reader_finish(r) == OK);
	s = *reader_summary(r);
	reader_free(r);
	return s;
}

static uint64_t
count_lines(const uint8_t *data, size_t size)
{
	uint64_t lines = 0;

	for (size_t i = 0; i < size; i++)
		if (data[i] == '\n' || i + 1 == size)
			lines++;
	return lines;
}

static bool
is_plain(struct text t)
{
	return container_recognise(text_upto(t, CONTAINER_HEAD)) == NULL &&
		!text_has_prefix(t, TEXT("\xff\xfe")) && !text_has_prefix(t, TEXT("\xfe\xff")) &&
		!text_has_prefix(t, TEXT("\xef\xbb\xbf"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader_summary whole, parts;
	struct digest a, b;

	if (size == 0)
		return 0;
	whole = run(data + 1, size - 1, 0, &a);
	parts = run(data + 1, size - 1, (uint8_t)(data[0] | 1), &b);
	assert(memcmp(&whole, &parts, sizeof(whole)) == 0);
	assert(a.hash == b.hash && a.denials == b.denials && a.denials == whole.denials);
	if (is_plain((struct text){(const char *)data + 1, size - 1}))
		assert(whole.lines == count_lines(data + 1, size - 1));
	assert(whole.understood + whole.not_understood <= whole.lines);
	return 0;
}
