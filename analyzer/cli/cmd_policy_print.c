#include "cmd_policy.h"

#include <string.h>

enum { WIDTH = 78 };

/* How much of the rest goes into a line: up to the last blank that fits. */
static size_t
line_length(struct text rest, size_t room)
{
	size_t blank;

	if (rest.len <= room)
		return rest.len;
	blank = text_rfind(text_upto(rest, room + 1), TEXT(" "));
	if (blank == SIZE_MAX || blank == 0)
		blank = text_find_byte(rest, ' ');
	return blank == SIZE_MAX ? rest.len : blank;
}

void
policy_print_text(const char *label, const char *text, int indent)
{
	struct text rest = text_of(text);
	size_t used = strlen(label), room, len;

	printf("%*s%s", indent, "", label);
	while (rest.len != 0) {
		room = (size_t)indent + used < WIDTH ? WIDTH - (size_t)indent - used : 1;
		len = line_length(rest, room);
		printf("%.*s\n", (int)len, rest.p);
		rest = text_trim(text_from(rest, len));
		used = 0;
		if (rest.len != 0)
			printf("%*s", indent, "");
	}
}

void
policy_format_source(const struct relay_decision *d, const char *file, char *out, size_t size)
{
	const char *entry = d->entry != NULL ? d->entry : "";
	bool named;
	size_t used;

	if (d->list == NULL) {
		snprintf(out, size, "%s", d->rule);
		return;
	}
	named = strcmp(d->rule, d->list) == 0 || strcmp(d->rule, entry) == 0;
	used = (size_t)snprintf(out, size, "%s%s%s: %.300s", named ? "" : d->rule,
		named ? "" : ", ", d->list, entry);
	if (d->line != 0 && used < size)
		snprintf(out + used, size - used, " (%s:%u)", d->file != NULL ? d->file : file,
			d->line);
}

static bool
is_same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

bool
policy_is_same(const struct relay_decision *a, const struct relay_decision *b)
{
	return a->line == b->line && strcmp(a->rule, b->rule) == 0 &&
		is_same_text(a->list, b->list) && is_same_text(a->entry, b->entry) &&
		is_same_text(a->file, b->file);
}

void
policy_names_add(struct policy_names *n, const char *name)
{
	size_t room = sizeof(n->text) - n->used;
	int len = snprintf(n->text + n->used, room, "%s%s", n->used == 0 ? "" : ", ", name);

	if (len > 0 && (size_t)len < room)
		n->used += (size_t)len;
}

const char *
policy_printable(const char *s, char out[POLICY_SHOWN])
{
	text_printable(text_of(s), out, POLICY_SHOWN);
	return out;
}

json_t *
policy_text_json(const char *s)
{
	return s != NULL ? json_string(s) : json_null();
}

json_t *
policy_line_json(unsigned line)
{
	return line != 0 ? json_integer(line) : json_null();
}

/* "FILE:LINE: text" of the reader; all of it is text when it has another form. */
static json_t *
warning_json(struct text line, const char *file)
{
	struct text rest = line, digits;
	size_t prefix = strlen(file);
	uint64_t number;

	if (text_has_prefix(line, text_of(file)) && line.len > prefix && line.p[prefix] == ':') {
		rest = text_from(line, prefix + 1);
		digits = text_cut(&rest, ':');
		if (text_to_u64(digits, UINT32_MAX, &number) == OK) {
			rest = text_trim(rest);
			return json_pack("{s:s%, s:s, s:o}", "text", rest.p, rest.len, "file", file,
				"line", policy_line_json((unsigned)number));
		}
	}
	return json_pack("{s:s%, s:n, s:n}", "text", line.p, line.len, "file", "line");
}

json_t *
policy_warnings_json(const char *warnings, const char *file)
{
	struct text rest = text_of(warnings), line;
	json_t *array = json_array();

	while (text_next_line(&rest, &line))
		json_array_append_new(array, warning_json(line, file));
	return array;
}

json_t *
policy_address_json(const struct addr *a)
{
	char text[ADDR_TEXT];

	return a->family != 0 ? json_string(addr_format(a, text)) : json_null();
}

void
policy_print_json(json_t *object)
{
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}
