#include "relay_reg.h"

#include <orbl/cursor.h>

#include "hex.h"

enum { ENTRY_MAX = 64, DWORD_DIGITS = 8 };

enum err
relay_reg_take_flags(struct relay_reg *r, const struct relay_reg_value *v, struct text data)
{
	const struct text type = TEXT("dword:");
	struct text digits = text_from(data, type.len);
	uint32_t flags = 0;

	if (!text_equal_nocase(text_upto(data, type.len), type))
		return relay_reg_refuse(r, v->name, "is no dword");
	for (size_t i = 0; i < digits.len; i++) {
		int digit = hex_value(digits.p[i]);

		if (digit < 0 || digits.len > DWORD_DIGITS)
			return relay_reg_refuse(r, v->name, "is not of 8 hexadecimal digits");
		flags = flags << 4 | (uint32_t)digit;
	}
	if (digits.len != DWORD_DIGITS)
		return relay_reg_refuse(r, v->name, "is not of 8 hexadecimal digits");
	relay_model_set_flags(r->policy, flags, r->line, r->source);
	return OK;
}

/* Two digits and, unless they end the data, a comma; false when that is not what is there. */
static bool
take_byte(struct text *data, uint8_t *out, bool *more)
{
	int high = data->len >= 2 ? hex_value(data->p[0]) : -1;
	int low = data->len >= 2 ? hex_value(data->p[1]) : -1;

	*data = text_trim(text_from(*data, 2));
	*more = text_has_prefix(*data, TEXT(","));
	if (high < 0 || low < 0 || (!*more && data->len != 0))
		return false;
	*out = (uint8_t)(high << 4 | low);
	if (*more)
		*data = text_trim(text_from(*data, 1));
	return true;
}

/* Bytes separated by commas; a backslash ends a line that goes on. */
static enum err
read_hex(struct relay_reg *r, const struct relay_reg_value *v, struct text data, size_t *len)
{
	bool more = data.len != 0;

	*len = 0;
	while (more) {
		if (text_equal(data, TEXT("\\"))) {
			if (!relay_reg_next_line(r, &data))
				return relay_reg_refuse(r, v->name,
					"is cut short: no line follows the '\\'");
			continue;
		}
		if (!take_byte(&data, &r->scratch[*len], &more))
			return relay_reg_refuse(r, v->name,
				"has a byte that is not two hexadecimal digits between commas");
		(*len)++;
	}
	return OK;
}

struct strings {
	struct cursor c;
	bool wide;  /* UTF-16LE, else ANSI */
	bool ended; /* the empty string came that ends the list */
	char entry[ENTRY_MAX];
	size_t len;
};

static enum err
take_unit(struct relay_reg *r, const struct relay_reg_value *v, struct strings *s, unsigned line)
{
	unsigned unit = s->wide ? cursor_u16le(&s->c) : cursor_u8(&s->c);
	struct text entry = {s->entry, s->len};

	if (s->ended && unit != 0)
		return relay_reg_refuse(r, v->name, "goes on behind its end");
	if (unit == 0) {
		s->ended = s->ended || s->len == 0;
		s->len = 0;
		if (s->ended)
			return OK;
		return relay_model_add_line(r->policy, v->list, entry, line, r->source);
	}
	if (unit < ' ' || unit > '~')
		return relay_reg_refuse(r, v->name, "has characters that belong to no address");
	if (s->len == sizeof(s->entry))
		return relay_reg_refuse(r, v->name,
			"has an entry that is too long for an address and a mask");
	s->entry[s->len++] = (char)unit;
	return OK;
}

/* REG_MULTI_SZ: strings with a NUL each, then an empty one. The content tells the width, for
 * an entry starts with a digit and has more than one: its second byte is 0 only in UTF-16. */
enum err
relay_reg_take_list(struct relay_reg *r, const struct relay_reg_value *v, struct text data)
{
	const struct text type = TEXT("hex(7):");
	struct strings s = {.wide = false};
	unsigned line = r->line;
	size_t len;
	enum err err;

	if (!text_equal_nocase(text_upto(data, type.len), type))
		return relay_reg_refuse(r, v->name, "is no hex(7) (REG_MULTI_SZ)");
	err = read_hex(r, v, text_trim(text_from(data, type.len)), &len);
	if (err != OK)
		return err;
	s.wide = len >= 2 && r->scratch[1] == 0;
	if (s.wide && len % 2 != 0 && r->scratch[0] != 0)
		return relay_reg_refuse(r, v->name, "has half a character: it is cut short");
	s.wide = s.wide && len % 2 == 0;
	cursor_init(&s.c, r->scratch, len);
	while (err == OK && cursor_left(&s.c) != 0)
		err = take_unit(r, v, &s, line);
	if (err == OK && len != 0 && !s.ended)
		return relay_reg_refuse(r, v->name, "is cut short: no empty string ends it");
	return err;
}
