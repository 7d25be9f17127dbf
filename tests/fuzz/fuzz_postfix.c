/* fuzz_postfix.c - one line through frame and dialect.
 *
 * A denial's client must be an address that the line holds in brackets behind "from NAME"; every
 * slice must lie in the line or in the parser's scratch; recipient and reply must be there.
 */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "postfix.h"
#include "syslog_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
assert_inside(struct text t, struct text line, const struct parse_state *state)
{
	if (t.p == NULL) {
		assert(t.len == 0);
		return;
	}
	if (t.p >= state->scratch && t.p <= state->scratch + state->used) {
		assert(t.len <= (size_t)(state->scratch + state->used - t.p));
		return;
	}
	assert(t.p >= line.p && t.len <= line.len && t.p <= line.p + line.len - t.len);
}

/* Read the client again in another way: what stands in the first brackets after "from ". */
static void
assert_client(const struct denial *d, struct text message)
{
	size_t from = text_find(message, TEXT("reject: RCPT from "));
	struct text rest, address;
	struct addr client;
	size_t open, close;

	assert(from != SIZE_MAX);
	rest = text_from(message, from + strlen("reject: RCPT from "));
	open = text_find_byte(rest, '[');
	close = text_find_byte(rest, ']');
	assert(open != SIZE_MAX && close != SIZE_MAX && open != 0 && open < close);
	address = text_upto(text_from(rest, open + 1), close - open - 1);
	assert(addr_parse(address, &client) == OK && addr_equal(&client, &d->client));
	assert(text_find_byte(text_upto(rest, open), ' ') == SIZE_MAX);
}

static void
assert_denial(const struct denial *d, struct text line, const struct parse_state *state)
{
	assert(d->kind < DENIAL_KIND_COUNT);
	assert(d->recipient.p != NULL && d->reply.p != NULL && d->account.p == NULL);
	assert(d->reply.len >= 3);
	assert(d->reply.p[0] == '4' || d->reply.p[0] == '5');
	assert_inside(d->reply, line, state);
	assert_inside(d->client_name, line, state);
	assert_inside(d->helo, line, state);
	assert_inside(d->sender, line, state);
	assert_inside(d->recipient, line, state);
	if (d->kind == DENIAL_RELAY_PROBABLE)
		assert(d->reply.len <= 2000);
	else
		assert(text_has_suffix(d->reply, TEXT(">: Relay access denied")) ||
			text_has_suffix(d->reply,
				TEXT(">: Recipient address rejected: Relay access denied")));
	for (size_t i = 0; i < d->helo.len; i++)
		assert(d->helo.p[i] != ' ' && d->helo.p[i] != '<' && d->helo.p[i] != '>');
}

static void
assert_rest(enum parse_result result, const struct parse_state *state)
{
	assert(result == PARSE_BAD || result == PARSE_REJECTION || result == PARSE_SKIP);
	assert(result != PARSE_BAD || state->reason != NULL);
	assert(state->rejection < REJECTION_KIND_COUNT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text line = {(const char *)data, size};
	static struct parse_state state;
	enum parse_result result;
	const char *reason = NULL;
	struct denial d = {0};
	struct log_line s;

	if (size == 0)
		return 0;
	if (syslog_line_parse(line, &s, &reason) != OK) {
		assert(reason != NULL);
		return 0;
	}
	assert_inside(s.host, line, &state);
	assert_inside(s.tag, line, &state);
	assert_inside(s.pid, line, &state);
	assert_inside(s.message, line, &state);
	assert(s.count != 0);
	if (!postfix_knows(&s))
		return 0;
	parse_state_start(&state);
	result = postfix_parse(&s, &state, &d);
	assert(!postfix_is_idle(s.message) || result == PARSE_SKIP);
	if (result == PARSE_DENIAL) {
		assert_denial(&d, line, &state);
		assert_client(&d, s.message);
	} else {
		assert_rest(result, &state);
	}
	return 0;
}
