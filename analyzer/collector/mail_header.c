#include "mail_header.h"

/* Returns the length written. */
static size_t
append_printable(struct text line, char *out, size_t size, size_t len)
{
	for (size_t i = 0; i < line.len && len + 1 < size; i++) {
		unsigned char c = (unsigned char)line.p[i];

		if (c == '\t')
			c = ' ';
		out[len++] = c >= ' ' && c < 0x7f ? (char)c : '?';
	}
	out[len] = '\0';
	return len;
}

static bool
is_folded(struct text rest)
{
	struct text line;

	if (rest.len == 0 || (rest.p[0] != ' ' && rest.p[0] != '\t'))
		return false;
	return text_next_line(&rest, &line) && text_trim(line).len != 0;
}

static void
read_value(struct text *rest, struct text first, char out[MAIL_FIELD_MAX])
{
	size_t len = append_printable(text_trim(first), out, MAIL_FIELD_MAX, 0);
	struct text line;

	while (is_folded(*rest) && text_next_line(rest, &line)) {
		len = append_printable(TEXT(" "), out, MAIL_FIELD_MAX, len);
		len = append_printable(text_trim(line), out, MAIL_FIELD_MAX, len);
	}
}

bool
mail_header_next(struct text *rest, struct mail_field *out)
{
	struct text line;

	while (text_next_line(rest, &line)) {
		size_t colon;

		if (line.len == 0)
			return false;
		colon = text_find_byte(line, ':');
		if (colon == SIZE_MAX || line.p[0] == ' ' || line.p[0] == '\t')
			continue;
		out->name = text_trim(text_upto(line, colon));
		read_value(rest, text_from(line, colon + 1), out->value);
		return true;
	}
	return false;
}

bool
mail_header_line(struct text *rest, char *out, size_t size)
{
	struct text line;

	if (!text_next_line(rest, &line) || line.len == 0)
		return false;
	append_printable(line, out, size, 0);
	return true;
}

bool
mail_field_is(const struct mail_field *f, const char *name)
{
	return text_equal_nocase(f->name, text_of(name));
}
