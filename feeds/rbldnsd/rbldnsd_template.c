#include "rbldnsd_template.h"

static void
put_byte(struct rbldnsd_template *x, char c)
{
	if (x->len < sizeof(x->text))
		x->text[x->len] = c;
	x->len++;
}

/* Copies without control characters: a mark in the file must not become one of ours, and a
 * tab keeps words apart. */
static void
put_text(struct rbldnsd_template *x, struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		char c = t.p[i] == '\t' ? ' ' : t.p[i];

		if ((unsigned char)c >= ' ' && c != '\177')
			put_byte(x, c);
	}
}

/* The set's own, or that of what it is in. */
static const struct rbldnsd_variable *
find_variable(const struct rbldnsd_set *s, size_t which)
{
	const struct rbldnsd_variable *v = &s->specials.variables[which];

	return v->set || s->parent == NULL ? v : &s->parent->specials.variables[which];
}

/* What the dollar in front of t stands for; returns how many bytes of t belong to it. */
static size_t
put_variable(struct rbldnsd_template *x, struct text t)
{
	char c = t.len != 0 ? t.p[0] : ' ';
	const struct rbldnsd_variable *v = NULL;

	if (c >= '0' && c <= '9')
		v = find_variable(x->set, (size_t)(c - '0'));
	if (c == '$') {
		put_byte(x, '$');
	} else if (v != NULL && v->set) {
		put_text(x, (struct text){v->text, v->len});
	} else if (v != NULL) {
		put_byte(x, '$');
		return 0;
	} else if (c == '=' && x->own.len != 0) {
		put_text(x, x->own);
	} else {
		put_byte(x, SNAPSHOT_ADDRESS_MARK);
		return c == '=';
	}
	return 1;
}

void
rbldnsd_template_expand(struct rbldnsd_template *x)
{
	const struct rbldnsd_variable *base = find_variable(x->set, RBLDNSD_BASE);
	struct text rest;
	size_t at;

	x->len = 0;
	if (x->own.len != 0 && x->own.p[0] == '=')
		rest = x->own = text_from(x->own, 1);
	else
		rest = base->set ? (struct text){base->text, base->len} : x->own;
	while (rest.len != 0) {
		at = text_find_byte(rest, '$');
		put_text(x, text_upto(rest, at));
		if (at == SIZE_MAX)
			break;
		rest = text_from(rest, at + 1);
		rest = text_from(rest, put_variable(x, rest));
	}
}
