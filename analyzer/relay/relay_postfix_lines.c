#include "relay_postfix.h"

#include <stdlib.h>
#include <string.h>

/* A main.cf as lines "name = value", and a value as words. */
enum { ASSIGNMENTS_MAX = 20000, NAME_SHOWN = 80 };

/* Further names that only a main.cf has. */
static const char *const known_names[] = {
	"alias_database",
	"alias_maps",
	"command_directory",
	"daemon_directory",
	"data_directory",
	"inet_protocols",
	"local_recipient_maps",
	"mail_owner",
	"mailbox_size_limit",
	"queue_directory",
	"readme_directory",
	"relayhost",
	"setgid_group",
	"transport_maps",
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f';
}

static bool
is_comment(struct text line)
{
	line = relay_table_trim(line);
	return line.len == 0 || line.p[0] == '#';
}

struct lines {
	struct text rest;
	unsigned number; /* of the line that is next, less 1 */
};

/* A line with those that continue it: from its start to *all's end. Comments between them are
 * part of *all. False at the end. */
static bool
next_assignment(struct lines *l, struct text *all, unsigned *line)
{
	struct text rest, next;
	unsigned number;

	do {
		rest = l->rest;
		if (!text_next_line(&l->rest, &next))
			return false;
		l->number++;
	} while (is_comment(next) || is_space(next.p[0]));
	*line = l->number;
	*all = (struct text){rest.p, next.len};
	for (rest = l->rest, number = l->number; text_next_line(&rest, &next);) {
		number++;
		if (is_comment(next))
			continue;
		if (!is_space(next.p[0]))
			break;
		all->len = (size_t)(next.p + next.len - all->p);
		l->rest = rest;
		l->number = number;
	}
	return true;
}

/* A copy without its comments, whose line feeds stay; bytes that are not printable become '?'. */
static char *
copy_value(struct text all)
{
	char *copy = malloc(all.len + 2);
	struct text line;
	size_t len = 0;
	bool first = true;

	if (copy == NULL)
		return NULL;
	while (text_next_line(&all, &line)) {
		if (!first)
			copy[len++] = '\n';
		for (size_t i = 0; (first || !is_comment(line)) && i < line.len; i++) {
			char c = is_space(line.p[i]) ? ' ' : line.p[i];

			copy[len++] = c >= ' ' && c <= '~' ? c : '?';
		}
		first = false;
	}
	copy[len] = '\0';
	return copy;
}

static bool
is_name(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (!(t.p[i] > ' ' && t.p[i] <= '~'))
			return false;
	return t.len != 0;
}

enum err
relay_assignments_add(struct relay_postfix *pf, struct relay_assignment a,
	const struct relay_source *source)
{
	size_t wanted = pf->assignment_room == 0 ? 64 : pf->assignment_room * 2;
	struct relay_assignment *items = pf->assignments;

	if (pf->assignment_count == ASSIGNMENTS_MAX)
		return relay_model_refuse(source, ERR_FULL, a.line,
			"more than %d parameters are set; this is no main.cf", ASSIGNMENTS_MAX);
	if (pf->assignment_count == pf->assignment_room) {
		items = reallocarray(items, wanted, sizeof(*items));
		if (items == NULL)
			return error_set(source->error, ERR_MEMORY, "out of memory");
		pf->assignments = items;
		pf->assignment_room = wanted;
	}
	pf->assignments[pf->assignment_count++] = a;
	return OK;
}

static enum err
take_assignment(struct relay_postfix *pf, struct text all, unsigned line,
	const struct relay_source *source)
{
	char *name = relay_postfix_keep(pf, copy_value(all)), *value;
	char shown[NAME_SHOWN];
	struct text t;

	if (name == NULL)
		return error_set(source->error, ERR_MEMORY, "out of memory");
	value = strchr(name, '=');
	t = relay_table_trim(
		text_upto(text_of(name), value != NULL ? (size_t)(value - name) : SIZE_MAX));
	text_printable(text_upto(t, strcspn(t.p != NULL ? t.p : "", "\n")), shown, sizeof(shown));
	if (value == NULL || !is_name(t))
		return relay_model_refuse(source, ERR_SYNTAX, line,
			"'%s' is no parameter with a value; write it as name = value, and start "
			"a line that continues another with a blank",
			shown);
	*value++ = '\0';
	name[t.len] = '\0';
	/* The blanks before a value are none of it, line feeds count. */
	return relay_assignments_add(pf, (struct relay_assignment){name, value, line}, source);
}

static int
compare_assignments(const void *a, const void *b)
{
	const struct relay_assignment *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

void
relay_assignments_sort(struct relay_postfix *pf)
{
	size_t n = 0;

	if (pf->assignment_count == 0)
		return;
	qsort(pf->assignments, pf->assignment_count, sizeof(pf->assignments[0]),
		compare_assignments);
	for (size_t i = 0; i < pf->assignment_count; i++) {
		if (n != 0 && strcmp(pf->assignments[n - 1].name, pf->assignments[i].name) == 0)
			n--;
		pf->assignments[n++] = pf->assignments[i];
	}
	pf->assignment_count = n;
}

const struct relay_assignment *
relay_postfix_find(const struct relay_postfix *pf, struct text name)
{
	size_t low = 0, high = pf->assignment_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct relay_assignment *a = &pf->assignments[middle];
		int order = strncmp(name.p, a->name, name.len);

		if (order == 0 && a->name[name.len] == '\0')
			return a;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

enum err
relay_assignments_read(struct relay_postfix *pf, struct text bytes,
	const struct relay_source *source)
{
	struct lines l = {.rest = bytes};
	struct text all;
	unsigned line = 0;
	enum err err = OK;

	while (err == OK && next_assignment(&l, &all, &line))
		err = take_assignment(pf, all, line, source);
	if (err == OK)
		relay_assignments_sort(pf);
	return err;
}

/* --- is it one? --- */

static bool
is_known(struct text name)
{
	if (text_has_prefix(name, TEXT("smtpd_")) || text_has_prefix(name, TEXT("smtp_")) ||
		relay_postfix_default(name) != NULL)
		return true;
	for (size_t i = 0; i < ORBL_COUNT(known_names); i++)
		if (text_equal(name, text_of(known_names[i])))
			return true;
	return false;
}

/* One name alone may be a slip in orbl's own form. With the right file name it is enough, as is a
 * file of comments only. */
bool
relay_postfix_is(struct text bytes, const char *name)
{
	struct text path = text_of(name), line;
	size_t slash = text_rfind(path, TEXT("/")), known = 0;
	bool named = text_equal(slash == SIZE_MAX ? path : text_from(path, slash + 1),
		TEXT("main.cf"));
	bool empty = true;

	while (text_next_line(&bytes, &line) && known < 2) {
		if (is_comment(line) || is_space(line.p[0]))
			continue;
		known += is_known(relay_table_trim(text_cut(&line, '=')));
		empty = false;
	}
	return known >= 2 || (named && (known != 0 || empty));
}

/* --- words --- */

struct relay_words
relay_words_of(const char *text, unsigned first)
{
	return (struct relay_words){.rest = text_of(text), .next = first};
}

static bool
is_separator(char c)
{
	return is_space(c) || c == '\n' || c == ',';
}

static void
skip_bytes(struct relay_words *w, size_t len)
{
	for (size_t i = 0; i < len && w->next != 0; i++)
		w->next += w->rest.p[i] == '\n';
	w->rest = text_from(w->rest, len);
}

bool
relay_words_next(struct relay_words *w)
{
	size_t depth = 0, len = 0;

	while (len < w->rest.len && is_separator(w->rest.p[len]))
		len++;
	skip_bytes(w, len);
	w->line = w->next;
	for (len = 0; len < w->rest.len; len++) {
		char c = w->rest.p[len];

		if (depth == 0 && is_separator(c))
			break;
		depth += c == '{';
		depth -= c == '}' && depth != 0;
	}
	w->word = text_upto(w->rest, len);
	skip_bytes(w, len);
	return len != 0;
}
