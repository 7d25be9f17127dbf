#include "probe_record.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "prober_event.h"

static const char *const kinds[] = {
	[PROBER_READY] = "ready",
	[PROBER_FAILED] = "failed",
	[PROBER_DIALOGUE] = "dialogue",
	[PROBER_CASE] = "case",
	[PROBER_ARRIVAL] = "arrival",
	[PROBER_HEADER] = "header",
	[PROBER_TLS] = "tls",
	[PROBER_AGAIN] = "again",
	[PROBER_DONE] = "done",
};
static const char *const answers[] = {
	[PROBER_ANSWER_NONE] = "",
	[PROBER_ANSWER_ACCEPTED] = "accepted",
	[PROBER_ANSWER_REFUSED] = "refused",
	[PROBER_ANSWER_TEMPORARY] = "temporary",
	[PROBER_ANSWER_BROKEN] = "broken",
};
static const char *const reaches[] = {
	[REACH_NONE] = "",
	[REACH_REFUSED] = "refused",
	[REACH_TEMPORARY] = "temporary",
	[REACH_DONE] = "done",
	[REACH_OURS] = "ours",
};

#define TEXT_FIELD(field)                                                                          \
	{                                                                                          \
#field, offsetof(struct prober_event, field),                                      \
			sizeof(((struct prober_event *)0)->field)                                  \
	}
static const struct {
	const char *name;
	size_t offset, size;
} texts[] = {
	TEXT_FIELD(text),
	TEXT_FIELD(dsn),
	TEXT_FIELD(mail_from),
	TEXT_FIELD(rcpt_to),
	TEXT_FIELD(rcpt_reply),
	TEXT_FIELD(data_reply),
};
#undef TEXT_FIELD

static void
set_text(json_t *object, const char *key, const char *value)
{
	if (value[0] != '\0')
		json_object_set_new(object, key, json_string(value));
}

static void
set_number(json_t *object, const char *key, int64_t value)
{
	if (value != 0)
		json_object_set_new(object, key, json_integer(value));
}

char *
probe_record_format(const struct prober_event *ev)
{
	json_t *object = json_object();
	char peer[ENDPOINT_TEXT], direction[2] = {ev->direction, '\0'}, *record;

	set_text(object, "kind", kinds[ev->kind]);
	set_number(object, "time_us", ev->time_us);
	set_number(object, "case", ev->case_index);
	set_text(object, "answer", answers[ev->answer]);
	set_text(object, "reach", reaches[ev->reach]);
	if (ev->to_sender)
		json_object_set_new(object, "to_sender", json_true());
	if (ev->peer.addr.family != 0)
		set_text(object, "peer", endpoint_format(&ev->peer, peer));
	set_text(object, "direction", direction);
	for (size_t i = 0; i < ORBL_COUNT(texts); i++)
		set_text(object, texts[i].name, (const char *)ev + texts[i].offset);
	record = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	return record;
}

/* --- and back --------------------------------------------------------------- */

/* An empty or missing name is the first. */
static bool
find_name(const json_t *object, const char *key, const char *const *names, size_t count,
	size_t *out)
{
	const char *name = json_string_value(json_object_get(object, key));

	for (*out = 0; *out < count; ++*out)
		if (strcmp(names[*out], name != NULL ? name : "") == 0)
			return true;
	return false;
}

static bool
read_names(const json_t *object, struct prober_event *ev)
{
	size_t kind, answer, reach;

	if (!find_name(object, "kind", kinds, ORBL_COUNT(kinds), &kind) ||
		!find_name(object, "answer", answers, ORBL_COUNT(answers), &answer) ||
		!find_name(object, "reach", reaches, ORBL_COUNT(reaches), &reach))
		return false;
	ev->kind = (enum prober_event_kind)kind;
	ev->answer = (enum prober_answer)answer;
	ev->reach = (enum prober_reach)reach;
	return true;
}

static bool
read_texts(const json_t *object, struct prober_event *ev)
{
	for (size_t i = 0; i < ORBL_COUNT(texts); i++) {
		const char *value = json_string_value(json_object_get(object, texts[i].name));

		if (value == NULL)
			continue;
		if (strlen(value) >= texts[i].size)
			return false;
		memcpy((char *)ev + texts[i].offset, value, strlen(value));
	}
	return true;
}

static bool
read_rest(const json_t *object, struct prober_event *ev)
{
	const char *peer = json_string_value(json_object_get(object, "peer"));
	const char *direction = json_string_value(json_object_get(object, "direction"));
	json_int_t number = json_integer_value(json_object_get(object, "case"));

	if (number < 0 || number > UINT32_MAX)
		return false;
	ev->case_index = (uint32_t)number;
	ev->time_us = json_integer_value(json_object_get(object, "time_us"));
	ev->to_sender = json_is_true(json_object_get(object, "to_sender"));
	ev->direction = direction != NULL ? direction[0] : '\0';
	return peer == NULL || endpoint_parse(text_of(peer), &ev->peer) == OK;
}

enum err
probe_record_parse(const char *record, uint64_t id, struct prober_event *out)
{
	struct prober_event ev;
	json_t *object = json_loads(record, JSON_REJECT_DUPLICATES, NULL);
	bool good;

	memset(&ev, 0, sizeof(ev)); /* padding, too: it is looked at as bytes */
	ev.id = id;
	good = json_is_object(object) && read_names(object, &ev) && read_texts(object, &ev) &&
		read_rest(object, &ev);
	json_decref(object);
	return good && prober_event_read(&ev, sizeof(ev), out) ? OK : ERR_SYNTAX;
}
