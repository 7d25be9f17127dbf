#include "hmailserver.h"

#include "scan.h"
#include "session_key.h"
#include "smtp_trace.h"

/* The second is what a client without a log-in gets that claims to be a local sender, or writes
 * to an outside recipient: by default for those, but an operator may ask it for local ones. */
static const struct text words[] = {
	{"Delivery is not allowed to this address.", 40},
	{"SMTP authentication is required.", 32},
};
static const struct smtp_trace_denials denials = {ORBL_COUNT(words), words};

static const struct text kinds[] = {
	{"\"SMTPD\"\t", 8},
	{"\"SMTPC\"\t", 8},
	{"\"POP3D\"\t", 8},
	{"\"POP3C\"\t", 8},
	{"\"IMAPD\"\t", 8},
	{"\"TCPIP\"\t", 8},
	{"\"DEBUG\"\t", 8},
	{"\"ERROR\"\t", 8},
	{"\"APPLICATION\"\t", 14},
};

bool
hmailserver_knows(const struct log_line *s)
{
	if (s->frame != FRAME_NONE || s->message.len < 9 || s->message.p[0] != '"')
		return false;
	for (size_t i = 0; i < ORBL_COUNT(kinds); i++)
		if (text_has_prefix(s->message, kinds[i]))
			return true;
	return false;
}

static bool
take_number(struct text *rest, struct text *out)
{
	if (!scan_until(rest, '\t', out) || out->len == 0)
		return false;
	for (size_t i = 0; i < out->len; i++)
		if (!scan_is_digit(out->p[i]))
			return false;
	return true;
}

static bool
take_quoted(struct text *rest, struct text *out)
{
	return scan_byte(rest, '"') && scan_until(rest, '"', out) && scan_byte(rest, '\t');
}

static struct session *
find_session(struct parse_state *state, struct text number, struct text address)
{
	struct text key = session_key(state, "hmailserver", number, address);
	struct session *s = session_find(state->sessions, key);
	struct addr client;

	if (s != NULL)
		return s;
	s = session_start(state->sessions, key);
	if (s != NULL && addr_parse(address, &client) == OK)
		session_set_client(s, &client);
	return s;
}

/* Which of the two was said, and of whom? */
static enum parse_result
weigh(const struct log_line *line, struct parse_state *state, struct denial *out)
{
	bool login = text_has_prefix(text_from(out->reply, 4), words[1]);

	if (parse_is_local(state, out->recipient)) {
		state->rejection = login ? REJECTION_AUTHENTICATION : REJECTION_POLICY;
		return PARSE_REJECTION;
	}
	/* Where CR LF became LF, a line that a client wrote can no longer be told. */
	if ((login || line->has_lf_only) && out->kind == DENIAL_RELAY)
		out->kind = DENIAL_RELAY_PROBABLE;
	return PARSE_DENIAL;
}

/* A line of several is one with "[nl]" between; what follows the first may repeat the client. */
static enum parse_result
answer(const struct log_line *line, struct parse_state *state, struct session *s, struct text reply,
	struct denial *out)
{
	size_t end = text_find(reply, TEXT("[nl]"));
	enum parse_result result;

	if (end != SIZE_MAX)
		reply = text_upto(reply, end);
	result = smtp_trace_reply(state->sessions, s, smtp_trace_whole(state, reply), &denials,
		state, out);
	return result == PARSE_DENIAL ? weigh(line, state, out) : result;
}

static enum parse_result
pass_piece(struct parse_state *state, struct text t)
{
	if (text_find(t, TEXT("\"SENT: 5")) == SIZE_MAX &&
		text_find(t, TEXT("\"SENT: 4")) == SIZE_MAX)
		return PARSE_SKIP;
	state->reason =
		"a refusal behind a line that ends in LF, not CR LF: a client may have written "
		"it; give the log with the line ends it had";
	return PARSE_BAD;
}

enum parse_result
hmailserver_parse(const struct log_line *line, struct parse_state *state, struct denial *out)
{
	struct text thread, number, time, address, t = line->message;
	struct session *s;

	if (line->follows_lf)
		return pass_piece(state, t);
	if (!scan_literal(&t, kinds[0]) || !take_number(&t, &thread) || !take_number(&t, &number) ||
		!take_quoted(&t, &time) || !take_quoted(&t, &address) || !scan_byte(&t, '"'))
		return PARSE_SKIP;
	if (t.len != 0 && t.p[t.len - 1] == '"')
		t.len--;
	if (!stamp_take_date_time(&time, &state->stamp))
		return PARSE_SKIP;
	s = find_session(state, number, address);
	if (s == NULL)
		return PARSE_SKIP;
	if (scan_literal(&t, TEXT("RECEIVED: ")))
		smtp_trace_command(state->sessions, s, t);
	else if (scan_literal(&t, TEXT("SENT: ")))
		return answer(line, state, s, t, out);
	return PARSE_SKIP;
}
