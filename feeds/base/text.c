#include <orbl/text.h>

#include <string.h>

struct text
text_of(const char *s)
{
	return s != NULL ? (struct text){s, strlen(s)} : TEXT_NONE;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct text
text_trim(struct text t)
{
	while (t.len != 0 && is_blank(t.p[0])) {
		t.p++;
		t.len--;
	}
	while (t.len != 0 && is_blank(t.p[t.len - 1]))
		t.len--;
	return t;
}

struct text
text_from(struct text t, size_t offset)
{
	if (offset >= t.len)
		return (struct text){t.p != NULL ? t.p + t.len : NULL, 0};
	return (struct text){t.p + offset, t.len - offset};
}

struct text
text_upto(struct text t, size_t len)
{
	return (struct text){t.p, len < t.len ? len : t.len};
}

bool
text_equal(struct text a, struct text b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool
text_equal_nocase(struct text a, struct text b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool
text_has_prefix(struct text t, struct text prefix)
{
	return t.len >= prefix.len && text_equal(text_upto(t, prefix.len), prefix);
}

bool
text_has_suffix(struct text t, struct text suffix)
{
	return t.len >= suffix.len && text_equal(text_from(t, t.len - suffix.len), suffix);
}

size_t
text_find(struct text t, struct text needle)
{
	const char *at;

	if (needle.len == 0)
		return 0;
	if (t.len < needle.len)
		return SIZE_MAX;
	at = memmem(t.p, t.len, needle.p, needle.len);
	return at != NULL ? (size_t)(at - t.p) : SIZE_MAX;
}

size_t
text_rfind(struct text t, struct text needle)
{
	if (t.len < needle.len)
		return SIZE_MAX;
	for (size_t i = t.len - needle.len + 1; i-- != 0;)
		if (text_equal(text_upto(text_from(t, i), needle.len), needle))
			return i;
	return SIZE_MAX;
}

size_t
text_find_byte(struct text t, char c)
{
	const char *at = t.len != 0 ? memchr(t.p, c, t.len) : NULL;

	return at != NULL ? (size_t)(at - t.p) : SIZE_MAX;
}

struct text
text_cut(struct text *rest, char sep)
{
	size_t at = text_find_byte(*rest, sep);
	struct text part = *rest;

	if (at == SIZE_MAX) {
		*rest = text_from(*rest, rest->len);
		return part;
	}
	part.len = at;
	*rest = text_from(*rest, at + 1);
	return part;
}

bool
text_next_line(struct text *rest, struct text *line)
{
	if (rest->len == 0)
		return false;
	*line = text_cut(rest, '\n');
	if (line->len != 0 && line->p[line->len - 1] == '\r')
		line->len--;
	return true;
}

enum err
text_to_u64(struct text t, uint64_t max, uint64_t *out)
{
	uint64_t value = 0;
	bool over = false;

	if (t.len == 0)
		return ERR_SYNTAX;
	for (size_t i = 0; i < t.len; i++) {
		uint64_t digit = (uint64_t)(unsigned char)t.p[i] - '0';

		if (digit > 9)
			return ERR_SYNTAX;
		over = over || value > (UINT64_MAX - digit) / 10;
		value = value * 10 + digit;
	}
	if (over || value > max)
		return ERR_RANGE;
	*out = value;
	return OK;
}

size_t
text_printable(struct text t, char *out, size_t size)
{
	size_t n = 0;

	if (size == 0)
		return 0;
	for (; n < t.len && n < size - 1; n++)
		out[n] = t.p[n] >= ' ' && t.p[n] <= '~' ? t.p[n] : '?';
	out[n] = '\0';
	return n;
}
