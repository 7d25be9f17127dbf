#include "dump_text.h"

#include <stdbool.h>

/* Of a byte: itself, \ before it, or \DDD. */
static char *
put_escaped(char *p, uint8_t c, bool is_special)
{
	if (c > ' ' && c <= '~') {
		if (is_special)
			*p++ = '\\';
		*p++ = (char)c;
		return p;
	}
	*p++ = '\\';
	*p++ = (char)('0' + c / 100);
	*p++ = (char)('0' + c / 10 % 10);
	*p++ = (char)('0' + c % 10);
	return p;
}

static inline bool
is_plain(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
		(c >= 'A' && c <= 'Z') || c == '*';
}

size_t
dump_text_measure(struct text rdata)
{
	const uint8_t *wire = (const uint8_t *)rdata.p;
	size_t at = 0;

	while (at < rdata.len && wire[at] != 0 && wire[at] <= 63)
		at += wire[at] + 1u;
	return at < rdata.len && wire[at] == 0 ? at + 1 : 0;
}

void
dump_text_name(struct dump_out *out, const uint8_t *wire, size_t len)
{
	char *p = dump_out_room(out);

	for (size_t at = 0; at < len && wire[at] != 0; at += wire[at] + 1u) {
		if (at != 0)
			*p++ = '.';
		for (size_t i = 1; i <= wire[at]; i++)
			if (is_plain(wire[at + i]))
				*p++ = (char)wire[at + i];
			else
				p = put_escaped(p, wire[at + i], true);
	}
	dump_out_took(out, p);
}

void
dump_text_absolute(struct dump_out *out, const uint8_t *wire)
{
	dump_text_name(out, wire, SIZE_MAX);
	dump_out_char(out, '.');
}

void
dump_text_string(struct dump_out *out, struct text t)
{
	char *p = dump_out_room(out);

	*p++ = '"';
	for (size_t i = 0; i < t.len; i++) {
		uint8_t c = (uint8_t)t.p[i];

		if (c == ' ')
			*p++ = ' ';
		else
			p = put_escaped(p, c, c == '"' || c == '\\');
		if (i % 2048 == 2047) { /* four bytes each */
			dump_out_took(out, p);
			p = dump_out_room(out);
		}
	}
	*p++ = '"';
	dump_out_took(out, p);
}
