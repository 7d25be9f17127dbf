#include "smtp_trace.h"

#include <string.h>

#include <sodium.h>

#include "scan.h"
#include "smtp_words.h"

enum {
	NAME_MAX_LEN = 255,
	DECODED_MAX = 1024,
	/* Of unanswered commands: a client may send hundreds, and each is answered in turn. */
	REFUSED_LOOK = 20, /* those that a refusal may be about */
	ANSWERED_LOOK = 100
};

enum phase {
	PHASE_COMMAND,
	PHASE_AUTH,    /* lines of the client are answers to challenges */
	PHASE_MESSAGE, /* they are text */
	PHASE_ENDED    /* the text is complete, and not answered */
};

enum verb {
	VERB_HELO,
	VERB_MAIL,
	VERB_RCPT,
	VERB_DATA,
	VERB_BDAT,
	VERB_RSET,
	VERB_AUTH,
	VERB_TLS,
	VERB_QUIT,
	VERB_VRFY,
	VERB_OTHER
};

static const struct {
	struct text name;
	enum verb verb;
} verbs[] = {
	{{"EHLO", 4}, VERB_HELO},
	{{"HELO", 4}, VERB_HELO},
	{{"LHLO", 4}, VERB_HELO},
	{{"MAIL", 4}, VERB_MAIL},
	{{"RCPT", 4}, VERB_RCPT},
	{{"DATA", 4}, VERB_DATA},
	{{"BDAT", 4}, VERB_BDAT},
	{{"RSET", 4}, VERB_RSET},
	{{"AUTH", 4}, VERB_AUTH},
	{{"STARTTLS", 8}, VERB_TLS},
	{{"X-ANONYMOUSTLS", 14}, VERB_TLS},
	{{"QUIT", 4}, VERB_QUIT},
	{{"VRFY", 4}, VERB_VRFY},
	{{"EXPN", 4}, VERB_VRFY},
};

enum mechanism { MECHANISM_OTHER, MECHANISM_PLAIN, MECHANISM_LOGIN };

struct command {
	enum verb verb;
	struct text argument;
};

struct reply {
	int code;
	char class; /* first digit */
	bool more;  /* "250-" */
	struct text whole;
	struct text text[SMTP_WORDS_TEXTS]; /* behind the code, behind an enhanced code */
};

struct trace { /* what the steps of one call share */
	struct session_table *table;
	struct session *session;
	struct session_dialogue *dialogue;
};

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct command
read_command(struct text line)
{
	struct command c = {VERB_OTHER, TEXT_NONE};
	size_t n = 0;

	line = text_trim(line);
	while (n < line.len && !is_blank(line.p[n]))
		n++;
	for (size_t i = 0; i < ORBL_COUNT(verbs); i++) {
		if (!text_equal_nocase(text_upto(line, n), verbs[i].name))
			continue;
		c.verb = verbs[i].verb;
		c.argument = text_trim(text_from(line, n));
	}
	return c;
}

/* Where the path that starts behind "<" ends; a ">" in a quoted string (RFC 5321 section 4.1.2)
 * does not end it. */
static size_t
find_path_end(struct text t)
{
	bool quoted = false;

	for (size_t i = 0; i < t.len; i++) {
		if (quoted && t.p[i] == '\\')
			i++;
		else if (t.p[i] == '"')
			quoted = !quoted;
		else if (t.p[i] == '>' && !quoted)
			return i;
	}
	return text_rfind(t, TEXT(">"));
}

bool
smtp_trace_path(struct text argument, struct text *path)
{
	struct text t = text_trim(argument);
	size_t end = 0;

	if (t.len == 0)
		return false;
	if (scan_byte(&t, '<')) {
		end = find_path_end(t);
		*path = end != SIZE_MAX ? text_upto(t, end) : t; /* the log has cut it */
		return true;
	}
	while (end < t.len && !is_blank(t.p[end]))
		end++;
	*path = text_upto(t, end);
	return true;
}

/* "FROM:<path> ..." */
static bool
read_path(struct text argument, struct text keyword, struct text *path)
{
	if (!text_equal_nocase(text_upto(argument, keyword.len), keyword))
		return false;
	argument = text_trim(text_from(argument, keyword.len));
	return scan_byte(&argument, ':') && smtp_trace_path(argument, path);
}

static void
clear(const struct trace *t, enum session_field f)
{
	session_set(t->table, t->session, f, TEXT_NONE);
}

/* "AUTH PLAIN" gives authorization identity, user name and password, a NUL between (RFC 4616);
 * "AUTH LOGIN" the name alone. */
static struct text
find_user(enum mechanism mechanism, struct text decoded)
{
	struct text name = decoded, rest = decoded;
	size_t end = text_find_byte(decoded, '\0');

	if (mechanism == MECHANISM_PLAIN) {
		if (!scan_until(&rest, '\0', &name) || !scan_until(&rest, '\0', &name))
			return TEXT_NONE;
	} else if (end != SIZE_MAX) {
		return TEXT_NONE;
	}
	return name.len != 0 && name.len <= NAME_MAX_LEN ? name : TEXT_NONE;
}

static void
note_claim(const struct trace *t, struct text base64)
{
	unsigned char decoded[DECODED_MAX];
	enum mechanism mechanism = t->dialogue->mechanism;
	size_t len;

	if (mechanism == MECHANISM_OTHER || t->dialogue->asked)
		return;
	t->dialogue->asked = true;
	base64 = text_trim(base64);
	if (base64.len == 0 ||
		sodium_base642bin(decoded, sizeof(decoded), base64.p, base64.len, NULL, &len, NULL,
			sodium_base64_VARIANT_ORIGINAL) != 0)
		return;
	session_set(t->table, t->session, SESSION_CLAIM,
		find_user(mechanism, (struct text){(const char *)decoded, len}));
	sodium_memzero(decoded, sizeof(decoded));
}

/* "LOGIN [initial response]" */
static void
start_auth(const struct trace *t, struct text argument)
{
	struct text name = text_cut(&argument, ' ');

	clear(t, SESSION_CLAIM);
	t->dialogue->asked = false;
	t->dialogue->mechanism = MECHANISM_OTHER;
	if (text_equal_nocase(name, TEXT("PLAIN")))
		t->dialogue->mechanism = MECHANISM_PLAIN;
	else if (text_equal_nocase(name, TEXT("LOGIN")))
		t->dialogue->mechanism = MECHANISM_LOGIN;
	if (argument.len != 0)
		note_claim(t, argument);
}

/* The server's word on AUTH, or on an answer to its challenge. */
static void
end_auth_step(const struct trace *t, const struct reply *r)
{
	/* "Password:", however a server spells it: the next answer is none to keep */
	static const struct text password[] = {{"UGFz", 4}, {"cGFz", 4}, {"UEFT", 4}};
	struct session_dialogue *d = t->dialogue;

	d->phase = r->code == 334 ? PHASE_AUTH : PHASE_COMMAND;
	for (size_t i = 0; r->code == 334 && i < ORBL_COUNT(password); i++)
		if (d->mechanism == MECHANISM_LOGIN && text_has_prefix(r->text[0], password[i]))
			d->asked = true;
	if (r->class == '2') {
		d->authenticated = true;
		session_set(t->table, t->session, SESSION_ACCOUNT,
			session_get(t->session, SESSION_CLAIM));
	}
	if (r->code != 334)
		clear(t, SESSION_CLAIM);
}

static void
start_message(const struct trace *t, bool ends_envelope)
{
	const struct session_command *c;

	t->dialogue->phase = PHASE_MESSAGE;
	t->dialogue->ends_envelope = ends_envelope;
	while (t->dialogue->phase == PHASE_MESSAGE &&
		(c = session_take_command(t->table, t->session)) != NULL)
		if (text_equal(c->line, TEXT(".")))
			t->dialogue->phase = PHASE_ENDED;
}

/* RFC 3030: the client does not wait between the command and its octets. Where the log has
 * them, they stand between the command and its reply. */
static void
end_chunk(const struct trace *t, struct text argument)
{
	struct text size = text_cut(&argument, ' ');
	const struct session_command *c;
	uint64_t left;

	if (text_equal_nocase(text_trim(argument), TEXT("LAST")))
		clear(t, SESSION_SENDER);
	if (text_to_u64(size, UINT32_MAX, &left) != OK)
		return;
	while (left != 0 && (c = session_take_command(t->table, t->session)) != NULL)
		left -= left < c->full_len + 2 ? left : c->full_len + 2;
}

/* RFC 3207 section 4.2: what was said in the clear is forgotten. */
static void
start_tls(const struct trace *t)
{
	clear(t, SESSION_SENDER);
	clear(t, SESSION_HELO);
	clear(t, SESSION_ACCOUNT);
	t->dialogue->authenticated = false;
	session_drop_commands(t->table, t->session);
}

/* What the server has taken from the client, as far as denials need it. */
static void
accept_command(const struct trace *t, struct command c)
{
	struct text path;

	if (c.verb == VERB_HELO)
		session_set(t->table, t->session, SESSION_HELO, c.argument);
	if (c.verb == VERB_HELO || c.verb == VERB_RSET)
		clear(t, SESSION_SENDER);
	if (c.verb == VERB_MAIL && read_path(c.argument, TEXT("FROM"), &path))
		session_set(t->table, t->session, SESSION_SENDER, path);
}

/* Commands that the log shows no reply of; the server went on, so it has taken them. */
static void
pass_over(const struct trace *t, const struct session_command *until)
{
	while (session_commands(t->session) != NULL && session_commands(t->session) != until)
		accept_command(t, read_command(session_take_command(t->table, t->session)->line));
}

/* Some replies can only be to one command. */
static void
find_command_of(const struct trace *t, int code)
{
	static const struct {
		int code;
		enum verb verb;
	} only[] = {{220, VERB_TLS}, {221, VERB_QUIT}, {235, VERB_AUTH}, {334, VERB_AUTH},
		{354, VERB_DATA}};
	const struct session_command *c;
	size_t i = 0;

	while (i < ORBL_COUNT(only) && only[i].code != code)
		i++;
	if (i == ORBL_COUNT(only))
		return;
	c = session_commands(t->session);
	for (unsigned n = 0; c != NULL && n < ANSWERED_LOOK; c = c->next, n++) {
		if (read_command(c->line).verb == only[i].verb) {
			pass_over(t, c);
			return;
		}
	}
}

static void
end_command(const struct trace *t, const struct reply *r)
{
	const struct session_command *line;
	struct command c = {VERB_OTHER, TEXT_NONE};

	find_command_of(t, r->code);
	line = session_take_command(t->table, t->session);
	if (line != NULL)
		c = read_command(line->line);
	if (c.verb == VERB_AUTH)
		start_auth(t, c.argument);
	if (c.verb == VERB_AUTH || r->code == 235 || r->code == 334)
		end_auth_step(t, r);
	else if (r->code == 354)
		start_message(t, c.verb == VERB_DATA || line == NULL);
	else if (c.verb == VERB_BDAT)
		end_chunk(t, c.argument);
	else if (c.verb == VERB_TLS && r->code == 220)
		start_tls(t);
	else if (r->class == '2')
		accept_command(t, c);
}

static void
end_reply(const struct trace *t, const struct reply *r)
{
	struct session_dialogue *d = t->dialogue;
	const struct session_command *answer;

	switch ((enum phase)d->phase) {
	case PHASE_COMMAND: end_command(t, r); break;
	case PHASE_AUTH:
		answer = session_take_command(t->table, t->session);
		if (answer != NULL)
			note_claim(t, answer->line);
		end_auth_step(t, r);
		break;
	case PHASE_MESSAGE:
	case PHASE_ENDED:
		d->phase = PHASE_COMMAND;
		if (d->ends_envelope)
			clear(t, SESSION_SENDER);
		break;
	}
	if (r->code == 421) { /* the server closes the connection */
		session_drop_commands(t->table, t->session);
		d->phase = PHASE_COMMAND;
	}
}

static bool
skip_enhanced_code(struct text *rest)
{
	struct text t = *rest;
	int part;

	if (t.len == 0 || t.p[0] < '2' || t.p[0] > '5')
		return false;
	scan_skip(&t, 1);
	if (!scan_byte(&t, '.') || !scan_number(&t, 1, 3, &part) || !scan_byte(&t, '.') ||
		!scan_number(&t, 1, 3, &part) || !scan_byte(&t, ' '))
		return false;
	*rest = t;
	return true;
}

static bool
read_reply(struct text line, struct reply *r)
{
	line = text_trim(line);
	r->whole = line;
	if (!scan_number(&line, 3, 3, &r->code) || r->code < 200 || r->code > 599)
		return false;
	r->class = r->whole.p[0];
	r->more = scan_byte(&line, '-');
	if (!r->more && !scan_byte(&line, ' ') && line.len != 0)
		return false;
	r->text[0] = r->text[1] = text_trim(line);
	(void)skip_enhanced_code(&r->text[1]);
	return true;
}

static bool
denies(const struct trace *t, const struct reply *r, const struct smtp_trace_denials *denials,
	struct text command, struct text recipient)
{
	struct smtp_said said = {
		.command = command,
		.recipient = recipient,
		.sender = session_get(t->session, SESSION_SENDER),
		.helo = session_get(t->session, SESSION_HELO),
	};

	return t->dialogue->denied || smtp_words_deny(r->text, denials, &said);
}

/* Which command does this refusal deny? False: it denies none. *command NULL: the log does not
 * have it. */
static bool
find_denied(const struct trace *t, const struct reply *r, const struct smtp_trace_denials *denials,
	const struct session_command **command, struct text *recipient)
{
	const struct session_command *first = session_commands(t->session), *c = first;

	*command = NULL;
	*recipient = TEXT_NONE;
	if (t->dialogue->phase != PHASE_COMMAND)
		return false;
	for (unsigned n = 0; c != NULL && n < REFUSED_LOOK; c = c->next, n++) {
		struct command command_of = read_command(c->line);

		if (command_of.verb == VERB_VRFY && c == first) /* a question, not an attempt */
			return false;
		*recipient = TEXT_NONE;
		if (command_of.verb == VERB_RCPT &&
			read_path(command_of.argument, TEXT("TO"), recipient) &&
			denies(t, r, denials, c->line, *recipient)) {
			*command = c;
			return true;
		}
	}
	return first == NULL && denies(t, r, denials, TEXT_NONE, TEXT_NONE);
}

/* A client may have talked before it. */
static bool
is_greeting(const struct trace *t)
{
	const struct session_command *first = session_commands(t->session);

	if (first == NULL)
		return t->dialogue->phase == PHASE_COMMAND;
	return !t->dialogue->heard && read_command(first->line).verb != VERB_TLS;
}

static void
greet(const struct trace *t)
{
	if (t->dialogue->heard) {
		start_tls(t); /* a server uses a key again */
		t->dialogue->lost = false;
	}
	t->dialogue->heard = true;
}

static enum parse_result
deny(const struct trace *t, const struct reply *r, struct parse_state *state, struct denial *out)
{
	const struct addr *client = session_client(t->session);

	if (client == NULL) {
		state->reason = "a relay attempt of a client whose address is not known, as the "
				"start of its session is not in the log";
		return PARSE_BAD;
	}
	out->client = *client;
	out->client_name = session_get(t->session, SESSION_CLIENT_NAME);
	out->helo = session_get(t->session, SESSION_HELO);
	out->sender = session_get(t->session, SESSION_SENDER);
	out->account = session_get(t->session, SESSION_ACCOUNT);
	out->server = session_get(t->session, SESSION_SERVER);
	out->reply = r->whole;
	out->kind = r->class == '4' ? DENIAL_RELAY_TEMPORARY : DENIAL_RELAY;
	if (t->dialogue->authenticated || out->account.p != NULL)
		out->kind = DENIAL_AUTHENTICATED;
	return PARSE_DENIAL;
}

void
smtp_trace_command(struct session_table *table, struct session *s, struct text line)
{
	struct session_dialogue *d = session_dialogue(s);

	if (d->lost)
		return;
	if (d->phase == PHASE_MESSAGE) {
		if (text_equal(line, TEXT("."))) /* RFC 5321 section 4.1.1.4: nothing else */
			d->phase = PHASE_ENDED;
		return;
	}
	if (session_push_command(table, s, line))
		return;
	d->lost = true;
	d->phase = PHASE_COMMAND;
	session_drop_commands(table, s);
	session_set(table, s, SESSION_SENDER, TEXT_NONE);
}

enum parse_result
smtp_trace_reply(struct session_table *table, struct session *s, struct text line,
	const struct smtp_trace_denials *denials, struct parse_state *state, struct denial *out)
{
	struct trace t = {table, s, session_dialogue(s)};
	const struct session_command *command;
	struct text recipient;
	bool denied;
	struct reply r;

	if (!read_reply(line, &r))
		return PARSE_SKIP;
	denied = r.class >= '4' && find_denied(&t, &r, denials, &command, &recipient);
	if (r.more) {
		t.dialogue->denied = t.dialogue->denied || denied;
		return PARSE_SKIP;
	}
	t.dialogue->denied = false;
	if (r.code == 220 && is_greeting(&t)) {
		greet(&t);
		return PARSE_SKIP;
	}
	t.dialogue->heard = true;
	if (denied) {
		pass_over(&t, command);
		end_reply(&t, &r);
		out->recipient = recipient;
		return deny(&t, &r, state, out);
	}
	end_reply(&t, &r);
	if (r.class < '4')
		return PARSE_SKIP;
	state->rejection = rejection_of_reply(r.whole);
	return PARSE_REJECTION;
}

struct text
smtp_trace_whole(struct parse_state *state, struct text reply)
{
	char *copy = state->scratch + state->used;

	reply = text_upto(reply, sizeof(state->scratch) - state->used);
	if (reply.len < 4 || reply.p[3] != '-')
		return reply;
	memcpy(copy, reply.p, reply.len);
	copy[3] = ' ';
	state->used += reply.len;
	return (struct text){copy, reply.len};
}

bool
smtp_trace_has_replies(struct session *s)
{
	return session_dialogue(s)->heard;
}
