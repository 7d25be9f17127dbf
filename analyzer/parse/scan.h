/* scan.h - taking a line apart from the left: each take moves *rest only when it succeeds. */
#ifndef ANALYZER_PARSE_SCAN_H
#define ANALYZER_PARSE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <orbl/addr.h>
#include <orbl/text.h>

static inline bool
scan_is_digit(char c)
{
	return (unsigned)(c - '0') < 10;
}

static inline bool
scan_is_alnum(char c)
{
	return scan_is_digit(c) || (unsigned)((c | 0x20) - 'a') < 26;
}

static inline void
scan_skip(struct text *rest, size_t n) /* n <= rest->len */
{
	rest->p += n;
	rest->len -= n;
}

static inline bool
scan_byte(struct text *rest, char c)
{
	if (rest->len == 0 || rest->p[0] != c)
		return false;
	scan_skip(rest, 1);
	return true;
}

static inline bool
scan_literal(struct text *rest, struct text literal)
{
	if (rest->len < literal.len || memcmp(rest->p, literal.p, literal.len) != 0)
		return false;
	scan_skip(rest, literal.len);
	return true;
}

static inline bool
scan_starts_with(struct text t, const struct text *any, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text_has_prefix(t, any[i]))
			return true;
	return false;
}

/* Eight bytes, in the machine's order. */
static inline uint64_t
scan_load64(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

/* What stands before the first c, which is taken too. False when there is no c. */
static inline bool
scan_until(struct text *rest, char c, struct text *out)
{
	const char *end = rest->len != 0 ? memchr(rest->p, c, rest->len) : NULL;

	if (end == NULL)
		return false;
	*out = (struct text){rest->p, (size_t)(end - rest->p)};
	scan_skip(rest, out->len + 1);
	return true;
}

/* min to max decimal digits (max <= 9). */
static inline bool
scan_number(struct text *rest, size_t min, size_t max, int *out)
{
	size_t n = 0;
	int value = 0;

	for (; n < max && n < rest->len && scan_is_digit(rest->p[n]); n++)
		value = value * 10 + (rest->p[n] - '0');
	if (n < min)
		return false;
	*out = value;
	scan_skip(rest, n);
	return true;
}

/* addr_parse, with a short way for IPv4, of which most logs are full. */
static inline bool
scan_address(struct text t, struct addr *out)
{
	struct text rest = t;
	uint32_t value = 0;

	for (int i = 0; i < 4; i++) {
		size_t before = rest.len;
		int byte;

		if ((i != 0 && !scan_byte(&rest, '.')) || !scan_number(&rest, 1, 3, &byte) ||
			byte > 255 ||
			(byte < 100 && before - rest.len - (i != 0) != (byte < 10 ? 1u : 2u)))
			return addr_parse(t, out) == OK;
		value = value << 8 | (uint32_t)byte;
	}
	if (rest.len != 0)
		return addr_parse(t, out) == OK;
	*out = addr_from_ipv4(value);
	return true;
}

#endif
