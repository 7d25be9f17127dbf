#include "wire_name.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* One byte of a label at *i, with its escapes undone. False: not a name. */
static bool
read_byte(struct text t, size_t *i, uint8_t *out)
{
	unsigned value;

	if (t.p[*i] != '\\') {
		*out = (uint8_t)t.p[(*i)++];
		return true;
	}
	if (*i + 1 >= t.len)
		return false;
	if (!is_digit(t.p[*i + 1])) {
		*out = (uint8_t)t.p[*i + 1];
		*i += 2;
		return true;
	}
	if (*i + 3 >= t.len || !is_digit(t.p[*i + 2]) || !is_digit(t.p[*i + 3]))
		return false;
	value = (unsigned)(t.p[*i + 1] - '0') * 100 + (unsigned)(t.p[*i + 2] - '0') * 10 +
		(unsigned)(t.p[*i + 3] - '0');
	*out = (uint8_t)value;
	*i += 4;
	return value <= 255;
}

enum err
wire_name_parse(struct text t, uint8_t out[WIRE_NAME_MAX], size_t *len)
{
	/* Of the open label: where its length is, and where its next byte goes. */
	size_t start = 0, at = 1, i = 0;

	if (t.len == 1 && t.p[0] == '.')
		t.len = 0;
	while (i < t.len) {
		if (t.p[i] == '.') {
			if (at == start + 1)
				return ERR_SYNTAX;
			out[start] = (uint8_t)(at - start - 1);
			start = at++;
			i++;
		} else {
			uint8_t byte;

			if (!read_byte(t, &i, &byte))
				return ERR_SYNTAX;
			if (at - start > WIRE_NAME_LABEL_MAX || at >= WIRE_NAME_MAX)
				return ERR_RANGE;
			out[at++] = byte;
		}
	}
	if (at > start + 1) {
		out[start] = (uint8_t)(at - start - 1);
		start = at;
	}
	if (start >= WIRE_NAME_MAX)
		return ERR_RANGE;
	out[start] = 0;
	*len = start + 1;
	return OK;
}

static bool
is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '-' || c == '_';
}

const char *
wire_name_format(const uint8_t *wire, char out[WIRE_NAME_TEXT])
{
	size_t at = 0;

	if (wire[0] == 0)
		out[at++] = '.';
	for (; wire[0] != 0; wire += wire[0] + 1) {
		if (at != 0)
			out[at++] = '.';
		for (size_t i = 1; i <= wire[0]; i++) {
			if (is_plain(wire[i]))
				out[at++] = (char)wire[i];
			else
				at += (size_t)snprintf(out + at, WIRE_NAME_TEXT - at, "\\%03u",
					(unsigned)wire[i]);
		}
	}
	out[at] = '\0';
	return out;
}

void
wire_name_lower(uint8_t *wire, size_t len)
{
	uint64_t bytes;

	for (; len >= sizeof(bytes); wire += sizeof(bytes), len -= sizeof(bytes)) {
		memcpy(&bytes, wire, sizeof(bytes));
		bytes = wire_name_lower_eight(bytes);
		memcpy(wire, &bytes, sizeof(bytes));
	}
	for (size_t i = 0; i < len; i++)
		wire[i] = (uint8_t)(wire[i] | ((unsigned)(wire[i] - 'A') < 26u) << 5);
}

size_t
wire_name_labels(const uint8_t *wire)
{
	size_t labels = 0;

	for (; *wire != 0; wire += *wire + 1)
		labels++;
	return labels;
}
