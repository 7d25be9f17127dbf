#include "mdaemon.h"

#include <string.h>

#include "scan.h"
#include "session_key.h"
#include "smtp_trace.h"

enum { STAMP_LEN = 24, RULER_LEN = 40 };

static const struct text words[] = {
	{"*relaying not allowed", 21},
	{"*relaying is not allowed", 24},
	{"*relaying denied", 16},
	{"*relay access denied", 20},
	{"*relay not permitted", 20},
	{"*not allowed to relay", 21},
	{"*unable to relay", 16},
	{"*does not relay", 15},
	{"*do not relay", 13},
	{"*no relaying", 12},
	{"*not configured to relay mail", 29},
	{"*relay mail is not allowed", 26},
};
static const struct smtp_trace_denials denials = {ORBL_COUNT(words), words};

/* "Sat 2026-11-21 19:00:56.123: " */
static bool
take_stamp(struct text *rest, struct stamp *out)
{
	struct text t = text_from(*rest, 4);

	if (!stamp_take_date_time(&t, out) || !scan_literal(&t, TEXT(": ")))
		return false;
	*rest = t;
	return true;
}

static bool
is_ruler(struct text t)
{
	if (t.len < RULER_LEN)
		return false;
	for (size_t i = 0; i < RULER_LEN; i++)
		if (t.p[i] != '-')
			return false;
	return true;
}

bool
mdaemon_knows(const struct log_line *s)
{
	struct text t = s->message;
	struct stamp stamp;

	if (s->frame != FRAME_NONE || t.len < STAMP_LEN)
		return false;
	if (t.p[3] != ' ' || t.p[8] != '-' || t.p[11] != '-' || t.p[14] != ' ')
		return is_ruler(t) || text_has_prefix(t, TEXT("START Event Log / MDaemon"));
	return scan_is_digit(t.p[4]) && take_stamp(&t, &stamp);
}

static void
set_id(struct mdaemon *memory, struct text id)
{
	memory->id_len = id.len <= MDAEMON_ID ? id.len : 0;
	memcpy(memory->id, id.p, memory->id_len);
}

static bool
is_number(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (!scan_is_digit(t.p[i]))
			return false;
	return t.len != 0 && t.len <= MDAEMON_ID;
}

/* "05: [514116] "; without a number the lines belong to the session that was named last. */
static struct text
take_id(struct text *rest, const struct mdaemon *memory)
{
	struct text id, t = *rest;
	int level;

	if (scan_number(&t, 2, 2, &level) && scan_literal(&t, TEXT(": ")))
		*rest = t;
	t = *rest;
	if (!scan_byte(&t, '[') || !scan_until(&t, ']', &id) || !is_number(id) ||
		!scan_byte(&t, ' '))
		return (struct text){memory->id, memory->id_len};
	*rest = t;
	return id;
}

/* "[192.0.2.1:63750]", "192.0.2.1:63750", "[2001:db8::1]:63750" */
static bool
read_peer(struct text t, struct addr *out)
{
	struct endpoint e;
	size_t port;

	if (t.len > 2 && t.p[0] == '[' && t.p[t.len - 1] == ']')
		t = text_upto(text_from(t, 1), t.len - 2);
	if (endpoint_parse(t, &e) == OK && (e.port != 0 || addr_parse(t, &e.addr) != OK)) {
		*out = e.addr;
		return true;
	}
	port = text_rfind(t, TEXT(":"));
	return port != SIZE_MAX && addr_parse(text_upto(t, port), out) == OK;
}

static enum parse_result
accept_connection(struct parse_state *state, struct text key, struct text peer)
{
	struct session *s = session_start(state->sessions, key);
	struct addr client;

	if (s != NULL && read_peer(text_cut(&peer, ' '), &client))
		session_set_client(s, &client);
	return PARSE_SKIP;
}

/* To other servers MDaemon writes "-->" before its own commands, none of which is a number. */
static bool
is_reply(struct text t)
{
	return t.len >= 3 && is_number(text_upto(t, 3)) &&
		(t.len == 3 || t.p[3] == ' ' || t.p[3] == '-');
}

static enum parse_result
answer(struct parse_state *state, struct text key, struct text reply, struct denial *out)
{
	struct session *s = session_find(state->sessions, key);
	enum parse_result result;

	if (!is_reply(reply))
		return PARSE_SKIP;
	if (s == NULL)
		s = session_start(state->sessions, key); /* its start is not in the log */
	if (s == NULL)
		return PARSE_SKIP;
	result = smtp_trace_reply(state->sessions, s, reply, &denials, state, out);
	if (result == PARSE_DENIAL && parse_is_local(state, out->recipient)) {
		state->rejection = REJECTION_POLICY;
		return PARSE_REJECTION;
	}
	return result;
}

static enum parse_result
parse_text(struct parse_state *state, struct text key, struct text t, struct denial *out)
{
	struct session *s;

	if (scan_literal(&t, TEXT("--> ")))
		return answer(state, key, t, out);
	s = session_find(state->sessions, key);
	if (scan_literal(&t, TEXT("<-- "))) {
		if (s != NULL)
			smtp_trace_command(state->sessions, s, t);
		return PARSE_SKIP;
	}
	if (scan_literal(&t, TEXT("Accepting SMTP connection from ")))
		return accept_connection(state, key, t);
	if (text_has_prefix(t, TEXT("SMTP session ")))
		session_end(state->sessions, s);
	return PARSE_SKIP;
}

enum parse_result
mdaemon_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	struct mdaemon *memory = state->memory;
	struct text id, number, t = s->message;

	if (t.p[3] != ' ' || !take_stamp(&t, &state->stamp))
		return PARSE_SKIP;
	id = take_id(&t, memory);
	if (scan_literal(&t, TEXT("Session "))) {
		number = text_cut(&t, ';');
		if (is_number(number)) {
			session_end(state->sessions,
				session_find(state->sessions,
					session_key(state, "mdaemon", number, TEXT_NONE)));
			set_id(memory, number);
		}
		return PARSE_SKIP;
	}
	if (id.len == 0)
		return PARSE_SKIP;
	return parse_text(state, session_key(state, "mdaemon", id, TEXT_NONE), t, out);
}
