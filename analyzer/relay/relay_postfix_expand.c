#include "relay_postfix.h"

#include <stdlib.h>
#include <string.h>

/* Each pass replaces what stands outermost; the text that comes in may hold further '$'. A
 * parameter that leads back to itself never ends, which the number of passes tells. */
enum { PASSES = 64, COMPARISONS = 200, VALUE_MAX = 1 << 18, LEVEL_PARTS = 3 };

/* "$$" is one '$' that starts nothing. */
enum { PLAIN_DOLLAR = '\x02' };

struct output {
	char *p;
	size_t len, room;
};

struct expansion {
	const struct relay_postfix *pf;
	const char *name; /* of the parameter being expanded */
	unsigned line;
	const struct relay_source *source;
	struct output out;
	unsigned comparisons; /* each looks for its end */
};

static enum err
refuse_length(const struct expansion *x)
{
	return relay_model_refuse(x->source, ERR_FULL, x->line,
		"%s is longer than %d bytes when its $names are filled in; shorten it", x->name,
		VALUE_MAX);
}

static enum err
append(struct expansion *x, struct text t)
{
	struct output *o = &x->out;
	size_t wanted = o->room == 0 ? 256 : o->room;
	char *p;

	if (t.len > VALUE_MAX || o->len + t.len > VALUE_MAX)
		return refuse_length(x);
	while (wanted < o->len + t.len + 1)
		wanted *= 2;
	if (wanted != o->room) {
		p = realloc(o->p, wanted);
		if (p == NULL)
			return error_set(x->source->error, ERR_MEMORY, "out of memory");
		o->p = p;
		o->room = wanted;
	}
	if (t.len != 0)
		memcpy(o->p + o->len, t.p, t.len);
	o->len += t.len;
	o->p[o->len] = '\0';
	return OK;
}

static enum err
refuse(const struct expansion *x, const char *reason)
{
	return relay_model_refuse(x->source, ERR_SYNTAX, x->line,
		"%s: %s; write the text itself instead", x->name, reason);
}

static bool
is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		c == '_';
}

static size_t
name_length(struct text t)
{
	size_t len = 0;

	while (len < t.len && is_name_byte(t.p[len]))
		len++;
	return len;
}

/* What a name stands for; the lines of the caller's value are counted, not those of this one. */
static enum err
append_value(struct expansion *x, struct text name)
{
	const struct relay_assignment *a = relay_postfix_find(x->pf, name);
	const char *text = a != NULL ? a->value : relay_postfix_default(name);
	size_t start = x->out.len;
	enum err err = append(x, relay_table_trim(text_of(text)));

	for (size_t i = start; err == OK && i < x->out.len; i++)
		if (x->out.p[i] == '\n')
			x->out.p[i] = ' ';
	return err;
}

/* "{text}" at the start of *rest, or all of it up to an end mark; taken out of *rest. */
static bool
take_braced(struct text *rest, struct text *out)
{
	size_t depth = 0;

	*rest = relay_table_trim(*rest);
	if (!text_has_prefix(*rest, TEXT("{")))
		return false;
	for (size_t i = 0; i < rest->len; i++) {
		if (rest->p[i] == '{')
			depth++;
		else if (rest->p[i] == '}' && --depth == 0) {
			*out = relay_table_trim((struct text){rest->p + 1, i - 1});
			*rest = text_from(*rest, i + 1);
			return true;
		}
	}
	return false;
}

/* "?text", ":text", "?{text}:{text}": what stands for true or false. */
static enum err
append_choice(struct expansion *x, struct text rest, bool truth)
{
	struct text when_true = TEXT_NONE, when_false = TEXT_NONE, *only;
	bool positive;

	rest = relay_table_trim(rest);
	positive = text_has_prefix(rest, TEXT("?"));
	if (!positive && !text_has_prefix(rest, TEXT(":")))
		return refuse(x, "an expression that is not understood");
	only = positive ? &when_true : &when_false;
	rest = text_from(rest, 1);
	if (!text_has_prefix(relay_table_trim(rest), TEXT("{"))) {
		*only = rest;
		return append(x, truth ? when_true : when_false);
	}
	if (!take_braced(&rest, only))
		return refuse(x, "a brace that is not closed");
	rest = relay_table_trim(rest);
	if (positive && text_has_prefix(rest, TEXT(":"))) {
		rest = text_from(rest, 1);
		if (!take_braced(&rest, &when_false))
			return refuse(x, "an expression that is not understood");
	}
	if (relay_table_trim(rest).len != 0)
		return refuse(x, "an expression that is not understood");
	return append(x, truth ? when_true : when_false);
}

/* "3.6" or "2": false when it is no such thing. */
static bool
parse_level(struct text t, uint64_t out[LEVEL_PARTS])
{
	for (size_t i = 0; i < LEVEL_PARTS; i++)
		out[i] = 0;
	for (size_t i = 0; i < LEVEL_PARTS && (i == 0 || t.len != 0); i++)
		if (text_to_u64(text_cut(&t, '.'), UINT16_MAX, &out[i]) != OK)
			return false;
	return t.len == 0;
}

static int
compare_operands(struct text a, struct text b)
{
	uint64_t x[LEVEL_PARTS], y[LEVEL_PARTS];
	size_t shorter = a.len < b.len ? a.len : b.len;
	int order;

	if (parse_level(a, x) && parse_level(b, y)) {
		for (size_t i = 0; i < LEVEL_PARTS; i++)
			if (x[i] != y[i])
				return x[i] < y[i] ? -1 : 1;
		return 0;
	}
	order = shorter != 0 ? memcmp(a.p, b.p, shorter) : 0;
	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static bool
apply(struct text operator, int order, bool *truth)
{
	static const struct {
		const char *name;
		bool below, same, above;
	} operators[] = {
		{"==", false, true, false},
		{"!=", true, false, true},
		{"<", true, false, false},
		{"<=", true, true, false},
		{">", false, false, true},
		{">=", false, true, true},
	};
	size_t level = text_find(operator, TEXT("level"));

	operator= text_upto(operator, level);
	for (size_t i = 0; i < ORBL_COUNT(operators); i++)
		if (text_equal(operator, text_of(operators[i].name))) {
			*truth = order < 0 ? operators[i].below :
				order > 0  ? operators[i].above :
					     operators[i].same;
			return true;
		}
	return false;
}

/* "{a} op {b} ? {c} : {d}", whose operands have no '$' any more. */
static enum err
append_comparison(struct expansion *x, struct text rest)
{
	struct text a, b, operator;
	size_t len = 0;
	bool truth;

	if (!take_braced(&rest, &a))
		return refuse(x, "a brace that is not closed");
	rest = relay_table_trim(rest);
	while (len < rest.len && rest.p[len] != '{')
		len++;
	operator= relay_table_trim(text_upto(rest, len));
	rest = text_from(rest, len);
	if (!take_braced(&rest, &b) || !apply(operator, compare_operands(a, b), &truth))
		return refuse(x, "a comparison that is not understood");
	return append_choice(x, rest, truth);
}

/* Does a parameter have a value that is not empty? Postfix asks for the unexpanded one. */
static bool
is_set(const struct expansion *x, struct text name)
{
	const struct relay_assignment *a = relay_postfix_find(x->pf, name);
	const char *text = a != NULL ? a->value : relay_postfix_default(name);

	return text != NULL && relay_table_trim(text_of(text)).len != 0;
}

/* What stands between the braces of "${...}". */
static enum err
append_braced(struct expansion *x, struct text inside)
{
	size_t len = name_length(inside);
	struct text rest = relay_table_trim(text_from(inside, len));

	if (text_has_prefix(inside, TEXT("{")))
		return append_comparison(x, inside);
	if (len == 0)
		return refuse(x, "'${' without a name");
	if (rest.len == 0)
		return append_value(x, text_upto(inside, len));
	return append_choice(x, rest, is_set(x, text_upto(inside, len)));
}

/* The closing partner of the brace at t.p[0], or SIZE_MAX. */
static size_t
find_partner(struct text t, char open, char close)
{
	size_t depth = 0;

	for (size_t i = 0; i < t.len; i++) {
		if (t.p[i] == open)
			depth++;
		else if (t.p[i] == close && --depth == 0)
			return i;
	}
	return SIZE_MAX;
}

/* The operands of a comparison must be filled in before it is made. */
static bool
has_open_operands(struct text inside)
{
	size_t end = text_find_byte(inside, '?');

	return text_has_prefix(inside, TEXT("{")) &&
		text_find_byte(text_upto(inside, end), '$') != SIZE_MAX;
}

/* One '$' at the start of *rest. */
static enum err
take_dollar(struct expansion *x, struct text *rest)
{
	struct text t = text_from(*rest, 1);
	char open = t.len != 0 ? t.p[0] : '\0';
	size_t len = name_length(t), end;

	if (open == '$') {
		const char plain = PLAIN_DOLLAR;

		*rest = text_from(t, 1);
		return append(x, (struct text){&plain, 1});
	}
	if (len != 0) {
		*rest = text_from(t, len);
		return append_value(x, text_upto(t, len));
	}
	if (open != '{' && open != '(')
		return refuse(x, "a '$' without a name");
	end = find_partner(t, open, open == '{' ? '}' : ')');
	if (end == SIZE_MAX)
		return refuse(x, "a brace that is not closed");
	t = relay_table_trim((struct text){t.p + 1, end - 1});
	if (has_open_operands(t)) {
		if (x->comparisons++ == COMPARISONS)
			return refuse(x, "too many comparisons");
		*rest = text_from(*rest, 2);
		return append(x, (struct text){"${", 2});
	}
	*rest = text_from(*rest, end + 2);
	return append_braced(x, t);
}

static enum err
pass(struct expansion *x, struct text rest)
{
	enum err err = append(x, TEXT_NONE);

	if (err == OK && rest.len > VALUE_MAX)
		err = refuse_length(x);
	while (err == OK && rest.len != 0) {
		size_t dollar = text_find_byte(rest, '$');

		err = append(x, text_upto(rest, dollar));
		rest = text_from(rest, dollar);
		if (err == OK && rest.len != 0)
			err = take_dollar(x, &rest);
	}
	return err;
}

enum err
relay_postfix_expand(const struct relay_postfix *pf, const char *name, const char *text,
	unsigned line, const struct relay_source *source, char **out)
{
	struct expansion x = {.pf = pf, .name = name, .line = line, .source = source};
	char *now = NULL;
	enum err err = pass(&x, text_of(text));
	int passes = 0;

	while (err == OK && strchr(x.out.p, '$') != NULL && passes++ < PASSES) {
		free(now);
		now = x.out.p;
		x.out = (struct output){.p = NULL};
		err = pass(&x, text_of(now));
	}
	free(now);
	if (err == OK && strchr(x.out.p, '$') != NULL)
		err = relay_model_refuse(source, ERR_SYNTAX, line,
			"%s leads back to itself through its $names; write one of them out", name);
	if (err != OK) {
		free(x.out.p);
		return err;
	}
	for (char *c = x.out.p; *c != '\0'; c++)
		if (*c == PLAIN_DOLLAR)
			*c = '$';
	*out = x.out.p;
	return OK;
}
