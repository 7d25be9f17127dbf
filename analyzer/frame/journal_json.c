#include "journal_json.h"

#include "journal_line.h"
#include "json_scan.h"

/* An array of byte values is what a journal makes of a text that is not UTF-8. */
static bool
take_bytes(struct text array, char *out, struct text *text)
{
	struct text value;
	size_t n = 0;

	while (json_scan_element(&array, &value)) {
		uint64_t byte;

		if (text_to_u64(value, 255, &byte) != OK)
			return false;
		out[n++] = (char)byte;
	}
	*text = (struct text){out, n};
	return true;
}

/* A string, an array of byte values, or an array of these: the entry has the field more than
 * once, and its first value counts. Anything else is no value. */
static struct text
journal_value(struct text value, char *out)
{
	struct text text, array = value, first;

	if (json_scan_string(value, out, &text))
		return text;
	if (!json_scan_open_array(&array))
		return TEXT_NONE;
	first = array;
	if (!json_scan_element(&first, &value))
		return TEXT_NONE;
	if (json_scan_string(value, out, &text))
		return text;
	if (json_scan_open_array(&value))
		return take_bytes(value, out, &text) ? text : TEXT_NONE;
	return take_bytes(array, out, &text) ? text : TEXT_NONE;
}

static bool
scan(struct text rest, char *at, struct text fields[JOURNAL_FIELD_COUNT])
{
	struct json_member m;

	while (json_scan_member(&rest, &m)) {
		enum journal_field field = journal_field_find(m.name);

		if (field == JOURNAL_FIELD_COUNT || fields[field].p != NULL)
			continue;
		fields[field] = journal_value(m.value, at);
		if (fields[field].p == at)
			at += fields[field].len;
	}
	return json_scan_close(&rest) && rest.len == 0;
}

bool
journal_json_make(struct text object, char *texts, char *made, struct log_line *out)
{
	struct text fields[JOURNAL_FIELD_COUNT] = {{NULL, 0}};

	return json_scan_open(&object) && scan(object, texts, fields) &&
		journal_line_make(fields, made, out);
}
