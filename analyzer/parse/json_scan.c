#include "json_scan.h"

#include <stdint.h>

#include "scan.h"
#include "utf8.h"

static void
skip_space(struct text *rest)
{
	while (rest->len != 0 &&
		(rest->p[0] == ' ' || rest->p[0] == '\t' || rest->p[0] == '\r' ||
			rest->p[0] == '\n'))
		scan_skip(rest, 1);
}

/* Bytes of the string at the start of t, with its quotes; 0 when it has no end. */
static size_t
string_length(struct text t)
{
	const char *quote = t.p, *escape;
	size_t at = 1;

	if (t.len == 0 || t.p[0] != '"')
		return 0;
	while (at < t.len) {
		if (quote < t.p + at)
			quote = memchr(t.p + at, '"', t.len - at);
		if (quote == NULL)
			return 0;
		escape = memchr(t.p + at, '\\', (size_t)(quote - t.p) - at);
		if (escape == NULL)
			return (size_t)(quote - t.p) + 1;
		at = (size_t)(escape - t.p) + 2;
	}
	return 0;
}

/* An array or an object: up to the bracket that closes the first one. */
static size_t
nested_length(struct text t)
{
	size_t depth = 0;

	for (size_t at = 0; at < t.len; at++) {
		char c = t.p[at];

		if (c == '"') {
			size_t n = string_length(text_from(t, at));

			if (n == 0)
				return 0;
			at += n - 1;
		} else if (c == '[' || c == '{') {
			depth++;
		} else if ((c == ']' || c == '}') && --depth == 0) {
			return at + 1;
		}
	}
	return 0;
}

static size_t
word_length(struct text t)
{
	size_t n = 0;

	while (n < t.len &&
		(scan_is_alnum(t.p[n]) || t.p[n] == '-' || t.p[n] == '+' || t.p[n] == '.'))
		n++;
	return n;
}

static bool
take_value(struct text *rest, struct text *value)
{
	size_t n;

	skip_space(rest);
	if (rest->len == 0)
		return false;
	if (rest->p[0] == '"')
		n = string_length(*rest);
	else if (rest->p[0] == '[' || rest->p[0] == '{')
		n = nested_length(*rest);
	else
		n = word_length(*rest);
	*value = text_upto(*rest, n);
	scan_skip(rest, n);
	return n != 0;
}

static bool
take_mark(struct text *rest, char mark)
{
	skip_space(rest);
	return scan_byte(rest, mark);
}

bool
json_scan_open(struct text *rest)
{
	return take_mark(rest, '{');
}

/* A comma stands behind each value but the last, and is taken with it. */
static bool
end_value(struct text *rest, char closing)
{
	if (take_mark(rest, ',')) {
		skip_space(rest);
		return rest->len != 0 && rest->p[0] != closing;
	}
	return rest->len != 0 && rest->p[0] == closing;
}

bool
json_scan_member(struct text *rest, struct json_member *out)
{
	struct text t = *rest;

	skip_space(&t);
	if (t.len == 0 || t.p[0] != '"' || !take_value(&t, &out->name) || !take_mark(&t, ':') ||
		!take_value(&t, &out->value) || !end_value(&t, '}'))
		return false;
	out->name = (struct text){out->name.p + 1, out->name.len - 2};
	*rest = t;
	return true;
}

bool
json_scan_close(struct text *rest)
{
	return take_mark(rest, '}');
}

bool
json_scan_open_array(struct text *rest)
{
	return take_mark(rest, '[');
}

bool
json_scan_element(struct text *rest, struct text *value)
{
	struct text t = *rest;

	if (!take_value(&t, value) || !end_value(&t, ']'))
		return false;
	*rest = t;
	return true;
}

static bool
take_hex(struct text *rest, uint32_t *out)
{
	*out = 0;
	if (rest->len < 4)
		return false;
	for (size_t i = 0; i < 4; i++) {
		char c = rest->p[i];
		uint32_t digit;

		if (scan_is_digit(c))
			digit = (uint32_t)(c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (uint32_t)((c | 0x20) - 'a') + 10;
		else
			return false;
		*out = *out << 4 | digit;
	}
	scan_skip(rest, 4);
	return true;
}

/* What follows "\u"; a low surrogate may follow in an escape of its own. */
static bool
take_unicode(struct text *rest, uint32_t *code)
{
	struct text t;
	uint32_t low;

	if (!take_hex(rest, code))
		return false;
	if (*code < 0xd800 || *code > 0xdfff)
		return true;
	t = *rest;
	if (*code <= 0xdbff && scan_literal(&t, TEXT("\\u")) && take_hex(&t, &low) &&
		low >= 0xdc00 && low <= 0xdfff) {
		*code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
		*rest = t;
	} else {
		*code = UTF8_REPLACEMENT;
	}
	return true;
}

/* What follows a backslash. */
static bool
take_escape(struct text *rest, uint32_t *code)
{
	static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
	const char *name;

	if (scan_byte(rest, 'u'))
		return take_unicode(rest, code);
	name = rest->len != 0 && rest->p[0] != '\0' ? strchr(names, rest->p[0]) : NULL;
	if (name == NULL)
		return false;
	*code = (unsigned char)meanings[name - names];
	scan_skip(rest, 1);
	return true;
}

bool
json_scan_string(struct text value, char *out, struct text *text)
{
	struct text rest = value;
	char *at = out;

	if (value.len < 2 || value.p[0] != '"')
		return false;
	rest = (struct text){value.p + 1, value.len - 2};
	*text = rest;
	if (text_find_byte(rest, '\\') == SIZE_MAX)
		return true;
	while (rest.len != 0) {
		struct text plain = text_cut(&rest, '\\');
		bool has_escape = plain.p + plain.len != value.p + value.len - 1;
		uint32_t code;

		if (plain.len != 0)
			memcpy(at, plain.p, plain.len);
		at += plain.len;
		if (!has_escape)
			break;
		if (!take_escape(&rest, &code))
			return false;
		at += utf8_put(code, at);
	}
	*text = (struct text){out, (size_t)(at - out)};
	return true;
}
