#include "rbldnsd_dn.h"

enum { LABEL_MAX = 63, DIGITS_MAX = 3 };

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What a backslash, already taken, makes of the front of t. False: no byte has this number. */
static bool
take_escape(struct text *t, uint8_t *byte)
{
	unsigned n = 0;
	size_t digits = 0;

	for (; digits < DIGITS_MAX && digits < t->len && is_digit(t->p[digits]); digits++)
		n = 10 * n + (unsigned)(t->p[digits] - '0');
	*byte = digits != 0 ? (uint8_t)n : (uint8_t)t->p[0];
	*t = text_from(*t, digits != 0 ? digits : 1);
	return n <= UINT8_MAX;
}

/* One label up to a dot, or to the end. out has room for LABEL_MAX. */
static bool
take_label(struct text *t, uint8_t *out, size_t *len)
{
	uint8_t byte;
	char c;

	for (*len = 0; t->len != 0; out[(*len)++] = byte) {
		c = t->p[0];
		byte = (uint8_t)c;
		*t = text_from(*t, 1);
		if (c == '.' || (c == '\\' && t->len == 0))
			return true;
		if (c == '\\' && !take_escape(t, &byte))
			return false;
		if (*len == LABEL_MAX)
			return false;
	}
	return true;
}

bool
rbldnsd_dn_parse(struct text word, uint8_t wire[RBLDNSD_DN_MAX], size_t *len)
{
	uint8_t label[LABEL_MAX];
	size_t n;

	*len = 0;
	if (word.len == 0)
		return false;
	while (word.len != 0) {
		if (!take_label(&word, label, &n) || *len + n + 2 > RBLDNSD_DN_MAX)
			return false;
		if (n == 0)
			continue;
		wire[(*len)++] = (uint8_t)n;
		for (size_t i = 0; i < n; i++)
			wire[(*len)++] = label[i];
	}
	wire[(*len)++] = 0;
	return true;
}

bool
rbldnsd_dn_parse_key(struct text word, uint8_t wire[RBLDNSD_DN_MAX], size_t *len)
{
	if (!rbldnsd_dn_parse(word, wire, len) || *len == 1)
		return false;
	/* A length is below 'A'. */
	for (size_t i = 0; i < *len; i++)
		if (wire[i] >= 'A' && wire[i] <= 'Z')
			wire[i] |= 0x20;
	return true;
}
