#include <orbl/txt_template.h>

#include <stdio.h>

static const char *const names[TXT_VARIABLE_COUNT] = {
	[TXT_CODES] = "codes",
	[TXT_MEANING] = "meaning",
	[TXT_URL] = "url",
	[TXT_UNTIL] = "until",
	[TXT_ASN] = "asn",
	[TXT_ASORG] = "asorg",
	[TXT_CC] = "cc",
};

enum piece_kind { PIECE_END, PIECE_WORDS, PIECE_VARIABLE, PIECE_UNKNOWN };

struct piece {
	enum piece_kind kind;
	enum txt_variable variable;
	struct text text; /* words, or the unknown name */
};

static struct text
name_at(struct text t)
{
	size_t len = 0;

	while (len < t.len && t.p[len] >= 'a' && t.p[len] <= 'z')
		len++;
	return text_upto(t, len);
}

/* Behind a dollar sign. */
static struct piece
variable_of(struct text name)
{
	struct piece piece = {.kind = PIECE_UNKNOWN, .text = name};

	for (size_t i = 0; i < TXT_VARIABLE_COUNT; i++)
		if (text_equal(name, text_of(names[i]))) {
			piece.kind = PIECE_VARIABLE;
			piece.variable = (enum txt_variable)i;
		}
	return piece;
}

/* Take the next piece out of *rest. */
static struct piece
next_piece(struct text *rest)
{
	size_t dollar = text_find_byte(*rest, '$');
	struct piece piece = {.kind = PIECE_WORDS};
	struct text name;

	if (rest->len == 0)
		return (struct piece){.kind = PIECE_END};
	if (dollar != 0) {
		piece.text = text_upto(*rest, dollar);
		*rest = text_from(*rest, piece.text.len);
		return piece;
	}
	*rest = text_from(*rest, 1);
	if (rest->len != 0 && rest->p[0] == '$') {
		piece.text = text_upto(*rest, 1);
		*rest = text_from(*rest, 1);
		return piece;
	}
	name = name_at(*rest);
	*rest = text_from(*rest, name.len);
	return variable_of(name);
}

static void
list_names(char *out, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < TXT_VARIABLE_COUNT && n < size; i++)
		n += (size_t)snprintf(out + n, size - n, "%s$%s",
			i == 0                              ? "" :
				i + 1 == TXT_VARIABLE_COUNT ? " and " :
							      ", ",
			names[i]);
}

enum err
txt_template_check(struct text t, struct error *e)
{
	char all[128];
	struct piece piece;

	while ((piece = next_piece(&t)).kind != PIECE_END) {
		if (piece.kind != PIECE_UNKNOWN)
			continue;
		list_names(all, sizeof(all));
		return error_set(e, ERR_SYNTAX,
			"there is no variable \"$%.*s\"; there are %s; write $$ for a dollar sign",
			TEXT_ARG(text_upto(piece.text, 32)), all);
	}
	return OK;
}

bool
txt_template_uses(struct text t, enum txt_variable v)
{
	struct piece piece;

	while ((piece = next_piece(&t)).kind != PIECE_END)
		if (piece.kind == PIECE_VARIABLE && piece.variable == v)
			return true;
	return false;
}

static char
shown(char c, char mark)
{
	return c == mark || (c >= ' ' && c <= '~') ? c : '?';
}

size_t
txt_template_fill(struct text t, const struct text values[TXT_VARIABLE_COUNT], char mark, char *out,
	size_t size)
{
	struct piece piece;
	size_t n = 0;

	while ((piece = next_piece(&t)).kind != PIECE_END) {
		struct text value = piece.text;

		if (piece.kind == PIECE_VARIABLE)
			value = values[piece.variable];
		for (size_t i = 0; i < value.len && n + 1 < size; i++)
			out[n++] = shown(value.p[i], mark);
	}
	out[n] = '\0';
	return n;
}
