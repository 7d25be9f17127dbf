#include "event_map.h"

#include <stdlib.h>
#include <string.h>

#include "event_exchange.h"
#include "event_row.h"

struct added {
	struct event_row row;
	char *text; /* which row lends from */
};

struct event_map {
	size_t count;
	struct added *added;
};

/* 7002 and 7004 of MSExchangeTransport are other servers refusing us. */
static const struct built_in {
	struct text source;
	uint32_t id; /* 0: any */
	event_judge_fn *judge;
} built_in[] = {
	{{"MSExchangeTransport", 19}, 7010, event_exchange_2000},
	{{"MSExchangeIMC", 13}, 0, event_exchange_55},
	{{"MSExchangeTransport", 19}, 1035, event_exchange_login},
	{{"MSExchangeFrontEndTransport", 27}, 1035, event_exchange_login},
};

struct event_map *
event_map_new(void)
{
	return calloc(1, sizeof(struct event_map));
}

void
event_map_free(struct event_map *m)
{
	if (m == NULL)
		return;
	for (size_t i = 0; i < m->count; i++)
		free(m->added[i].text);
	free(m->added);
	free(m);
}

enum err
event_map_add(struct event_map *m, const char *row, struct error *e)
{
	struct added *grown = realloc(m->added, (m->count + 1) * sizeof(*grown));
	struct added new;
	enum err err;

	if (grown == NULL)
		return error_set(e, ERR_MEMORY, "event row: out of memory");
	m->added = grown;
	new.text = strdup(row);
	if (new.text == NULL)
		return error_set(e, ERR_MEMORY, "event row: out of memory");
	err = event_row_parse(text_of(new.text), &new.row, e);
	if (err != OK) {
		free(new.text);
		return err;
	}
	m->added[m->count++] = new;
	return OK;
}

bool
event_map_concerns(const struct event_map *m, struct text source, uint32_t id)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct event_row *row = &m->added[i].row;

		if ((row->any_id || row->id == id) && text_equal_nocase(row->source, source))
			return true;
	}
	for (size_t i = 0; i < ORBL_COUNT(built_in); i++)
		if ((built_in[i].id == 0 || built_in[i].id == id) &&
			text_equal_nocase(built_in[i].source, source))
			return true;
	return false;
}

/* All built-in sources start with MSExchange; x is the rarest letter of that. */
bool
event_map_may_concern(const struct event_map *m, struct text t)
{
	static const struct text start = {"MSExchange", 10};

	if (m->count != 0)
		return true;
	for (int i = 0; i < 2; i++) {
		size_t at = 0, found;

		while ((found = text_find_byte(text_from(t, at), "xX"[i])) != SIZE_MAX) {
			at += found + 1;
			if (at >= 4 &&
				text_equal_nocase(text_upto(text_from(t, at - 4), start.len),
					start))
				return true;
		}
	}
	return false;
}

static enum parse_result
find_facts(const struct event_map *m, const struct event_record *e, struct event_facts *facts,
	struct parse_state *state)
{
	enum parse_result result = PARSE_SKIP;

	for (size_t i = 0; i < m->count && result == PARSE_SKIP; i++)
		result = event_row_judge(&m->added[i].row, e, facts, state);
	for (size_t i = 0; i < ORBL_COUNT(built_in) && result == PARSE_SKIP; i++) {
		const struct built_in *b = &built_in[i];

		if ((b->id != 0 && b->id != e->id) || !text_equal_nocase(b->source, e->source))
			continue;
		*facts = (struct event_facts){0};
		result = b->judge(e, facts, state);
	}
	return result;
}

enum parse_result
event_map_judge(const struct event_map *m, const struct event_record *e, struct parse_state *state,
	struct denial *out)
{
	struct event_facts facts = {0};
	enum parse_result result;

	state->reason = NULL;
	state->rejection = REJECTION_OTHER;
	result = find_facts(m, e, &facts, state);
	return result == PARSE_DENIAL ? event_denial_fill(e, &facts, state, out) : result;
}
