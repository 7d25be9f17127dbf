#include "prefix_file.h"

#include <stdlib.h>
#include <string.h>

#include <orbl/file.h>

enum { SHOWN = 64, FIRST_ROOM = 64 };

struct reading {
	enum prefix_file_kind kind;
	struct prefix_rows *out;
	size_t room, names_len, names_room;
	uint32_t line, name;
	struct error *e; /* without file and line */
};

/* --- room --------------------------------------------------------------------- */

static bool
grow(void **p, size_t *room, size_t needed, size_t size)
{
	size_t bigger = *room == 0 ? FIRST_ROOM : *room;
	void *moved;

	if (needed <= *room)
		return true;
	while (bigger < needed)
		bigger *= 2;
	moved = realloc(*p, bigger * size);
	if (moved == NULL)
		return false;
	*p = moved;
	*room = bigger;
	return true;
}

static enum err
keep_name(struct reading *r, struct text name)
{
	char shown[PREFIX_FILE_NAME];
	size_t len = text_printable(name, shown, sizeof(shown)) + 1;

	r->name = 0;
	if (name.len == 0)
		return OK;
	if (!grow((void **)&r->out->names, &r->names_room, r->names_len + len, 1))
		return error_set(r->e, ERR_MEMORY, "out of memory");
	memcpy(r->out->names + r->names_len, shown, len);
	r->name = (uint32_t)r->names_len;
	r->names_len += len;
	return OK;
}

static enum err
add(struct reading *r, const struct prefix *p)
{
	struct prefix_rows *out = r->out;
	size_t max = r->kind == PREFIX_FILE_SAFE ? PREFIX_FILE_SAFE_ROWS_MAX : PREFIX_FILE_ROWS_MAX;

	if (out->count == max)
		return error_set(r->e, ERR_FULL, "more than %zu prefixes", max);
	if (!grow((void **)&out->rows, &r->room, out->count + 1, sizeof(*out->rows)))
		return error_set(r->e, ERR_MEMORY, "out of memory");
	out->rows[out->count++] = (struct prefix_row){*p, r->line, r->name};
	return OK;
}

/* --- plain -------------------------------------------------------------------- */

static enum err
bad(const struct reading *r, enum err err, struct text t)
{
	char shown[SHOWN];

	text_printable(t, shown, sizeof(shown));
	if (err == ERR_RANGE)
		return error_set(r->e, err, "\"%s\" has bits outside its mask", shown);
	return error_set(r->e, err, "\"%s\" is neither an address nor a prefix", shown);
}

static enum err
take_plain(struct reading *r, struct text line)
{
	struct text t = text_trim(text_upto(line, text_find_byte(line, '#')));
	struct prefix p;
	enum err err;

	if (t.len == 0)
		return OK;
	err = prefix_parse(t, &p);
	return err == OK ? add(r, &p) : bad(r, err, t);
}

/* --- safe --------------------------------------------------------------------- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct text
cut_token(struct text *rest)
{
	struct text token = *rest;

	for (token.len = 0; token.len < rest->len && !is_blank(rest->p[token.len]);)
		token.len++;
	*rest = text_trim(text_from(*rest, token.len));
	return token;
}

/* Behind a prefix: a name, or ":A:NAME" of rbldnsd, or a comment. */
static struct text
name_of(struct text rest)
{
	if (text_has_prefix(rest, TEXT(":"))) {
		rest = text_from(rest, 1);
		(void)text_cut(&rest, ':');
	}
	while (rest.len != 0 && (rest.p[0] == '#' || rest.p[0] == ';' || is_blank(rest.p[0])))
		rest = text_from(rest, 1);
	return rest;
}

static void
clear_host_bits(struct prefix *p)
{
	for (unsigned bit = p->len; bit < 8 * sizeof(p->addr.b); bit++)
		p->addr.b[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

/* As prefix_parse, but for bits outside the mask. */
static enum err
parse_loosely(struct text t, struct prefix *out)
{
	struct text rest = t, address = text_cut(&rest, '/');
	uint64_t len;
	enum err err = prefix_parse(t, out);

	if (err != ERR_RANGE || addr_parse(address, &out->addr) != OK ||
		text_to_u64(rest, out->addr.family == 4 ? 32 : 128, &len) != OK)
		return err;
	if (out->addr.family == 4 && text_find_byte(address, ':') != SIZE_MAX)
		return err; /* ::ffff:a.b.c.d/n, with n of another family */
	out->len = (uint8_t)len;
	clear_host_bits(out);
	return OK;
}

static enum err
add_safe(struct reading *r, const struct prefix *p)
{
	unsigned min = p->addr.family == 4 ? PREFIX_FILE_SAFE_IPV4 : PREFIX_FILE_SAFE_IPV6;
	char text[PREFIX_TEXT];

	if (p->len >= min)
		return add(r, p);
	return error_set(r->e, ERR_RANGE, "%s is too wide for a list of who is safe: at least /%u",
		prefix_format(p, text), min);
}

/* A range as the prefixes that it is made of. */
static enum err
take_range(struct reading *r, struct text low_text, struct text high_text)
{
	struct addr low, high;
	uint64_t from, to;
	enum err err = OK;

	if (addr_parse(low_text, &low) != OK || addr_parse(high_text, &high) != OK ||
		low.family != 4 || high.family != 4)
		return bad(r, ERR_SYNTAX, low_text);
	from = addr_ipv4(&low);
	to = addr_ipv4(&high);
	if (from > to)
		return error_set(r->e, ERR_RANGE, "a range ends before it begins");
	while (err == OK && from <= to) {
		struct prefix p = {addr_from_ipv4((uint32_t)from), 32};
		uint64_t size = 1;

		while (from % (2 * size) == 0 && from + 2 * size - 1 <= to && p.len > 0) {
			size *= 2;
			p.len--;
		}
		err = add_safe(r, &p);
		from += size;
	}
	return err;
}

/* rbldnsd allows a value right behind an IPv4 address: "192.0.2.1:127.0.0.2:". */
static struct text
split_value(struct text *token, struct text rest)
{
	size_t dot = text_find_byte(*token, '.'), colon = text_find_byte(*token, ':');

	if (colon == SIZE_MAX || dot == SIZE_MAX || dot > colon)
		return rest;
	rest.len = (size_t)(rest.p + rest.len - (token->p + colon));
	rest.p = token->p + colon;
	token->len = colon;
	return rest;
}

static enum err
take_safe(struct reading *r, struct text line)
{
	struct text rest = text_trim(line), token;
	struct prefix p;
	size_t dash;
	enum err err;

	if (rest.len == 0 || memchr("#;!$", rest.p[0], 4) != NULL)
		return OK;
	token = cut_token(&rest);
	if (token.p[0] == ':' && parse_loosely(token, &p) != OK)
		return OK; /* a default value, not "::1" */
	if (rest.len == 0)
		rest = text_from(token, token.len);
	rest = split_value(&token, rest);
	err = keep_name(r, name_of(rest));
	if (err != OK)
		return err;
	dash = text_find_byte(token, '-');
	if (dash != SIZE_MAX)
		return take_range(r, text_upto(token, dash), text_from(token, dash + 1));
	err = parse_loosely(token, &p);
	return err == OK ? add_safe(r, &p) : bad(r, err, token);
}

/* --- interface ------------------------------------------------------------------ */

enum err
prefix_rows_parse(struct text bytes, const char *path, enum prefix_file_kind kind,
	struct prefix_rows *out, struct error *e)
{
	struct error why = {.code = OK};
	struct reading r = {.kind = kind, .out = out, .e = &why};
	struct text line;
	enum err err = OK;

	*out = (struct prefix_rows){0};
	if (!grow((void **)&out->names, &r.names_room, 1, 1))
		return error_set(e, ERR_MEMORY, "%s: out of memory", path);
	out->names[0] = '\0';
	r.names_len = 1;
	while (err == OK && text_next_line(&bytes, &line)) {
		r.line++;
		err = kind == PREFIX_FILE_SAFE ? take_safe(&r, line) : take_plain(&r, line);
	}
	if (err == OK)
		return OK;
	prefix_rows_free(out);
	return error_set(e, err, "%s:%u: %s", path, (unsigned)r.line, why.text);
}

enum err
prefix_rows_read(const char *path, enum prefix_file_kind kind, struct prefix_rows *out,
	struct error *e)
{
	size_t max = kind == PREFIX_FILE_SAFE ? PREFIX_FILE_SAFE_BYTES_MAX : PREFIX_FILE_BYTES_MAX;
	char *bytes = NULL;
	size_t len = 0;
	enum err err;

	*out = (struct prefix_rows){0};
	if (path[0] == '\0')
		return OK;
	err = file_read(path, max, &bytes, &len, e);
	if (err == OK)
		err = prefix_rows_parse((struct text){bytes, len}, path, kind, out, e);
	free(bytes);
	return err;
}

void
prefix_rows_free(struct prefix_rows *r)
{
	free(r->rows);
	free(r->names);
	*r = (struct prefix_rows){0};
}
