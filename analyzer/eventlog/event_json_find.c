#include "event_json.h"

#include "json_scan.h"

enum scope { /* where in an event a member stands */
	TOP,
	PROVIDER,
	ID,
	TIME,
	EVENT_DATA,
	DATA,     /* <Data>: a text, or an array of them */
	PROPERTY, /* an element of PowerShell's Properties */
};

enum field { SOURCE, EVENT_ID, NUMBER, COMPUTER, MOMENT, MESSAGE, STRINGS, NONE };

/* What a member is, when it is a text or a number; and what its members are, when it is an
 * object. The first one that is there counts. */
static const struct member {
	enum scope scope;
	struct text name;
	enum field field;
	enum scope inside;
} members[] = {
	{TOP, {"Event", 5}, NONE, TOP},
	{TOP, {"System", 6}, NONE, TOP},
	{TOP, {"RenderingInfo", 13}, NONE, TOP},
	{TOP, {"winlog", 6}, NONE, TOP},
	{TOP, {"_source", 7}, NONE, TOP},
	{TOP, {"Provider", 8}, SOURCE, PROVIDER},
	{TOP, {"Provider_attributes", 19}, NONE, PROVIDER},
	{TOP, {"ProviderName", 12}, SOURCE, PROVIDER},
	{TOP, {"provider_name", 13}, SOURCE, PROVIDER},
	{TOP, {"SourceName", 10}, SOURCE, PROVIDER},
	{TOP, {"source_name", 11}, SOURCE, PROVIDER},
	{TOP, {"Source", 6}, SOURCE, PROVIDER},
	{TOP, {"EventID", 7}, EVENT_ID, ID},
	{TOP, {"event_id", 8}, EVENT_ID, ID},
	{TOP, {"Id", 2}, EVENT_ID, ID},
	{TOP, {"EventRecordID", 13}, NUMBER, TOP},
	{TOP, {"RecordNumber", 12}, NUMBER, TOP},
	{TOP, {"record_number", 13}, NUMBER, TOP},
	{TOP, {"record_id", 9}, NUMBER, TOP},
	{TOP, {"RecordId", 8}, NUMBER, TOP},
	{TOP, {"Index", 5}, NUMBER, TOP},
	{TOP, {"Computer", 8}, COMPUTER, TOP},
	{TOP, {"computer_name", 13}, COMPUTER, TOP},
	{TOP, {"MachineName", 11}, COMPUTER, TOP},
	{TOP, {"Hostname", 8}, COMPUTER, TOP},
	{TOP, {"TimeCreated", 11}, MOMENT, TIME},
	{TOP, {"TimeCreated_attributes", 22}, NONE, TIME},
	{TOP, {"TimeGenerated", 13}, MOMENT, TIME},
	{TOP, {"EventTime", 9}, MOMENT, TIME},
	{TOP, {"@timestamp", 10}, MOMENT, TIME},
	{TOP, {"Message", 7}, MESSAGE, TOP},
	{TOP, {"message", 7}, MESSAGE, TOP},
	{TOP, {"EventData", 9}, NONE, EVENT_DATA},
	{TOP, {"event_data", 10}, NONE, EVENT_DATA},
	{TOP, {"ReplacementStrings", 18}, STRINGS, DATA},
	{TOP, {"Properties", 10}, STRINGS, PROPERTY},
	{PROVIDER, {"#attributes", 11}, NONE, PROVIDER},
	{PROVIDER, {"Name", 4}, SOURCE, PROVIDER},
	{PROVIDER, {"@Name", 5}, SOURCE, PROVIDER},
	{ID, {"#text", 5}, EVENT_ID, ID},
	{ID, {"Value", 5}, EVENT_ID, ID},
	{ID, {"value", 5}, EVENT_ID, ID},
	{TIME, {"#attributes", 11}, NONE, TIME},
	{TIME, {"SystemTime", 10}, MOMENT, TIME},
	{TIME, {"@SystemTime", 11}, MOMENT, TIME},
	{TIME, {"value", 5}, MOMENT, TIME},
	{EVENT_DATA, {"Data", 4}, STRINGS, DATA},
	{DATA, {"#text", 5}, STRINGS, DATA},
	{PROPERTY, {"Value", 5}, STRINGS, PROPERTY},
};

enum { PENDING_MAX = 32 };

struct walk {
	struct event_json_found *out;
	enum scope strings_from; /* one source of strings only: DATA, EVENT_DATA or PROPERTY */
	bool has_strings;
	bool is_head; /* strings are for later */
	size_t count; /* of objects and arrays that wait to be read */
	struct event_json_data pending[PENDING_MAX];
};

/* Strings are looked at only when the event turns out to be of use. */
static void
push(struct walk *w, enum scope scope, struct text value)
{
	struct event_json_found *f = w->out;

	if (w->is_head && (scope == EVENT_DATA || scope == DATA || scope == PROPERTY)) {
		if (f->data_count < EVENT_JSON_DATA_MAX)
			f->data[f->data_count++] = (struct event_json_data){(int)scope, value};
	} else if (w->count < PENDING_MAX) {
		w->pending[w->count++] = (struct event_json_data){(int)scope, value};
	}
}

static bool
is_null(struct text value)
{
	return text_equal(value, TEXT("null"));
}

/* Strings of one kind follow one another; those of another kind are the same ones again. */
static void
add_string(struct walk *w, enum scope from, struct text name, struct text value)
{
	struct event_json_found *f = w->out;

	if (w->has_strings && w->strings_from != from)
		return;
	w->has_strings = true;
	w->strings_from = from;
	if (f->string_count < EVENT_STRINGS_MAX)
		f->strings[f->string_count++] = (struct event_string){name,
			is_null(value) ? TEXT_NONE : value};
}

static void
set_field(struct walk *w, enum field field, struct text value)
{
	struct event_json_found *f = w->out;
	struct text *const fields[] = {&f->source, &f->id, &f->number, &f->computer, &f->time,
		&f->message};

	if (field < ORBL_COUNT(fields) && fields[field]->p == NULL && !is_null(value))
		*fields[field] = value;
}

static bool
is_nested(struct text value)
{
	return value.p[0] == '{' || value.p[0] == '[';
}

/* {"Name": "x", "#text": "y"}, the name perhaps in "#attributes" or called "@Name" */
static void
read_named_data(struct walk *w, struct text object)
{
	struct text name = TEXT_NONE, value = TEXT_NONE, attributes = TEXT_NONE;
	struct json_member m;

	(void)json_scan_open(&object);
	while (json_scan_member(&object, &m)) {
		if (text_equal(m.name, TEXT("Name")) || text_equal(m.name, TEXT("@Name")))
			name = m.value;
		else if (text_equal(m.name, TEXT("#attributes")))
			attributes = m.value;
		else if (text_equal(m.name, TEXT("#text")) || text_equal(m.name, TEXT("Value")))
			value = m.value;
	}
	if (json_scan_open(&attributes))
		while (json_scan_member(&attributes, &m))
			if (text_equal(m.name, TEXT("Name")))
				name = m.value;
	if (value.p != NULL && !is_nested(value))
		add_string(w, DATA, name, value);
}

static void
read_elements(struct walk *w, enum scope scope, struct text array)
{
	struct text value;

	(void)json_scan_open_array(&array);
	while (json_scan_element(&array, &value)) {
		if (value.p[0] != '{')
			add_string(w, DATA, TEXT_NONE, value);
		else if (scope == DATA || scope == PROPERTY)
			read_named_data(w, value);
	}
}

/* <Data Name="x"> as a member of its own, or Winlogbeat's param1 for an unnamed one. */
static void
read_event_data(struct walk *w, const struct json_member *m)
{
	if (text_equal(m->name, TEXT("#attributes")) || text_equal(m->name, TEXT("Binary")) ||
		text_equal(m->name, TEXT("@xmlns")) || is_nested(m->value))
		return;
	add_string(w, EVENT_DATA, m->name, m->value);
}

static const struct member *
find_member(enum scope scope, struct text name)
{
	for (size_t i = 0; i < ORBL_COUNT(members); i++)
		if (members[i].scope == scope && text_equal(members[i].name, name))
			return &members[i];
	return NULL;
}

static void
read_member(struct walk *w, enum scope scope, const struct json_member *m)
{
	const struct member *row = find_member(scope, m->name);

	if (row == NULL) {
		if (scope == EVENT_DATA)
			read_event_data(w, m);
		return;
	}
	if (is_nested(m->value) && (row->field == NONE || row->inside != TOP))
		push(w, row->inside, m->value);
	else if (is_nested(m->value) || row->field == NONE)
		return;
	else if (row->field == STRINGS)
		add_string(w, DATA, TEXT_NONE, m->value);
	else
		set_field(w, row->field, m->value);
}

static bool
read_object(struct walk *w, enum scope scope, struct text object)
{
	struct json_member m;

	if (!json_scan_open(&object))
		return false;
	while (json_scan_member(&object, &m))
		read_member(w, scope, &m);
	return json_scan_close(&object);
}

static void
read_pending(struct walk *w)
{
	for (size_t i = 0; i < w->count; i++) {
		struct event_json_data p = w->pending[i];

		if (p.value.p[0] == '{')
			(void)read_object(w, (enum scope)p.scope, p.value);
		else
			read_elements(w, (enum scope)p.scope, p.value);
	}
}

bool
event_json_find(struct text object, struct event_json_found *out)
{
	struct walk w = {.out = out, .is_head = true};
	bool is_whole;

	out->source = out->id = out->number = out->computer = out->time = out->message = TEXT_NONE;
	out->data_count = out->string_count = 0;
	is_whole = read_object(&w, TOP, object);
	read_pending(&w);
	return is_whole;
}

void
event_json_find_strings(struct event_json_found *found)
{
	struct walk w = {.out = found};

	found->string_count = 0;
	for (size_t i = 0; i < found->data_count; i++)
		push(&w, (enum scope)found->data[i].scope, found->data[i].value);
	read_pending(&w);
}
