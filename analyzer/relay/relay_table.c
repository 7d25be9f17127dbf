#include "relay_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/file.h>

enum { TABLE_BYTES = 64 << 20, TABLE_LINES = 1000000, PATH_SIZE = 4096, SHOWN = 80 };

/* How to open each type. */
struct type {
	const char *name;
	enum relay_table_kind kind;
	bool compiled;
	enum err (
		*open)(struct relay_table *t, struct text rest, const struct relay_source *source);
};

static enum err take_inline(struct relay_table *, struct text, const struct relay_source *);
static enum err take_static(struct relay_table *, struct text, const struct relay_source *);

static const struct type types[] = {
	{"texthash", RELAY_TABLE_KEYS, false, NULL},
	{"hash", RELAY_TABLE_KEYS, true, NULL},
	{"btree", RELAY_TABLE_KEYS, true, NULL},
	{"lmdb", RELAY_TABLE_KEYS, true, NULL},
	{"dbm", RELAY_TABLE_KEYS, true, NULL},
	{"cdb", RELAY_TABLE_KEYS, true, NULL},
	{"cidr", RELAY_TABLE_CIDR, false, NULL},
	{"inline", RELAY_TABLE_KEYS, false, take_inline},
	{"static", RELAY_TABLE_STATIC, false, take_static},
};

static bool
has_dots(struct text path)
{
	while (path.len != 0)
		if (text_equal(text_cut(&path, '/'), TEXT("..")))
			return true;
	return false;
}

bool
relay_folder_path(const struct relay_folder *folder, struct text path, char *out, size_t size)
{
	struct text rest = path;
	/* A relative name says nothing of where main.cf lies. */
	bool in_place = text_has_prefix(folder->declared, TEXT("/")) &&
		text_equal(folder->here, folder->declared);
	int len;

	if (path.len == 0 || has_dots(path) || memchr(path.p, '\0', path.len) != NULL)
		return false;
	if (path.p[0] == '/') {
		bool below = text_has_prefix(path, folder->declared) &&
			text_has_prefix(text_from(path, folder->declared.len), TEXT("/"));

		if (!below && !in_place)
			return false;
		rest = below ? text_from(path, folder->declared.len + 1) : path;
		if (!below) {
			len = snprintf(out, size, "%.*s", TEXT_ARG(path));
			return len > 0 && (size_t)len < size;
		}
	}
	len = snprintf(out, size, "%.*s%s%.*s", TEXT_ARG(folder->here),
		folder->here.len != 0 ? "/" : "", TEXT_ARG(rest));
	return len > 0 && (size_t)len < size;
}

enum err
relay_table_add(struct relay_table *t, const struct relay_table_entry *e,
	const struct relay_source *source)
{
	size_t wanted = t->room == 0 ? 16 : t->room * 2;
	struct relay_table_entry *entries = t->entries;

	if (t->count == TABLE_LINES)
		return relay_model_refuse(source, ERR_FULL, e->line,
			"the table has more than %d entries; leave out what does not decide "
			"about relaying",
			TABLE_LINES);
	if (t->count == t->room) {
		entries = reallocarray(entries, wanted, sizeof(*entries));
		if (entries == NULL)
			return error_set(source->error, ERR_MEMORY, "out of memory");
		t->entries = entries;
		t->room = wanted;
	}
	t->entries[t->count++] = *e;
	return OK;
}

/* --- lines "key value" --- */

struct reader {
	struct relay_table *table;
	const struct relay_source *source;
	char *p, *end; /* not yet read */
	unsigned line; /* of p */
};

static char *
line_end(const struct reader *r, char *at)
{
	char *lf = memchr(at, '\n', (size_t)(r->end - at));

	return lf != NULL ? lf : r->end;
}

/* Comments and empty lines do not end an entry; a line that starts with a blank goes on. */
static bool
is_skipped(const char *from, const char *to)
{
	while (from < to && relay_table_is_space(*from))
		from++;
	return from == to || *from == '#';
}

/* The next entry with its continuation lines, moved together in place and ended by a NUL, for
 * which the line feed made room. */
static bool
next_logical(struct reader *r, char **out, unsigned *line)
{
	char *to = NULL;

	while (r->p < r->end) {
		char *end = line_end(r, r->p);
		bool skipped = is_skipped(r->p, end), goes_on = relay_table_is_space(*r->p);

		if (to != NULL && !skipped && !goes_on)
			break;
		if (to == NULL && !skipped && !goes_on) {
			*out = to = r->p;
			*line = r->line;
		}
		if (to != NULL && !skipped) {
			memmove(to, r->p, (size_t)(end - r->p));
			to += end - r->p;
		}
		r->p = end < r->end ? end + 1 : end;
		r->line++;
	}
	if (to == NULL)
		return false;
	*to = '\0';
	return true;
}

/* Make "key value" of the line, the key in lower case; false when it has bytes that are not
 * printable ASCII, or no value. */
static bool
normalize(char *s, unsigned *key_len)
{
	char *key_end = s, *value, *end;

	while (*key_end != '\0' && !relay_table_is_space(*key_end))
		key_end++;
	for (value = key_end; relay_table_is_space(*value);)
		value++;
	for (end = value + strlen(value); end > value && relay_table_is_space(end[-1]);)
		end--;
	*end = '\0';
	if (*value == '\0' || key_end - s > UINT16_MAX)
		return false;
	for (char *c = s; c < key_end; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c;
	*key_end = ' ';
	memmove(key_end + 1, value, (size_t)(end - value) + 1);
	for (char *c = s; *c != '\0'; c++)
		if (*c == '\t')
			*c = ' ';
		else if (*c < ' ' || *c > '~')
			return false;
	*key_len = (unsigned)(key_end - s);
	return true;
}

static enum err
take_line(struct reader *r, char *s, unsigned line)
{
	struct relay_table_entry e = {.text = s, .line = line};

	if (r->table->kind == RELAY_TABLE_CIDR) {
		bool readable = normalize(s, &e.key_len);

		/* An "endif" has no value. */
		if (!readable && text_equal_nocase(text_of(s), TEXT("endif"))) {
			e.key_len = (unsigned)strlen(s);
			readable = true;
		}
		if (!readable)
			return relay_model_refuse(r->source, ERR_SYNTAX, line,
				"no line 'NETWORK ACTION' in printable ASCII; correct or remove "
				"it");
		return relay_cidr_take(r->table, &e, r->source);
	}
	if (!normalize(s, &e.key_len)) {
		r->table->passed_over++;
		return OK;
	}
	return relay_table_add(r->table, &e, r->source);
}

static int
compare(const void *a, const void *b)
{
	const struct relay_table_entry *x = a, *y = b;
	unsigned shorter = x->key_len < y->key_len ? x->key_len : y->key_len;
	int order = memcmp(x->text, y->text, shorter);

	if (order == 0)
		order = (x->key_len > y->key_len) - (x->key_len < y->key_len);
	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

static enum err
finish(struct relay_table *t, const struct relay_source *source)
{
	if (t->kind == RELAY_TABLE_CIDR)
		return relay_cidr_finish(t, source);
	if (t->count != 0)
		qsort(t->entries, t->count, sizeof(t->entries[0]), compare);
	if (t->passed_over != 0)
		relay_model_warn(source, 1,
			"%u lines without a value or with bytes outside printable ASCII are "
			"passed over; an address that they decide about is judged without them",
			t->passed_over);
	return OK;
}

static enum err
read_lines(struct relay_table *t, size_t len, const struct relay_source *source)
{
	struct reader r = {.table = t, .source = source, .p = t->bytes, .line = 1};
	enum err err = OK;
	char *s = NULL;
	unsigned line = 0;

	r.end = t->bytes + len;
	/* A NUL would hide what follows it. */
	for (size_t i = 0; i < len; i++)
		if (t->bytes[i] == '\0')
			t->bytes[i] = '\x01';
	while (err == OK && next_logical(&r, &s, &line))
		err = take_line(&r, s, line);
	return err == OK ? finish(t, source) : err;
}

/* A copy of this file's own text beside the compiled one may be newer or older than that. */
static enum err
open_file(struct relay_table *t, const struct type *type, struct text path,
	const struct relay_folder *folder, unsigned line, const struct relay_source *source)
{
	char full[PATH_SIZE], shown[SHOWN];
	struct relay_source own = *source;
	struct error reason;
	size_t len = 0;

	text_printable(text_of(t->name), shown, sizeof(shown));
	if (!relay_folder_path(folder, path, full, sizeof(full))) {
		relay_model_warn(source, line,
			"%s is not read, it lies elsewhere than main.cf: what it decides is not "
			"known; put a copy beside main.cf and name it there",
			shown);
		t->kind = RELAY_TABLE_UNREAD;
		return OK;
	}
	if (file_read(full, TABLE_BYTES, &t->bytes, &len, &reason) != OK) {
		relay_model_warn(source, line,
			"%s is not read: %s; what it decides is not known; put its text beside "
			"main.cf",
			shown, reason.text);
		t->kind = RELAY_TABLE_UNREAD;
		return OK;
	}
	if (type->compiled)
		relay_model_warn(source, line,
			"%s: the text %s is read; the compiled table that Postfix uses may be "
			"older (run postmap)",
			shown, full);
	t->file = strdup(full);
	if (t->file == NULL)
		return error_set(source->error, ERR_MEMORY, "out of memory");
	own.name = t->file;
	return read_lines(t, len, &own);
}

/* --- inline: and static: --- */

/* "{x}" without its braces. */
static bool
unbrace(struct text t, struct text *out)
{
	if (t.len < 2 || t.p[0] != '{' || t.p[t.len - 1] != '}')
		return false;
	*out = relay_table_trim((struct text){t.p + 1, t.len - 2});
	return true;
}

/* A word up to a blank or comma; one in braces is taken whole. */
static struct text
next_item(struct text *rest)
{
	size_t depth = 0, len = 0;
	struct text item;

	while (rest->len != 0 && (relay_table_is_space(rest->p[0]) || rest->p[0] == ','))
		*rest = text_from(*rest, 1);
	for (; len < rest->len; len++) {
		char c = rest->p[len];

		if (depth == 0 && (relay_table_is_space(c) || c == ','))
			break;
		if (c == '{')
			depth++;
		else if (c == '}' && depth != 0)
			depth--;
	}
	item = text_upto(*rest, len);
	*rest = text_from(*rest, len);
	return item;
}

/* One "key = value" at to; the text behind it, or NULL. */
static char *
write_item(struct text item, char *to)
{
	struct text value, key;

	(void)unbrace(item, &item);
	if (text_find_byte(item, '=') == SIZE_MAX)
		return NULL;
	value = item;
	key = relay_table_trim(text_cut(&value, '='));
	value = relay_table_trim(value);
	if (key.len == 0 || value.len == 0)
		return NULL;
	memcpy(to, key.p, key.len);
	to += key.len;
	*to++ = ' ';
	memcpy(to, value.p, value.len);
	to[value.len] = '\0';
	return to + value.len + 1;
}

static enum err
take_inline(struct relay_table *t, struct text rest, const struct relay_source *source)
{
	unsigned line = t->passed_over;
	struct text items, item;
	char *to;

	t->passed_over = 0;
	if (!unbrace(relay_table_trim(rest), &items))
		return relay_model_refuse(source, ERR_SYNTAX, line,
			"inline: needs braces; write inline:{key=value, {key = some value}}");
	/* "a=b" takes one byte more with its NUL; the separators do not always give it. */
	to = t->bytes = malloc(items.len * 2 + 2);
	if (to == NULL)
		return error_set(source->error, ERR_MEMORY, "out of memory");
	while ((item = next_item(&items)).len != 0) {
		struct relay_table_entry e = {.text = to, .line = line};
		char *next = write_item(item, to);
		enum err err;

		if (next == NULL || !normalize(to, &e.key_len))
			return relay_model_refuse(source, ERR_SYNTAX, line,
				"inline: has an item that is no key=value in printable ASCII; "
				"write inline:{key=value, {key = some value}}");
		err = relay_table_add(t, &e, source);
		if (err != OK)
			return err;
		to = next;
	}
	return finish(t, source);
}

static enum err
take_static(struct relay_table *t, struct text rest, const struct relay_source *source)
{
	struct relay_table_entry e = {.line = t->passed_over, .key_len = 1};
	char *text;

	t->passed_over = 0;
	rest = relay_table_trim(rest);
	(void)unbrace(rest, &rest);
	text = t->bytes = malloc(rest.len + 3);
	if (text == NULL)
		return error_set(source->error, ERR_MEMORY, "out of memory");
	memcpy(text, "* ", 2);
	text_printable(rest, text + 2, rest.len + 1);
	e.text = text;
	return relay_table_add(t, &e, source);
}

/* --- all types --- */

static const struct type *
find_type(struct text name)
{
	for (size_t i = 0; i < ORBL_COUNT(types); i++)
		if (text_equal(name, text_of(types[i].name)))
			return &types[i];
	return NULL;
}

static enum err
open_kind(struct relay_table *t, const struct relay_folder *folder, unsigned line,
	const struct relay_source *source)
{
	struct text rest = text_of(t->name);
	const struct type *type = find_type(text_cut(&rest, ':'));
	char shown[SHOWN];

	if (type == NULL) {
		text_printable(text_of(t->name), shown, sizeof(shown));
		relay_model_warn(source, line,
			"%s is of a type that is not read: what it decides is not known", shown);
		return OK;
	}
	t->kind = type->kind;
	t->passed_over = type->open != NULL ? line : 0;
	if (type->open != NULL)
		return type->open(t, rest, source);
	return open_file(t, type, rest, folder, line, source);
}

enum err
relay_table_open(struct text name, const struct relay_folder *folder, unsigned line,
	const struct relay_source *source, struct relay_table **out)
{
	struct relay_table *t = calloc(1, sizeof(*t));
	enum err err;

	*out = NULL;
	if (t != NULL)
		t->name = strndup(name.p, name.len);
	if (t == NULL || t->name == NULL) {
		free(t);
		return error_set(source->error, ERR_MEMORY, "out of memory");
	}
	for (char *c = t->name; *c != '\0'; c++)
		if (*c == '\n')
			*c = ' ';
	err = open_kind(t, folder, line, source);
	if (err != OK) {
		relay_table_free(t);
		return err;
	}
	*out = t;
	return OK;
}

void
relay_table_free(struct relay_table *t)
{
	if (t == NULL)
		return;
	free(t->name);
	free(t->file);
	free(t->entries);
	free(t->bytes);
	free(t);
}

static int
compare_key(struct text key, const struct relay_table_entry *e)
{
	size_t shorter = key.len < e->key_len ? key.len : e->key_len;

	for (size_t i = 0; i < shorter; i++) {
		char c = key.p[i];

		c = c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
		if (c != e->text[i])
			return (unsigned char)c < (unsigned char)e->text[i] ? -1 : 1;
	}
	return (key.len > e->key_len) - (key.len < e->key_len);
}

/* The first of several with the same key, as Postfix keeps the first. */
static const struct relay_table_entry *
find_key(const struct relay_table *t, struct text key)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_key(key, &t->entries[middle]) > 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < t->count && compare_key(key, &t->entries[low]) == 0)
		return &t->entries[low];
	return NULL;
}

const struct relay_table_entry *
relay_table_find(const struct relay_table *t, struct text key, bool partial)
{
	struct addr a;

	switch (t->kind) {
	case RELAY_TABLE_STATIC: return partial ? NULL : t->entries;
	case RELAY_TABLE_KEYS: return key.len != 0 ? find_key(t, key) : NULL;
	case RELAY_TABLE_CIDR:
		if (partial || addr_parse(key, &a) != OK)
			return NULL;
		return relay_cidr_find(t, &a);
	case RELAY_TABLE_UNREAD: break;
	}
	return NULL;
}

struct text
relay_table_value(const struct relay_table_entry *e)
{
	return text_from(text_of(e->text), e->key_len + 1);
}
