#include "relay_postfix.h"

#include <stdlib.h>
#include <string.h>

#include <orbl/file.h>

/* A pattern is a name, a network, "type:table", or "/file" with patterns; '!' in front turns
 * it round. The first that matches decides. */
enum { PATTERNS_MAX = 1000000, INCLUDE_BYTES = 64 << 20, PATH_SIZE = 4096, SHOWN = 80 };

struct reading {
	struct relay_postfix *pf;
	struct relay_patterns *list;
	bool addresses;
	const struct relay_source *source;
	const char *file; /* NULL: main.cf */
	bool negated;     /* all of an included file */
};

static enum err
add(struct reading *r, const struct relay_pattern *pattern)
{
	struct relay_patterns *list = r->list;
	size_t wanted = list->room == 0 ? 8 : list->room * 2;
	struct relay_pattern *items = list->items;

	if (r->pf->pattern_total++ == PATTERNS_MAX)
		return relay_model_refuse(r->source, ERR_FULL, pattern->line,
			"the lists have more than %d entries; write networks or parent domains",
			PATTERNS_MAX);
	if (list->count == list->room) {
		items = reallocarray(items, wanted, sizeof(*items));
		if (items == NULL)
			return error_set(r->source->error, ERR_MEMORY, "out of memory");
		list->items = items;
		list->room = wanted;
	}
	list->items[list->count++] = *pattern;
	return OK;
}

/* An IPv6 address stands in brackets, or alone; so a colon need not mean a table. */
static bool
is_table(struct text t)
{
	size_t colon = text_find_byte(t, ':');
	struct addr a;

	if (colon == SIZE_MAX || t.p[0] == '[' || t.p[0] == ':')
		return false;
	return addr_parse(text_upto(t, text_find_byte(t, '/')), &a) != OK;
}

static enum err
take_net(struct reading *r, struct relay_pattern *p)
{
	bool number = p->bare.len != 0 &&
		(p->bare.p[0] == '[' || (p->bare.p[0] >= '0' && p->bare.p[0] <= '9') ||
			text_find_byte(p->bare, ':') != SIZE_MAX);
	char shown[SHOWN];

	text_printable(p->bare, shown, sizeof(shown));
	switch (relay_net_parse(p->bare, &p->net)) {
	case OK: return add(r, p);
	case ERR_RANGE:
		return relay_model_refuse(r->source, ERR_RANGE, p->line,
			"'%s' in %s has bits outside its mask, or a mask too long: Postfix does "
			"not take it; write the network's own address, such as 192.0.2.0/24",
			shown, r->list->name);
	default: break;
	}
	p->net = (struct prefix){.len = 0};
	if (number && text_find_byte(p->bare, '/') != SIZE_MAX)
		return relay_model_refuse(r->source, ERR_SYNTAX, p->line,
			"'%s' in %s is no network; write one such as 192.0.2.0/24 or "
			"[2001:db8::]/32",
			shown, r->list->name);
	relay_postfix_unjudge(r->pf, r->file, p->line, "'%.60s' in %s needs DNS", shown,
		r->list->name);
	relay_model_warn(r->source, p->line,
		"'%s' in %s matches no address here: names need DNS; write the address", shown,
		r->list->name);
	return OK;
}

static enum err
take_pattern(struct reading *r, struct text word, unsigned line)
{
	struct relay_pattern p = {.line = line, .file = r->file, .negated = r->negated};
	char *text = relay_postfix_keep_word(r->pf, word);

	if (text == NULL)
		return error_set(r->source->error, ERR_MEMORY, "out of memory");
	p.text = text;
	for (p.bare = text_of(text); text_has_prefix(p.bare, TEXT("!"));
		p.bare = text_trim(text_from(p.bare, 1)))
		p.negated = !p.negated;
	if (p.bare.len == 0)
		return relay_model_refuse(r->source, ERR_SYNTAX, line,
			"a '!' without a pattern in %s; write it right in front of one",
			r->list->name);
	if (is_table(p.bare)) {
		enum err err = relay_postfix_table(r->pf, p.bare, line, r->source, &p.table);

		return err == OK ? add(r, &p) : err;
	}
	return r->addresses ? take_net(r, &p) : add(r, &p);
}

/* The words of an included file; a comment is a line of its own. */
static enum err
take_lines(struct reading *r, struct text bytes)
{
	struct text line;
	unsigned number = 0;
	enum err err = OK;

	while (err == OK && text_next_line(&bytes, &line)) {
		number++;
		if (text_has_prefix(text_trim(line), TEXT("#")))
			continue;
		while (err == OK && line.len != 0) {
			size_t len = 0;
			struct text word;

			while (len < line.len && strchr(" \t\r,", line.p[len]) == NULL)
				len++;
			word = text_upto(line, len);
			line = text_from(line, len + 1);
			if (word.len != 0 && word.p[0] == '/')
				err = relay_model_refuse(r->source, ERR_UNSUPPORTED, number,
					"a file named in a file of %s is not read; name it in "
					"main.cf",
					r->list->name);
			else if (word.len != 0)
				err = take_pattern(r, word, number);
		}
	}
	return err;
}

static enum err
take_include(struct reading *r, struct text path, bool negated, unsigned line)
{
	struct reading inner = *r;
	struct relay_source own = *r->source;
	char full[PATH_SIZE], shown[SHOWN], *bytes = NULL, *name;
	struct error reason;
	size_t len = 0;
	enum err err;

	text_printable(path, shown, sizeof(shown));
	if (!relay_folder_path(&r->pf->folder, path, full, sizeof(full)))
		return relay_model_refuse(r->source, ERR_NOT_FOUND, line,
			"%s of %s lies elsewhere than main.cf; put a copy beside main.cf and name "
			"it there",
			shown, r->list->name);
	err = file_read(full, INCLUDE_BYTES, &bytes, &len, &reason);
	if (err != OK)
		return relay_model_refuse(r->source, err, line,
			"%s of %s cannot be read: %s; put a copy beside main.cf", shown,
			r->list->name, reason.text);
	name = relay_postfix_keep(r->pf, strdup(full));
	if (name == NULL) {
		free(bytes);
		return error_set(r->source->error, ERR_MEMORY, "out of memory");
	}
	own.name = inner.file = name;
	inner.source = &own;
	inner.negated = negated;
	for (size_t i = 0; i < len; i++)
		if ((bytes[i] < ' ' && strchr("\t\r\n", bytes[i]) == NULL) || bytes[i] == '\0' ||
			(unsigned char)bytes[i] > '~')
			bytes[i] = '?';
	err = take_lines(&inner, (struct text){bytes, len});
	free(bytes);
	return err;
}

enum err
relay_patterns_read(struct relay_postfix *pf, enum relay_parameter parameter, bool addresses,
	const struct relay_source *source, struct relay_patterns *out)
{
	const struct relay_value *v = &pf->values[parameter];
	struct reading r = {.pf = pf, .list = out, .addresses = addresses, .source = source};
	struct relay_words w = relay_words_of(v->text, v->line);
	enum err err = OK;

	out->name = relay_postfix_parameter_name(parameter);
	out->domains = parameter == PARAMETER_RELAY_DOMAINS;
	while (err == OK && relay_words_next(&w)) {
		struct text bare = w.word;
		bool negated = false;

		for (; text_has_prefix(bare, TEXT("!")); bare = text_from(bare, 1))
			negated = !negated;
		if (text_has_prefix(bare, TEXT("/")))
			err = take_include(&r, bare, negated, w.line);
		else
			err = take_pattern(&r, w.word, w.line);
	}
	return err;
}

void
relay_patterns_free(struct relay_patterns *p)
{
	free(p->items);
}

/* The parents with their dot, unless the list takes subdomains for granted. */
static const struct relay_table_entry *
find_in_table(const struct relay_patterns *list, const struct relay_table *t, struct text name)
{
	const struct relay_table_entry *e = relay_table_find(t, name, false);

	while (e == NULL && list->domains && name.len != 0) {
		size_t dot = text_find_byte(text_from(name, 1), '.');

		if (dot == SIZE_MAX)
			return NULL;
		name = text_from(name, dot + 1 + (list->parents ? 1 : 0));
		e = relay_table_find(t, name, true);
	}
	return e;
}

static bool
matches_name(const struct relay_patterns *list, const struct relay_pattern *p, struct text name)
{
	struct text tail;

	if (text_equal_nocase(p->bare, name))
		return true;
	if (p->bare.len >= name.len)
		return false;
	tail = text_from(name, name.len - p->bare.len);
	if (!text_equal_nocase(p->bare, tail))
		return false;
	return list->domains && (list->parents ? tail.p[-1] == '.' : p->bare.p[0] == '.');
}

static void
tell(const struct relay_patterns *list, const struct relay_pattern *p,
	const struct relay_table_entry *e, struct relay_match *out)
{
	*out = (struct relay_match){.list = list->name,
		.entry = p->text,
		.file = p->file,
		.line = p->line};
	if (e != NULL && e->line != 0 && p->table->file != NULL)
		*out = (struct relay_match){.list = p->table->name,
			.entry = e->text,
			.file = p->table->file,
			.line = e->line};
}

bool
relay_patterns_match_name(const struct relay_patterns *list, struct text name,
	struct relay_match *out)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct relay_pattern *p = &list->items[i];
		const struct relay_table_entry *e = p->table != NULL ?
			find_in_table(list, p->table, name) :
			NULL;

		if (e == NULL && (p->table != NULL || !matches_name(list, p, name)))
			continue;
		tell(list, p, e, out);
		return !p->negated;
	}
	return false;
}

bool
relay_patterns_match_addr(const struct relay_patterns *list, const struct addr *a,
	struct relay_match *out)
{
	char text[ADDR_TEXT];

	if (a->family == 0)
		return false;
	addr_format(a, text);
	for (size_t i = 0; i < list->count; i++) {
		const struct relay_pattern *p = &list->items[i];
		const struct relay_table_entry *e = p->table != NULL ?
			relay_table_find(p->table, text_of(text), false) :
			NULL;

		if (e == NULL && (p->table != NULL || !prefix_has_addr(&p->net, a)))
			continue;
		tell(list, p, e, out);
		return !p->negated;
	}
	return false;
}
