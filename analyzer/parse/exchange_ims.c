#include "exchange_ims.h"

#include <string.h>

#include "scan.h"
#include "session.h"
#include "smtp_trace.h"

/* How long the service waits for a client, and an hour that the clock may be set forward. */
enum { SILENCE_S = 1800 + 3600, STAMP_MAX = 26 };

static const struct text words[] = {
	{"Relaying is prohibited", 22},
	{"Relaying prohibited", 19},
};
static const struct smtp_trace_denials denials = {ORBL_COUNT(words), words};

static const struct text key = {"exchange-ims", 12};
static const struct text accepted = {"A connection was accepted from ", 31};

/* What follows the time and " : ". */
static bool
find_message(struct text line, struct text *message)
{
	struct text head = text_upto(line, STAMP_MAX + 3);
	size_t at = text_find(head, TEXT(" : "));

	if (at == SIZE_MAX || at < 12)
		return false;
	*message = text_from(line, at + 3);
	return true;
}

bool
exchange_ims_knows(const struct log_line *s)
{
	struct text message;

	return s->frame == FRAME_NONE && s->message.len > 20 && scan_is_digit(s->message.p[0]) &&
		find_message(s->message, &message) &&
		(text_has_prefix(message, TEXT("<<< ")) || text_has_prefix(message, TEXT(">>> ")) ||
			text_find(text_upto(message, 40), TEXT("connection")) != SIZE_MAX);
}

static bool
read_time(struct text line, struct exchange_ims *log, struct stamp *out)
{
	return locale_date_take(&line, &log->locale, out) && scan_byte(&line, ' ') &&
		locale_date_take_clock(&line, out) && text_has_prefix(line, TEXT(" : "));
}

static void
forget(struct session_table *t)
{
	session_end(t, session_find(t, key));
}

/* Silence long enough that no connection can have lasted; the calendar alone will do for that,
 * whatever the zone. Before the first line connections may have been accepted. */
static void
note_time(struct exchange_ims *log, struct session_table *t, const struct stamp *stamp)
{
	struct stamp utc = *stamp;
	struct stamp_clock clock;
	int64_t at_s;

	utc.is_local = false;
	stamp_clock_init(&clock, 0);
	if (!stamp_to_epoch(&utc, &clock, &at_s))
		return;
	if (!log->is_started) {
		log->is_started = log->is_mixed = true;
	} else if (at_s - log->last_s > SILENCE_S) {
		log->is_open = log->is_mixed = false;
		forget(t);
	}
	log->last_s = at_s;
}

/* "[192.0.2.1]." is the address; "192.0.2.1." may be one, or a name that was made to look so. */
static void
note_host(struct session_table *t, struct session *s, struct text host)
{
	struct addr client;

	if (text_has_suffix(host, TEXT(".")))
		host.len--;
	if (host.len > 2 && host.p[0] == '[' && host.p[host.len - 1] == ']' &&
		addr_parse((struct text){host.p + 1, host.len - 2}, &client) == OK) {
		session_set_client(s, &client);
		return;
	}
	if (addr_parse(host, &client) == OK)
		session_set_client(s, &client);
	session_set(t, s, SESSION_CLIENT_NAME, host);
}

static enum parse_result
start_connection(struct exchange_ims *log, struct parse_state *state, struct text host)
{
	struct session *s;

	log->is_mixed = log->is_mixed || log->is_open;
	log->is_open = true;
	s = session_start(state->sessions, key);
	if (s != NULL)
		note_host(state->sessions, s, host);
	return PARSE_SKIP;
}

/* Of connections the service itself made, and ends of connections. */
static enum parse_result
note_connection(struct exchange_ims *log, struct parse_state *state, struct text message)
{
	static const struct text ends[] = {{"closed", 6}, {"dropped", 7}, {"terminated", 10},
		{"lost", 4}};

	for (size_t i = 0; i < ORBL_COUNT(ends); i++) {
		if (text_find(message, ends[i]) == SIZE_MAX)
			continue;
		forget(state->sessions);
		log->is_open = false;
		return PARSE_SKIP;
	}
	log->is_mixed = log->is_mixed || log->is_open;
	return PARSE_SKIP;
}

static enum parse_result
judge_denial(const struct exchange_ims *log, const struct session *s, struct parse_state *state,
	enum parse_result result, struct denial *out)
{
	struct addr client;

	if (log->is_mixed) {
		state->reason = "a relay attempt while several connections were open, or may have "
				"been, which this log does not tell apart: take the Application "
				"event log";
		return PARSE_BAD;
	}
	if (result == PARSE_BAD) {
		state->reason = session_get(s, SESSION_CLIENT_NAME).p != NULL ?
			"this log has the client's name, not its address: take the Application "
			"event log" :
			"a relay attempt of a client whose address is not known, as the start of "
			"its session is not in the log";
		return PARSE_BAD;
	}
	if (out->client_name.p != NULL && addr_parse(out->client_name, &client) == OK) {
		out->client_name = TEXT_NONE;
		if (out->kind == DENIAL_RELAY)
			out->kind = DENIAL_RELAY_PROBABLE;
	}
	return PARSE_DENIAL;
}

static enum parse_result
read_reply(struct exchange_ims *log, struct parse_state *state, struct text reply,
	struct denial *out)
{
	struct session *s = session_find(state->sessions, key);
	enum parse_result result;

	if (text_has_prefix(reply, TEXT("221"))) {
		session_end(state->sessions, s);
		log->is_open = false;
		return PARSE_SKIP;
	}
	if (s == NULL)
		s = session_start(state->sessions, key);
	if (s == NULL)
		return PARSE_SKIP;
	result = smtp_trace_reply(state->sessions, s, reply, &denials, state, out);
	return result == PARSE_DENIAL || result == PARSE_BAD ?
		judge_denial(log, s, state, result, out) :
		result;
}

static enum parse_result
read_command(struct parse_state *state, struct text command)
{
	struct session *s = session_find(state->sessions, key);

	/* At the highest level each line comes twice, first as it was received. */
	if (s != NULL && !text_has_prefix(command, TEXT("IO: |")))
		smtp_trace_command(state->sessions, s, command);
	return PARSE_SKIP;
}

enum parse_result
exchange_ims_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	struct exchange_ims *log = state->memory;
	struct text message;

	if (!find_message(s->message, &message) || !read_time(s->message, log, &state->stamp))
		return PARSE_SKIP;
	note_time(log, state->sessions, &state->stamp);
	if (text_has_prefix(message, accepted))
		return start_connection(log, state, text_from(message, accepted.len));
	if (message.p[0] == '<' || message.p[0] == '>')
		log->is_open = true; /* though its start may not be in the log */
	if (text_has_prefix(message, TEXT("<<< ")))
		return read_command(state, text_from(message, 4));
	if (text_has_prefix(message, TEXT(">>> ")))
		return read_reply(log, state, text_from(message, 4), out);
	return note_connection(log, state, message);
}
