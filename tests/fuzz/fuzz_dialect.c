/* fuzz_dialect.c - any bytes as a log of one format, FUZZ_FORMAT.
 *
 * However the input is cut into chunks, the same denials and counts come out. Texts are whole
 * (the sanitizers read every byte of them). In a log that is text, a denial's address stands
 * somewhere in it: a dialect never makes one up. That is not asked of formats that can spell
 * it in another way (FUZZ_ENCODED: binary, XML, JSON) nor of such frames.
 */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "denial_digest.h"
#include "reader.h"

enum { LINE_MAX_BYTES = 3000, ADDRESSES_CHECKED = 20 };

struct run {
	struct denial_digest digest;
	struct text input;
	bool encoded;
	unsigned checked;
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Does some piece of t read as this address? */
static bool
holds_address(struct text t, const struct addr *wanted)
{
	for (size_t i = 0; i < t.len; i++) {
		size_t n = 0;

		while (n < ADDR_TEXT && i + n < t.len && t.p[i + n] != '\0' &&
			strchr("0123456789abcdefABCDEF:.", t.p[i + n]) != NULL)
			n++;
		for (size_t len = n; len >= 2; len--) {
			struct addr a;

			if (addr_parse(text_upto(text_from(t, i), len), &a) == OK &&
				addr_equal(&a, wanted))
				return true;
		}
	}
	return false;
}

static bool
is_encoded(struct text input)
{
#ifdef FUZZ_ENCODED
	return input.p != NULL;
#else
	return text_has_prefix(input, TEXT("\xff\xfe")) ||
		text_has_prefix(input, TEXT("\xfe\xff")) || text_find_byte(input, '{') != SIZE_MAX;
#endif
}

static enum err
take(const struct denial *d, void *context)
{
	struct run *run = context;

	denial_digest_add(&run->digest, d);
	if (!run->encoded && run->checked++ < ADDRESSES_CHECKED)
		assert(holds_address(run->input, &d->client));
	return OK;
}

/* step 0: all at once. */
static struct reader_summary
read_all(struct run *run, uint8_t step)
{
	struct reader_conf conf = {.now_s = 1795262400,
		.line_max = LINE_MAX_BYTES,
		.format = FUZZ_FORMAT};
	struct reader *r = reader_new(&conf, take, run);
	size_t chunk = step, size = run->input.len;
	struct reader_summary s;

	assert(r != NULL);
	for (size_t at = 0, n; at < size; at += n) {
		n = step == 0 || size - at < chunk ? size - at : chunk;
		assert(reader_feed(r, run->input.p + at, n) == OK);
		chunk = chunk % 97 + step;
	}
	assert(reader_finish(r) == OK);
	s = *reader_summary(r);
	reader_free(r);
	return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run a = {.input = {(const char *)data, size}}, b;
	struct reader_summary whole, parts;

	if (size == 0)
		return 0;
	a.encoded = is_encoded(a.input);
	b = a;
	whole = read_all(&a, 0);
	parts = read_all(&b, (uint8_t)(data[0] | 1));
	assert(a.digest.hash == b.digest.hash && a.digest.denials == b.digest.denials);
	assert(a.digest.denials == whole.denials);
	assert(whole.denials == parts.denials && whole.lines == parts.lines &&
		whole.understood == parts.understood && whole.rejections == parts.rejections &&
		whole.not_understood == parts.not_understood);
	return 0;
}
