#include "haraka.h"

#include <string.h>

#include "mailbox.h"
#include "scan.h"
#include "session_key.h"
#include "smtp_trace.h"

enum { UUID_LEN = 36, STAMP_MAX = 40, CANNOT = 2 };

static const struct text words[] = {
	{"You are not allowed to relay", 28}, /* plugin relay */
	{"I cannot deliver mail for <>", 28},
	[CANNOT] = {"I cannot deliver mail for <", 27}, /* it quotes otherwise than the client */
};
static const struct smtp_trace_denials denials = {ORBL_COUNT(words), words};
static const struct text cannot = {"I cannot deliver mail for ", 26};

struct entry {
	struct text level, id, plugin, text;
};

/* "UUID", or "UUID.1" in a transaction; "UUID.1.1" is a delivery. */
static bool
is_id(struct text t)
{
	if (text_equal(t, TEXT("-")))
		return true;
	return t.len >= UUID_LEN && t.p[8] == '-' && t.p[13] == '-' && t.p[18] == '-' &&
		t.p[23] == '-' && (t.len == UUID_LEN || t.p[UUID_LEN] == '.');
}

static bool
take_bracket(struct text *rest, struct text *out)
{
	return scan_byte(rest, '[') && scan_until(rest, ']', out) && scan_byte(rest, ' ');
}

static bool
take_entry(struct text t, struct entry *e)
{
	if (!take_bracket(&t, &e->level) || !take_bracket(&t, &e->id) || !is_id(e->id) ||
		!take_bracket(&t, &e->plugin))
		return false;
	e->text = t;
	return true;
}

/* Where a line of no syslog starts, behind the time stamp of Haraka ("log timestamps") or of
 * tai64nlocal, and nothing else: what follows in lines of other programs may be a client's. */
static struct text
find_start(const struct log_line *s)
{
	struct text t = s->message;
	struct stamp stamp;

	if (s->tag.len != 0 || (t.len != 0 && t.p[0] == '['))
		return t;
	if (t.len == 0 || !scan_is_digit(t.p[0]) ||
		text_find_byte(text_upto(t, STAMP_MAX), '[') == SIZE_MAX ||
		!stamp_take_date_time(&t, &stamp) || !scan_byte(&t, ' '))
		return TEXT_NONE;
	return text_trim(t);
}

bool
haraka_knows(const struct log_line *s)
{
	struct entry e;
	struct text t;

	if (s->tag.len != 0)
		return text_equal(s->tag, TEXT("haraka"));
	t = find_start(s);
	return t.len > 4 && t.p[1] >= 'A' && t.p[1] <= 'Z' && take_entry(t, &e);
}

static void
read_stamp(const struct log_line *s, struct parse_state *state)
{
	struct text t = s->message;

	if (s->stamp.month == 0 || s->frame == FRAME_DOCKER)
		if (!stamp_take_rfc3339(&t, &state->stamp))
			(void)stamp_take_date_time(&t, &state->stamp);
}

static struct text
key_of(const struct log_line *s, struct parse_state *state, const struct entry *e)
{
	return session_key(state, "haraka", s->host, text_upto(e->id, UUID_LEN));
}

static enum parse_result
start_session(struct parse_state *state, struct text key, struct text rest)
{
	struct session *s = session_start(state->sessions, key);
	struct addr client;

	if (s != NULL && addr_parse(text_cut(&rest, ' '), &client) == OK)
		session_set_client(s, &client);
	return PARSE_SKIP;
}

/* Is it said in words that it also uses for unknown users? */
static enum parse_result
weigh(struct parse_state *state, struct text said, struct denial *out)
{
	if (!text_has_prefix(said, cannot))
		return PARSE_DENIAL;
	if (parse_is_local(state, out->recipient)) {
		state->rejection = REJECTION_UNKNOWN_USER;
		return PARSE_REJECTION;
	}
	if (out->kind == DENIAL_RELAY)
		out->kind = DENIAL_RELAY_PROBABLE;
	return PARSE_DENIAL;
}

/* "550 [UUID] text": an option puts (a part of) the session's id there, for the postmaster. */
static struct text
without_id(struct parse_state *state, const struct entry *e, struct text reply)
{
	struct text id, rest = text_from(reply, 4);
	char *copy = state->scratch + state->used;

	if (reply.len < 5 || !take_bracket(&rest, &id) || id.len == 0 ||
		!text_has_prefix(e->id, id) || 4 + rest.len > sizeof(state->scratch) - state->used)
		return reply;
	memcpy(copy, reply.p, 4);
	memcpy(copy + 4, rest.p, rest.len);
	state->used += 4 + rest.len;
	return (struct text){copy, 4 + rest.len};
}

/* "RCPT TO:<R> state=1" */
static struct text
without_state(struct text command)
{
	size_t at = text_rfind(command, TEXT(" state="));

	return at != SIZE_MAX ? text_upto(command, at) : command;
}

/* A name of a host; "Unknown", "NXDOMAIN" say that there is none. */
static bool
is_name(struct text t)
{
	return text_find_byte(t, '.') != SIZE_MAX && mailbox_is_plain(t);
}

/* "250-OWN-NAME Hello NAME [ADDRESS]": the name that it has found for the client's address. */
static void
note_name(struct parse_state *state, struct session *s, struct text reply)
{
	struct text own, name, address;
	struct addr a;

	if (!scan_literal(&reply, TEXT("250")) || reply.len == 0)
		return;
	reply = text_from(reply, 1);
	if (scan_until(&reply, ' ', &own) && scan_literal(&reply, TEXT("Hello ")) &&
		scan_until(&reply, ' ', &name) && scan_byte(&reply, '[') &&
		scan_until(&reply, ']', &address) && is_name(name) &&
		addr_parse(address, &a) == OK && session_client(s) != NULL &&
		addr_equal(&a, session_client(s)))
		session_set(state->sessions, s, SESSION_CLIENT_NAME, name);
}

static enum parse_result
follow(struct parse_state *state, const struct entry *e, struct text key, struct denial *out)
{
	struct session *s = session_find(state->sessions, key);
	struct text reply = e->text;
	enum parse_result result;

	if (s == NULL)
		s = session_start(state->sessions, key);
	if (s == NULL)
		return PARSE_SKIP;
	if (scan_literal(&reply, TEXT("C: "))) {
		smtp_trace_command(state->sessions, s, without_state(reply));
		return PARSE_SKIP;
	}
	if (!scan_literal(&reply, TEXT("S: ")))
		return PARSE_SKIP;
	note_name(state, s, reply);
	result = smtp_trace_reply(state->sessions, s, without_id(state, e, reply), &denials, state,
		out);
	if (result != PARSE_DENIAL)
		return result;
	result = weigh(state, text_from(out->reply, 4), out);
	out->reply = reply;
	return result;
}

/* The value of "key=value " or 'key="value" '; no value that a client has chosen has a space. */
static bool
take_value(struct text *rest, struct text key, struct text *out)
{
	if (!scan_literal(rest, key) || !scan_until(rest, ' ', out))
		return false;
	if (out->len >= 2 && out->p[0] == '"' && out->p[out->len - 1] == '"')
		*out = text_upto(text_from(*out, 1), out->len - 2);
	return true;
}

/* 'early=N esmtp=Y tls=N ... lr="' with the letters and numbers of the server alone. */
static bool
skip_numbers(struct text *rest)
{
	struct text key, value, t = *rest;

	while (!scan_literal(&t, TEXT("lr=\""))) {
		if (!scan_until(&t, '=', &key) || !scan_until(&t, ' ', &value))
			return false;
		for (size_t i = 0; i < key.len; i++)
			if (!scan_is_alnum(key.p[i]))
				return false;
		for (size_t i = 0; i < value.len; i++)
			if (!scan_is_alnum(value.p[i]) && value.p[i] != '/')
				return false;
	}
	*rest = t;
	return true;
}

/* 'TEXT" time=8.219' */
static bool
cut_time(struct text t, struct text *out)
{
	static const struct text key = {"\" time=", 7};
	size_t at = text_rfind(t, key);

	if (at == SIZE_MAX)
		return false;
	for (size_t i = at + key.len; i < t.len; i++)
		if (!scan_is_digit(t.p[i]) && t.p[i] != '.')
			return false;
	*out = text_upto(t, at);
	return true;
}

/* "I cannot deliver mail for <R>", where quotes in R have a backslash: such an R is left out. */
static enum parse_result
read_cannot(struct parse_state *state, struct text said, struct denial *out)
{
	struct text path = text_from(said, cannot.len + 1);
	enum parse_result result;

	if (path.len != 0 && path.p[path.len - 1] == '>')
		out->recipient = text_upto(path, path.len - 1);
	result = weigh(state, said, out);
	if (!mailbox_is_plain(out->recipient))
		out->recipient = TEXT_NONE;
	return result;
}

static enum parse_result
read_last_reply(struct parse_state *state, struct text reply, struct denial *out)
{
	struct text said = text_from(reply, 4);

	if (reply.len < 5 || (reply.p[0] != '5' && reply.p[0] != '4'))
		return PARSE_SKIP;
	out->kind = reply.p[0] == '5' ? DENIAL_RELAY : DENIAL_RELAY_TEMPORARY;
	out->reply = reply;
	if (text_equal(said, words[0]))
		return PARSE_DENIAL;
	if (text_has_prefix(said, words[CANNOT]))
		return read_cannot(state, said, out);
	state->rejection = rejection_of_reply(reply);
	return PARSE_REJECTION;
}

static enum parse_result
disconnect(struct parse_state *state, struct session *s, struct text rest, struct denial *out)
{
	struct text name, helo, relay, reply;
	enum parse_result result;

	if (!take_value(&rest, TEXT(""), &reply) || addr_parse(reply, &out->client) != OK ||
		!take_value(&rest, TEXT("rdns="), &name) ||
		!take_value(&rest, TEXT("helo="), &helo) ||
		!take_value(&rest, TEXT("relay="), &relay) || !skip_numbers(&rest) ||
		!cut_time(rest, &reply))
		return PARSE_SKIP;
	if (is_name(name))
		out->client_name = name;
	if (helo.len != 0)
		out->helo = helo;
	if (s != NULL)
		out->sender = session_get(s, SESSION_SENDER);
	result = read_last_reply(state, reply, out);
	if (result == PARSE_DENIAL && !text_equal(relay, TEXT("N")))
		return PARSE_REJECTION; /* it may relay: this is about the recipient */
	return result;
}

/* Lends from the scratch: the session ends. */
static struct text
keep(struct parse_state *state, struct text t)
{
	char *copy = state->scratch + state->used;

	if (t.p == NULL || t.len > sizeof(state->scratch) - state->used)
		return TEXT_NONE;
	memcpy(copy, t.p, t.len);
	state->used += t.len;
	return (struct text){copy, t.len};
}

/* The dialogue, where it is in the log, has told it all; else there is the last reply. */
static enum parse_result
end_session(struct parse_state *state, struct text key, struct text rest, struct denial *out)
{
	struct session *s = session_find(state->sessions, key);
	enum parse_result result = PARSE_SKIP;

	if (s == NULL || !smtp_trace_has_replies(s)) {
		result = disconnect(state, s, rest, out);
		out->sender = keep(state, out->sender);
	}
	session_end(state->sessions, s);
	return result;
}

/* "sender <S> code=CONT msg=..." */
static void
note_sender(struct parse_state *state, struct text key, struct text rest)
{
	struct session *s = session_find(state->sessions, key);
	struct text sender;

	if (s != NULL && !smtp_trace_has_replies(s) && mailbox_take(&rest, &sender))
		session_set(state->sessions, s, SESSION_SENDER, sender);
}

enum parse_result
haraka_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	struct text t, key;
	struct entry e;

	if (!take_entry(find_start(s), &e) || e.id.len < UUID_LEN ||
		!text_equal(e.plugin, TEXT("core")))
		return PARSE_SKIP;
	read_stamp(s, state);
	key = key_of(s, state, &e);
	if (text_equal(e.level, TEXT("PROTOCOL")))
		return follow(state, &e, key, out);
	t = e.text;
	if (!text_equal(e.level, TEXT("NOTICE")))
		return PARSE_SKIP;
	if (scan_literal(&t, TEXT("connect ip=")))
		return start_session(state, key, t);
	if (scan_literal(&t, TEXT("disconnect ip=")))
		return end_session(state, key, t, out);
	if (scan_literal(&t, TEXT("sender <")))
		note_sender(state, key, t);
	return PARSE_SKIP;
}
