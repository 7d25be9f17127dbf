#include "event_row.h"

static const struct text fields[EVENT_FIELD_COUNT] = {
	[EVENT_IP] = {"ip", 2},
	[EVENT_HOST] = {"host", 4},
	[EVENT_ACCOUNT] = {"account", 7},
	[EVENT_RECIPIENT] = {"recipient", 9},
	[EVENT_SENDER] = {"sender", 6},
	[EVENT_HELO] = {"helo", 4},
	[EVENT_REPLY] = {"reply", 5},
};

static const char form[] = "SOURCE:ID:FIELD=PLACE,...[,kind=KIND][,has=TEXT]";

static enum err
set_id(struct text t, struct event_row *out, struct error *e)
{
	uint64_t id;

	if (text_equal(t, TEXT("*"))) {
		out->any_id = true;
		return OK;
	}
	if (text_to_u64(t, UINT16_MAX, &id) != OK)
		return error_set(e, ERR_SYNTAX,
			"event row: the id must be a number up to 65535 or *, not \"%.*s\"",
			TEXT_ARG(t));
	out->id = (uint32_t)id;
	return OK;
}

static enum err
set_kind(struct text t, struct event_row *out, struct error *e)
{
	for (int k = 0; k < DENIAL_KIND_COUNT; k++) {
		if (!text_equal(t, text_of(denial_kind_name((enum denial_kind)k))))
			continue;
		out->kind = (enum denial_kind)k;
		out->has_kind = true;
		return OK;
	}
	return error_set(e, ERR_SYNTAX,
		"event row: there is no kind \"%.*s\"; kinds are %s, %s, %s, %s and %s",
		TEXT_ARG(t), denial_kind_name(DENIAL_RELAY),
		denial_kind_name(DENIAL_RELAY_TEMPORARY), denial_kind_name(DENIAL_RELAY_PROBABLE),
		denial_kind_name(DENIAL_AUTHENTICATED), denial_kind_name(DENIAL_NDR));
}

static enum err
set_place(enum event_field f, struct text t, struct event_row *out, struct error *e)
{
	struct event_place *place = &out->places[f];
	uint64_t index = 0;

	if (place->is_set)
		return error_set(e, ERR_SYNTAX, "event row: %s is given twice", fields[f].p);
	if (t.len == 0)
		return error_set(e, ERR_SYNTAX,
			"event row: %s= wants the place of a string, from 1 on, or its name",
			fields[f].p);
	if (text_to_u64(t, EVENT_STRINGS_MAX, &index) != OK) {
		if (t.p[0] >= '0' && t.p[0] <= '9')
			return error_set(e, ERR_RANGE,
				"event row: %s=%.*s is no place; places go from 1 to %d",
				fields[f].p, TEXT_ARG(t), EVENT_STRINGS_MAX);
		place->name = t;
	} else if (index == 0) {
		return error_set(e, ERR_RANGE, "event row: places are counted from 1, %s=0 is none",
			fields[f].p);
	}
	place->index = (size_t)index;
	place->is_set = true;
	return OK;
}

static enum err
set_field(struct text name, struct text value, struct event_row *out, struct error *e)
{
	if (text_equal(name, TEXT("kind")))
		return set_kind(value, out, e);
	for (size_t f = 0; f < EVENT_FIELD_COUNT; f++)
		if (text_equal(name, fields[f]))
			return set_place((enum event_field)f, value, out, e);
	return error_set(e, ERR_SYNTAX,
		"event row: there is no field \"%.*s\"; fields are ip, host, account, recipient, "
		"sender, helo, reply, kind and has",
		TEXT_ARG(name));
}

static enum err
take_item(struct text *rest, struct event_row *out, struct error *e)
{
	struct text item, name;
	enum err err;

	if (text_has_prefix(*rest, TEXT("has="))) {
		out->has = text_from(*rest, 4);
		*rest = TEXT_NONE;
		return out->has.len != 0 ? OK :
					   error_set(e, ERR_SYNTAX, "event row: has= wants a text");
	}
	item = text_cut(rest, ',');
	if (text_find_byte(item, '=') == SIZE_MAX)
		return error_set(e, ERR_SYNTAX, "event row: \"%.*s\" is not FIELD=PLACE",
			TEXT_ARG(item));
	name = text_cut(&item, '=');
	err = set_field(name, item, out, e);
	return err;
}

enum err
event_row_parse(struct text row, struct event_row *out, struct error *e)
{
	struct text source, id;
	bool ends_in_comma;
	enum err err;

	*out = (struct event_row){.kind = DENIAL_RELAY};
	ends_in_comma = text_has_suffix(row, TEXT(","));
	if (row.len > 300)
		return error_set(e, ERR_RANGE, "event row: longer than 300 bytes");
	source = text_cut(&row, ':');
	id = text_cut(&row, ':');
	if (source.len == 0 || id.len == 0 || row.len == 0)
		return error_set(e, ERR_SYNTAX, "event row: must have the form %s", form);
	out->source = source;
	if ((err = set_id(id, out, e)) != OK)
		return err;
	while (row.len != 0)
		if ((err = take_item(&row, out, e)) != OK)
			return err;
	if (ends_in_comma)
		return error_set(e, ERR_SYNTAX, "event row: nothing follows the last comma");
	if (!out->places[EVENT_IP].is_set)
		return error_set(e, ERR_SYNTAX,
			"event row: no ip=: without the client's address an event is no evidence");
	return OK;
}

static struct text
string_at(const struct event_record *e, const struct event_place *place)
{
	if (!place->is_set)
		return TEXT_NONE;
	if (place->index != 0)
		return place->index <= e->string_count ? e->strings[place->index - 1].value :
							 TEXT_NONE;
	for (size_t i = 0; i < e->string_count; i++)
		if (e->strings[i].name.p != NULL && text_equal(e->strings[i].name, place->name))
			return e->strings[i].value;
	return TEXT_NONE;
}

static bool
has_text(const struct event_row *row, const struct event_record *e)
{
	if (row->has.len == 0 || text_find(e->message, row->has) != SIZE_MAX)
		return true;
	for (size_t i = 0; i < e->string_count; i++)
		if (text_find(e->strings[i].value, row->has) != SIZE_MAX)
			return true;
	return false;
}

enum parse_result
event_row_judge(const struct event_row *row, const struct event_record *e,
	struct event_facts *facts, struct parse_state *state)
{
	struct addr client;

	if ((!row->any_id && row->id != e->id) || !text_equal_nocase(row->source, e->source) ||
		!has_text(row, e))
		return PARSE_SKIP;
	for (size_t f = 0; f < EVENT_FIELD_COUNT; f++)
		facts->of[f] = string_at(e, &row->places[f]);
	/* A row for all events of a source means those that have an address there. */
	if (row->any_id && !event_address(facts->of[EVENT_IP], &client))
		return PARSE_SKIP;
	if (e->string_count == 0) {
		state->reason = "the export has the event's message, not its strings, which the "
				"row for it asks for: export the log as .evtx or XML";
		return PARSE_BAD;
	}
	facts->has_kind = row->has_kind;
	facts->kind = row->kind;
	return PARSE_DENIAL;
}
