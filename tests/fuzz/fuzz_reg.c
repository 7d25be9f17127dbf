/* fuzz_reg.c - registry exports, in 8 bits and in UTF-16LE: one content, one policy. */
#include <stdint.h>

#include "relay_invariants.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct addr clients[] = {
	{4, {192, 168, 1, 3}},
	{4, {192, 168, 1, 77}},
	{4, {10, 0, 0, 1}},
	{4, {0}},
	{4, {255, 255, 255, 255}},
	{6, {0x20, 0x01, 0x0d, 0xb8}},
};

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static void
compare(const struct relay_policy *a, const struct relay_policy *b, unsigned lines)
{
	for (size_t i = 0; i < 2 * ORBL_COUNT(clients); i++) {
		struct relay_request r = {.client = clients[i / 2],
			.authenticated = i % 2 == 1,
			.local = clients[(i + 5) % ORBL_COUNT(clients)]};
		struct relay_decision x = invariant_decide(a, &r, lines);
		struct relay_decision y = invariant_decide(b, &r, lines);

		assert(x.answer == y.answer && same_text(x.rule, y.rule));
		assert(same_text(x.list, y.list) && same_text(x.entry, y.entry));
		assert(x.line == y.line);
	}
}

/* ASCII without a mark, as UTF-16LE with one. */
static uint8_t *
widen(const uint8_t *data, size_t size)
{
	uint8_t *wide = malloc(2 * size + 2);

	if (wide == NULL)
		abort();
	wide[0] = 0xff;
	wide[1] = 0xfe;
	for (size_t i = 0; i < size; i++) {
		wide[2 * i + 2] = data[i];
		wide[2 * i + 3] = 0;
	}
	return wide;
}

static bool
is_ascii_export(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i] >= 0x80)
			return false;
	return size >= 7 && (memcmp(data, "REGEDIT", 7) == 0 || memcmp(data, "Windows", 7) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct relay_policy *p = invariant_parse(data, size), *q;
	uint8_t *wide;

	if (p != NULL)
		compare(p, p, invariant_lines(data, size));
	if (is_ascii_export(data, size)) {
		wide = widen(data, size);
		q = invariant_parse(wide, 2 * size + 2);
		free(wide);
		/* "Windows" alone does not make 8 bits an export; the mark makes 16 bits one. */
		assert((p != NULL) == (q != NULL) || memcmp(data, "REGEDIT", 7) != 0);
		if (p != NULL && q != NULL)
			compare(p, q, invariant_lines(data, size));
		relay_policy_free(q);
	}
	relay_policy_free(p);
	return 0;
}
