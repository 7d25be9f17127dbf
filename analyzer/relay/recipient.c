#include "recipient.h"

#include <string.h>

#include "hex.h"

static const struct text imcea_prefix = {"IMCEASMTP-", 10};

void
recipient_split(struct text path, struct text *local_part, struct text *domain)
{
	size_t at = text_rfind(path, TEXT("@"));

	*local_part = text_upto(path, at);
	*domain = at == SIZE_MAX ? TEXT_NONE : text_from(path, at + 1);
}

/* The colon that ends a source route; those of an IPv6 literal are inside brackets. */
static size_t
find_route_end(struct text path)
{
	bool bracket = false;

	for (size_t i = 0; i < path.len; i++) {
		if (path.p[i] == '[')
			bracket = true;
		else if (path.p[i] == ']')
			bracket = false;
		else if (path.p[i] == ':' && !bracket)
			return i;
	}
	return SIZE_MAX;
}

struct text
recipient_strip_route(struct text path)
{
	size_t colon;

	if (path.len == 0 || path.p[0] != '@')
		return path;
	colon = find_route_end(path);
	return colon == SIZE_MAX ? path : text_from(path, colon + 1);
}

/* One character of an encapsulated address at *i; -1 when it is none. */
static int
take_encapsulated(struct text t, size_t *i)
{
	int high, low;
	char c = t.p[(*i)++];

	if (c == '_')
		return '/';
	if (c != '+')
		return (unsigned char)c;
	if (t.len - *i < 2)
		return -1;
	high = hex_value(t.p[*i]);
	low = hex_value(t.p[*i + 1]);
	*i += 2;
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool
recipient_decapsulate(struct text local_part, char *out, size_t size)
{
	struct text t = text_from(local_part, imcea_prefix.len);
	size_t len = 0;

	if (!text_equal_nocase(text_upto(local_part, imcea_prefix.len), imcea_prefix))
		return false;
	for (size_t i = 0; i < t.len;) {
		int c = take_encapsulated(t, &i);

		/* Control characters would end a line of the next server's dialogue. */
		if (c < ' ' || c == 0x7f || len + 1 >= size)
			return false;
		out[len++] = (char)c;
	}
	if (len == 0 || size == 0)
		return false;
	out[len] = '\0';
	return true;
}

bool
recipient_swap_percent(struct text local_part, char *out, size_t size)
{
	size_t percent = text_rfind(local_part, TEXT("%"));

	if (percent == SIZE_MAX || percent == 0 || percent + 1 == local_part.len ||
		local_part.len >= size)
		return false;
	memcpy(out, local_part.p, local_part.len);
	out[percent] = '@';
	out[local_part.len] = '\0';
	return true;
}

bool
recipient_swap_bang(struct text local_part, char *out, size_t size)
{
	size_t bang = text_find_byte(local_part, '!'), user_len;

	if (bang == SIZE_MAX || bang == 0 || bang + 1 == local_part.len || local_part.len >= size)
		return false;
	user_len = local_part.len - bang - 1;
	memcpy(out, local_part.p + bang + 1, user_len);
	out[user_len] = '@';
	memcpy(out + user_len + 1, local_part.p, bang);
	out[local_part.len] = '\0';
	return true;
}

bool
recipient_dequote(struct text local_part, char *out, size_t size)
{
	size_t len = 0;

	if (local_part.len < 3 || local_part.p[0] != '"' ||
		local_part.p[local_part.len - 1] != '"' || local_part.len > size)
		return false;
	for (size_t i = 1; i + 1 < local_part.len; i++) {
		if (local_part.p[i] == '"')
			return false;
		/* RFC 5321 4.1.2 quoted-pairSMTP: the escaped byte must lie inside the quotes. */
		if (local_part.p[i] == '\\' && ++i + 1 >= local_part.len)
			return false;
		out[len++] = local_part.p[i];
	}
	out[len] = '\0';
	return true;
}
