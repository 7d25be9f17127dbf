#include "event_markup.h"

#include <string.h>

#include <orbl/compiler.h>

struct section { /* ends where its last bytes are, whatever is inside */
	struct text start, end;
};

static const struct section sections[] = {
	{{"<!--", 4}, {"-->", 3}},
	{{"<![CDATA[", 9}, {"]]>", 3}},
};

static bool
is_name_end(char c)
{
	return c == '>' || c == '/' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Behind a prefix and ":". */
static struct text
local_name(struct text t)
{
	struct text name = t;
	size_t colon;

	name.len = 0;
	while (name.len < t.len && !is_name_end(t.p[name.len]))
		name.len++;
	colon = text_find_byte(name, ':');
	return colon != SIZE_MAX ? text_from(name, colon + 1) : name;
}

/* ">" outside of quotes, with it. A "<" cannot be in a tag, nor is it in any instruction that
 * belongs into a log: there the damage ends. */
static size_t
tag_length(struct text t)
{
	char quote = '\0';

	for (size_t i = 1; i < t.len; i++) {
		char c = t.p[i];

		if (c == '<')
			return i;
		if (quote != '\0' ? c == quote : c == '"' || c == '\'')
			quote = quote != '\0' ? '\0' : c;
		else if (c == '>' && quote == '\0')
			return i + 1;
	}
	return 0;
}

bool
event_markup_is(struct text tag, struct text name)
{
	return text_equal(local_name(text_from(tag, 1)), name);
}

static enum markup
name_tag(struct text tag)
{
	bool is_end = tag.len > 1 && tag.p[1] == '/';
	struct text name = local_name(text_from(tag, is_end ? 2 : 1));
	bool is_empty = tag.len > 2 && tag.p[tag.len - 2] == '/' && tag.p[tag.len - 1] == '>';

	if (text_equal(name, TEXT("Event"))) {
		if (is_end)
			return MARKUP_EVENT_END;
		return is_empty ? MARKUP_EVENT_EMPTY : MARKUP_EVENT_START;
	}
	if (text_equal(name, TEXT("UserData")) && !is_empty)
		return is_end ? MARKUP_USER_END : MARKUP_USER_START;
	return MARKUP_OTHER;
}

static enum markup
next_section(const struct section *s, struct text t, size_t *len)
{
	size_t end = text_find(text_from(t, s->start.len), s->end);

	if (end == SIZE_MAX)
		return MARKUP_SECTION;
	*len = s->start.len + end + s->end.len;
	return MARKUP_OTHER;
}

enum markup
event_markup_next(struct text t, size_t *len)
{
	static const struct text doctype = {"<!DOCTYPE", 9};

	if (t.p[0] != '<') {
		size_t lt = text_find_byte(t, '<');

		*len = lt != SIZE_MAX ? lt : t.len;
		return MARKUP_TEXT;
	}
	for (size_t i = 0; i < ORBL_COUNT(sections); i++) {
		if (text_has_prefix(t, sections[i].start))
			return next_section(&sections[i], t, len);
		if (text_has_prefix(sections[i].start, t))
			return MARKUP_MORE;
	}
	if (text_has_prefix(doctype, t))
		return MARKUP_MORE;
	if (text_has_prefix(t, doctype)) {
		*len = doctype.len;
		return MARKUP_DOCTYPE;
	}
	*len = tag_length(t);
	return *len == 0 ? MARKUP_MORE : name_tag(text_upto(t, *len));
}
