#include "event_json.h"

#include "json_scan.h"
#include "scan.h"

static const char no_object[] = "the line is no whole JSON object";

/* Windows' own strings end at a NUL. */
static struct text
decode(struct text value, char **room)
{
	struct text t;
	size_t end;

	if (value.p == NULL || value.p[0] == '{' || value.p[0] == '[')
		return TEXT_NONE;
	if (value.p[0] != '"')
		return value;
	if (!json_scan_string(value, *room, &t))
		return TEXT_NONE;
	if (t.p == *room)
		*room += t.len;
	end = text_find_byte(t, '\0');
	return end != SIZE_MAX ? text_upto(t, end) : t;
}

static bool
take_seconds(struct text t, struct stamp *out)
{
	struct text whole = text_cut(&t, '.');
	uint64_t s, us = 0;

	if (text_to_u64(whole, INT64_MAX, &s) != OK)
		return false;
	for (size_t i = 0; i < 6; i++)
		us = us * 10 + (i < t.len && scan_is_digit(t.p[i]) ? (uint64_t)(t.p[i] - '0') : 0);
	return stamp_from_epoch((int64_t)s, (int32_t)us, out);
}

/* "/Date(1470072000000)/", milliseconds, perhaps with a zone that only matters for show */
static bool
take_script_date(struct text t, struct stamp *out)
{
	size_t n = 0;
	uint64_t ms;

	if (!scan_literal(&t, TEXT("/Date(")))
		return false;
	while (n < t.len && scan_is_digit(t.p[n]))
		n++;
	return text_to_u64(text_upto(t, n), INT64_MAX, &ms) == OK &&
		stamp_from_epoch((int64_t)(ms / 1000), (int32_t)(ms % 1000) * 1000, out);
}

static struct stamp
read_time(struct text t)
{
	struct stamp stamp = {0};

	if (take_script_date(t, &stamp))
		return stamp;
	if (stamp_take_date_time(&t, &stamp)) {
		if (text_equal(t, TEXT(" UTC")))
			stamp.is_local = false;
		return stamp;
	}
	(void)take_seconds(t, &stamp);
	return stamp;
}

/* "param7": the place of an unnamed string; 0: it is a name. */
static size_t
place_of(struct text name)
{
	uint64_t place = 0;

	if (!text_has_prefix(name, TEXT("param")) ||
		text_to_u64(text_from(name, 5), EVENT_STRINGS_MAX, &place) != OK)
		return 0;
	return (size_t)place;
}

static void
decode_strings(const struct event_json_found *found, char **room, struct event_record *out)
{
	for (size_t i = 0; i < found->string_count; i++) {
		struct text name = found->strings[i].name;
		size_t place = place_of(name);
		struct event_string *s;

		if (place == 0)
			place = out->string_count + 1;
		while (out->string_count < place && out->string_count < EVENT_STRINGS_MAX)
			out->strings[out->string_count++] = (struct event_string){{NULL, 0},
				{NULL, 0}};
		if (place > out->string_count)
			return;
		s = &out->strings[place - 1];
		s->value = decode(found->strings[i].value, room);
		if (name.p == NULL || place_of(name) != 0)
			continue;
		s->name = name.len != 0 && name.p[0] == '"' ? decode(name, room) : name;
	}
}

static uint64_t
number_of(struct text value, uint64_t max, bool *is_set)
{
	uint64_t n = 0;

	*is_set = text_to_u64(value, max, &n) == OK;
	return n;
}

/* Source and id, by which most events can be passed over. */
static void
decode_kind(const struct event_json_found *found, char **room, struct event_record *out)
{
	bool has_id;

	out->source = decode(found->source, room);
	out->id = (uint32_t)number_of(decode(found->id, room), UINT32_MAX, &has_id) & UINT16_MAX;
}

void
event_json_decode(struct event_json_found *found, char *room, struct event_record *out)
{
	bool has_number;

	event_json_find_strings(found);
	out->string_count = 0;
	decode_kind(found, &room, out);
	out->number = number_of(decode(found->number, &room), UINT64_MAX, &has_number);
	out->is_line = !has_number;
	out->computer = decode(found->computer, &room);
	out->stamp = read_time(decode(found->time, &room));
	out->message = decode(found->message, &room);
	decode_strings(found, &room, out);
}

/* In a string the quotes would have a backslash; a value has no colon behind it. */
static bool
has_member(struct text t, struct text name)
{
	size_t at;

	while ((at = text_find(t, name)) != SIZE_MAX) {
		t = text_from(t, at + name.len);
		while (t.len != 0 && (t.p[0] == ' ' || t.p[0] == '\t'))
			scan_skip(&t, 1);
		if (t.len != 0 && t.p[0] == ':')
			return true;
	}
	return false;
}

bool
event_json_is_event(struct text t)
{
	return has_member(t, TEXT("\"EventID\"")) || has_member(t, TEXT("\"event_id\"")) ||
		has_member(t, TEXT("\"ProviderName\""));
}

bool
event_json_knows(const struct log_line *s)
{
	struct text t = s->message;

	return s->frame == FRAME_NONE && t.len > 2 && t.p[0] == '{' && event_json_is_event(t);
}

/* A line of an array has a comma behind it. */
static bool
ends_as_object(struct text t)
{
	t = text_trim(t);
	return t.len != 0 && (t.p[t.len - 1] == '}' || t.p[t.len - 1] == ',');
}

enum parse_result
event_json_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	struct event_json *j = state->memory;
	enum parse_result result;
	char *room = j->room;

	if (!ends_as_object(s->message)) {
		state->reason = no_object;
		return PARSE_BAD;
	}
	if (!event_map_may_concern(state->events, s->message) &&
		text_find(s->message, TEXT("\\u")) == SIZE_MAX)
		return PARSE_SKIP;
	if (s->message.len > sizeof(j->room) || !event_json_find(s->message, &j->found)) {
		state->reason = no_object;
		return PARSE_BAD;
	}
	decode_kind(&j->found, &room, &j->event);
	if (!event_map_concerns(state->events, j->event.source, j->event.id))
		return PARSE_SKIP;
	event_json_decode(&j->found, j->room, &j->event);
	result = event_map_judge(state->events, &j->event, state, out);
	out->is_record = false;
	return result;
}
