#include "addresses.h"

#include <stdbool.h>
#include <stdio.h>

static const struct addresses_category categories[ADDRESSES_CATEGORIES] = {
	{0x7f000002, "open relay"},
	{0x7f000003, "open proxy"},
	{0x7f000004, "suspect"},
	{0x7f000005, "relay output"},
	{0x7f000006, "untestable"},
	{0x7f000007, "bouncer"},
	{0x7f000008, "spam source"},
	{0x7f000009, "policy"},
};

/* Steps that can each be undone, so no two inputs give the same output. */
static uint32_t
mix(uint32_t x)
{
	x ^= x >> 17;
	x *= 0x9e3779b1U;
	x ^= x >> 15;
	x *= 0x85ebca77U;
	x ^= x >> 16;
	return x;
}

static bool
is_usable(uint32_t a)
{
	return a >> 24 != 0 && a >> 24 != 127;
}

uint32_t
addresses_at(uint32_t i)
{
	uint32_t a = i + (1U << 24);

	if (a >= 127U << 24)
		a += 1U << 24;
	/* Walking on until the result is usable again keeps it one to one. */
	do
		a = mix(a);
	while (!is_usable(a));
	return a;
}

const struct addresses_category *
addresses_category(size_t i)
{
	return &categories[i];
}

const struct addresses_category *
addresses_category_of(uint32_t i, uint32_t count)
{
	return &categories[(uint64_t)i * ADDRESSES_CATEGORIES / count];
}

const char *
addresses_name(uint32_t a, const char *origin, char out[ADDRESSES_NAME])
{
	snprintf(out, ADDRESSES_NAME, "%u.%u.%u.%u.%s", (unsigned)(a & 0xff),
		(unsigned)(a >> 8 & 0xff), (unsigned)(a >> 16 & 0xff), (unsigned)(a >> 24), origin);
	return out;
}

const char *
addresses_quad(uint32_t a, char out[ADDRESSES_NAME])
{
	snprintf(out, ADDRESSES_NAME, "%u.%u.%u.%u", (unsigned)(a >> 24),
		(unsigned)(a >> 16 & 0xff), (unsigned)(a >> 8 & 0xff), (unsigned)(a & 0xff));
	return out;
}
