#include "event_message.h"

#include "event_denial.h"

static const struct text head = {"The description for Event ID", 28};

/* NT 4; 2000 and 2003; Vista and later. */
static const struct form {
	struct text mark, separator, end;
} forms[] = {
	{{"It contains the following insertion string(s):", 46}, {", ", 2}, {".", 1}},
	{{"The following information is part of the event:", 47}, {", ", 2}, {".", 1}},
	{{"The following information was included with the event:", 54}, {"\n", 1}, {"", 0}},
};

bool
event_message_is_unmade(struct text message)
{
	return text_has_prefix(event_trim(message), head);
}

/* The first mark: what stands before it is Windows' own. */
static const struct form *
find_strings(struct text message, struct text *strings)
{
	const struct form *form = NULL;
	size_t first = SIZE_MAX;

	for (size_t i = 0; i < ORBL_COUNT(forms); i++) {
		size_t at = text_find(message, forms[i].mark);

		if (at < first) {
			first = at;
			form = &forms[i];
		}
	}
	if (form != NULL)
		*strings = event_trim(text_from(message, first + form->mark.len));
	return form;
}

bool
event_message_split(struct text message, size_t count, struct text *out)
{
	struct text rest;
	const struct form *form;

	message = event_trim(message);
	if (!event_message_is_unmade(message) || (form = find_strings(message, &rest)) == NULL)
		return false;
	if (form->end.len != 0 && text_has_suffix(rest, form->end))
		rest.len -= form->end.len;
	for (size_t i = 0; i + 1 < count; i++) {
		size_t at = text_find(rest, form->separator);

		if (at == SIZE_MAX)
			return false;
		out[i] = event_trim(text_upto(rest, at));
		rest = text_from(rest, at + form->separator.len);
	}
	if (text_find(rest, form->separator) != SIZE_MAX)
		return false;
	out[count - 1] = event_trim(rest);
	return true;
}
