#include "token.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t key[TOKEN_KEY_BYTES] = "key of the corpus";

/* Only what we made parses; what parses is what we would make. */
static void
parse_as_it_is(const uint8_t *data, size_t size)
{
	struct text t = {(const char *)data, size};
	char again[TOKEN_TEXT];
	struct token token;

	if (token_parse(t, key, 1900000000, 65535, &token) != OK)
		return;
	token_format(&token, key, again);
	assert(size == TOKEN_TEXT - 1 && strncasecmp(again, t.p, size) == 0);
}

static void
make_and_parse(const uint8_t *data, size_t size)
{
	struct token in = {.probe_id = 0}, out;
	char text[TOKEN_TEXT];

	if (size < 9)
		return;
	for (int i = 0; i < 5; i++)
		in.probe_id = in.probe_id << 8 | data[i];
	in.case_index = data[5];
	in.hour = (uint16_t)(data[6] << 8 | data[7]);
	in.to_sender = (data[8] & 1) != 0;
	token_format(&in, key, text);
	assert(token_parse(text_of(text), key, (int64_t)in.hour * 3600, 1, &out) == OK);
	assert(out.probe_id == in.probe_id && out.case_index == in.case_index);
	assert(out.hour == in.hour && out.to_sender == in.to_sender);
}

/* It ends, and what it finds is what it was to find. */
static void
find_in_it(const uint8_t *data, size_t size)
{
	struct token like = {.probe_id = 1, .hour = 3489}, found;
	struct text rest = {(const char *)data, size};
	struct token_search search;
	size_t before = size;

	token_search_begin(&search, key, &like);
	while (token_find(&rest, &search, &found)) {
		assert(rest.len + TOKEN_TEXT - 1 <= before);
		assert(found.probe_id == 1 && found.hour == 3489 && !found.to_sender);
		before = rest.len;
	}
	assert(rest.len == 0 || search.left == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse_as_it_is(data, size);
	find_in_it(data, size);
	make_and_parse(data, size);
	return 0;
}
