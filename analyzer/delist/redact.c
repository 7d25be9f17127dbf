#include "redact.h"

#include <string.h>

#include "token.h"

enum {
	TOKEN_LEN = TOKEN_TEXT - 1,
	CUT_LEN = 12,   /* of a token at the end of a text that may have been cut there */
	CUT_FROM = 300, /* shorter ones are whole (prober.h) */
};

static bool
is_of_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7');
}

static size_t
run_length(struct text t)
{
	size_t n = 0;

	while (n < t.len && is_of_token(t.p[n]))
		n++;
	return n;
}

static size_t
append(struct text t, char *out, size_t size, size_t at)
{
	return at < size ? at + text_printable(t, out + at, size - at) : at;
}

const char *
redact_tokens(struct text t, char *out, size_t size)
{
	bool may_be_cut = t.len >= CUT_FROM;
	size_t at = 0;

	out[0] = '\0';
	while (t.len != 0 && at + 1 < size) {
		size_t run = run_length(t);
		bool cut = may_be_cut && run == t.len && run >= CUT_LEN;

		if (run >= TOKEN_LEN || cut)
			at = append(TEXT("TOKEN"), out, size, at);
		else
			at = append(text_upto(t, run != 0 ? run : 1), out, size, at);
		t = text_from(t, run != 0 ? run : 1);
	}
	return out;
}
