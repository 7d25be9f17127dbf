#include "relay_reg.h"

#include <stdlib.h>

#include <orbl/cursor.h>

/* A registry export: what regedit writes for
 *	HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\MSExchangeIMC\Parameters
 * Other keys and values pass unread. Several control sets may be in one export: the current one
 * counts; without it the first.
 */
enum { CONTROL_SET_NONE = -1, CONTROL_SET_CURRENT = 0, CONTROL_SET_MAX = 999 };

static const struct relay_reg_value values[RELAY_REG_VALUES] = {
	{"RelayFlags", relay_reg_take_flags, RELAY_LIST_COUNT},
	{"RelayDenyList", relay_reg_take_list, RELAY_LIST_DENY},
	{"RelayAllowList", relay_reg_take_list, RELAY_LIST_ALLOW},
	{"RelayLocalIPList", relay_reg_take_list, RELAY_LIST_LOCAL_IP},
};

static const struct text signatures[] = {
	{"REGEDIT4", 8},
	{"Windows Registry Editor Version 5.00", 36},
};

static const struct text utf16le_mark = {"\xff\xfe", 2}, utf16be_mark = {"\xfe\xff", 2},
			 utf8_mark = {"\xef\xbb\xbf", 3};

bool
relay_reg_is(struct text bytes, ORBL_UNUSED const char *name)
{
	if (text_has_prefix(bytes, utf16le_mark) || text_has_prefix(bytes, utf16be_mark))
		return true;
	if (text_has_prefix(bytes, utf8_mark))
		bytes = text_from(bytes, utf8_mark.len);
	return text_has_prefix(bytes, TEXT("REGEDIT")) ||
		text_has_prefix(bytes, TEXT("Windows Registry Editor"));
}

enum err
relay_reg_refuse(const struct relay_reg *r, const char *what, const char *reason)
{
	return relay_model_refuse(r->source, ERR_SYNTAX, r->line, "%s %s; export the key again",
		what, reason);
}

/* Line feeds and what stands in our values are ASCII; everything else may become '?'. */
static enum err
narrow(struct text bytes, char *out, const struct relay_source *source, struct text *text)
{
	struct cursor c;
	size_t len = 0;

	if (bytes.len % 2 != 0)
		return relay_model_refuse(source, ERR_SYNTAX, 1,
			"UTF-16 with an odd number of bytes: the file is cut short");
	cursor_init(&c, bytes.p, bytes.len);
	while (cursor_left(&c) != 0) {
		uint16_t unit = cursor_u16le(&c);

		out[len++] = unit < 0x80 ? (char)unit : '?';
	}
	*text = (struct text){out, len};
	return OK;
}

bool
relay_reg_next_line(struct relay_reg *r, struct text *line)
{
	if (!text_next_line(&r->rest, line))
		return false;
	r->line++;
	*line = text_trim(*line);
	return true;
}

static enum err
read_signature(struct relay_reg *r)
{
	struct text line = TEXT_NONE;

	(void)relay_reg_next_line(r, &line);
	for (size_t i = 0; i < ORBL_COUNT(signatures); i++)
		if (text_equal(line, signatures[i]))
			return OK;
	return relay_model_refuse(r->source, ERR_UNSUPPORTED, 1,
		"not a registry export that is "
		"known here; its first line must be REGEDIT4 or Windows Registry Editor Version "
		"5.00");
}

/* "CurrentControlSet" or "ControlSet001". */
static int
parse_control_set(struct text t)
{
	const struct text numbered = TEXT("ControlSet");
	uint64_t number;

	if (text_equal_nocase(t, TEXT("CurrentControlSet")))
		return CONTROL_SET_CURRENT;
	if (!text_equal_nocase(text_upto(t, numbered.len), numbered) ||
		text_to_u64(text_from(t, numbered.len), CONTROL_SET_MAX, &number) != OK ||
		number == 0)
		return CONTROL_SET_NONE;
	return (int)number;
}

/* The control set of the key when it is the one, else CONTROL_SET_NONE. The article prints
 * "Service". */
static int
parse_key(struct text key)
{
	bool match = text_equal_nocase(text_cut(&key, '\\'), TEXT("HKEY_LOCAL_MACHINE"));
	struct text services;
	int set;

	match = text_equal_nocase(text_cut(&key, '\\'), TEXT("SYSTEM")) && match;
	set = parse_control_set(text_cut(&key, '\\'));
	services = text_cut(&key, '\\');
	match = match &&
		(text_equal_nocase(services, TEXT("Services")) ||
			text_equal_nocase(services, TEXT("Service")));
	match = match && text_equal_nocase(key, TEXT("MSExchangeIMC\\Parameters"));
	return match ? set : CONTROL_SET_NONE;
}

static void
enter_control_set(struct relay_reg *r, int set)
{
	if (r->control_set == CONTROL_SET_NONE) {
		r->control_set = set;
	} else if (set == CONTROL_SET_CURRENT && r->control_set != set) {
		relay_model_forget_registry(r->policy);
		for (size_t i = 0; i < ORBL_COUNT(r->seen); i++)
			r->seen[i] = 0;
		r->control_set = set;
	}
	r->ours = set == r->control_set;
}

static enum err
take_key(struct relay_reg *r, struct text line)
{
	struct text key = text_from(line, 1);
	int set;

	if (!text_has_suffix(key, TEXT("]")))
		return relay_reg_refuse(r, "the key", "has no closing bracket: it is damaged");
	key.len--;
	r->ours = false;
	if (text_has_prefix(key, TEXT("-")))
		set = parse_key(text_from(key, 1));
	else
		set = parse_key(key);
	if (set == CONTROL_SET_NONE)
		return OK;
	if (key.p[0] == '-')
		return relay_reg_refuse(r, "the key", "is to be deleted: this is no export");
	enter_control_set(r, set);
	return OK;
}

/* The offset of the quote that closes a string, from an offset on; SIZE_MAX when none does. */
static size_t
find_closing_quote(struct text t, size_t from)
{
	for (size_t i = from; i < t.len; i++) {
		if (t.p[i] == '\\')
			i++;
		else if (t.p[i] == '"')
			return i;
	}
	return SIZE_MAX;
}

/* A string may hold line ends as they are, and so lines that look like keys. Text behind its
 * closing quote means that a quote was lost, and with it perhaps a value. */
static enum err
skip_string(struct relay_reg *r, struct text data)
{
	size_t end = find_closing_quote(data, 1);
	unsigned start = r->line;

	while (end == SIZE_MAX && relay_reg_next_line(r, &data))
		end = find_closing_quote(data, 0);
	if (end != SIZE_MAX && end + 1 == data.len)
		return OK;
	r->line = start;
	return relay_reg_refuse(r, "a string", "does not end where a line ends: it is damaged");
}

static enum err
skip_data(struct relay_reg *r, struct text data)
{
	if (text_has_prefix(data, TEXT("\"")))
		return skip_string(r, data);
	while (text_has_suffix(data, TEXT("\\")) && relay_reg_next_line(r, &data))
		;
	return OK;
}

static enum err
take_known(struct relay_reg *r, size_t i, struct text data)
{
	if (r->seen[i] != 0)
		return relay_reg_refuse(r, values[i].name, "is there twice: the file is damaged");
	r->seen[i] = r->line;
	if (text_equal(data, TEXT("-")))
		return relay_reg_refuse(r, values[i].name, "is to be deleted: this is no export");
	return values[i].take(r, &values[i], data);
}

static enum err
take_value(struct relay_reg *r, struct text line)
{
	size_t quote = find_closing_quote(line, 1);
	struct text name = text_from(text_upto(line, quote), 1), data;

	if (line.p[0] == '@') {
		name = TEXT_NONE;
		quote = 0;
	}
	data = quote == SIZE_MAX ? TEXT_NONE : text_trim(text_from(line, quote + 1));
	if (!text_has_prefix(data, TEXT("=")))
		return r->ours ? relay_reg_refuse(r, "a value", "has no '=': it is damaged") : OK;
	data = text_trim(text_from(data, 1));
	for (size_t i = 0; r->ours && i < ORBL_COUNT(values); i++)
		if (text_equal_nocase(name, text_of(values[i].name)))
			return take_known(r, i, data);
	return skip_data(r, data);
}

static enum err
take_line(struct relay_reg *r, struct text line)
{
	if (line.len == 0 || line.p[0] == ';')
		return OK;
	if (line.p[0] == '[')
		return take_key(r, line);
	if (line.p[0] == '"' || line.p[0] == '@')
		return take_value(r, line);
	if (!r->ours)
		return OK;
	return relay_reg_refuse(r, "the line", "is neither key nor value: it is damaged");
}

static enum err
read_export(struct relay_reg *r)
{
	struct text line;
	enum err err = read_signature(r);

	while (err == OK && relay_reg_next_line(r, &line))
		err = take_line(r, line);
	if (err == OK && r->control_set == CONTROL_SET_NONE)
		return relay_model_refuse(r->source, ERR_NOT_FOUND, r->line,
			"the export ends without the key HKEY_LOCAL_MACHINE\\SYSTEM\\"
			"CurrentControlSet\\Services\\MSExchangeIMC\\Parameters; export that key");
	return err;
}

enum err
relay_reg_parse(struct text bytes, struct relay_policy *p, const struct relay_source *source)
{
	struct relay_reg r = {.source = source, .policy = p, .control_set = CONTROL_SET_NONE};
	char *narrowed = NULL;
	enum err err = OK;

	if (text_has_prefix(bytes, utf16be_mark))
		return relay_model_refuse(source, ERR_UNSUPPORTED, 1,
			"big-endian UTF-16, which regedit does not write; export the key again");
	r.rest = text_from(bytes, text_has_prefix(bytes, utf8_mark) ? utf8_mark.len : 0);
	r.scratch = malloc(bytes.len / 2 + 1);
	if (r.scratch == NULL)
		return error_set(source->error, ERR_MEMORY, "out of memory");
	if (text_has_prefix(bytes, utf16le_mark)) {
		narrowed = malloc(bytes.len);
		if (narrowed == NULL)
			err = error_set(source->error, ERR_MEMORY, "out of memory");
		else
			err = narrow(text_from(bytes, utf16le_mark.len), narrowed, source, &r.rest);
	}
	if (err == OK)
		err = read_export(&r);
	free(narrowed);
	free(r.scratch);
	return err;
}
