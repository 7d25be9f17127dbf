#include "qmail.h"

#include "chkuser.h"
#include "scan.h"
#include "session_key.h"
#include "smtp_trace.h"
#include "tai_line.h"

static const struct text rcpthosts[] = {
	{"sorry, that domain isn't in my list of allowed rcpthosts", 56},
	{"sorry, that domain isn't allowed to be relayed thru this MTA", 60},
	{"Refused. Sending to remote addresses (relaying) is not allowed.", 63},
	{"we don't relay", 14},
};

static const struct smtp_trace_denials denials = {ORBL_COUNT(rcpthosts), rcpthosts};

static const struct text tags[] = {{"qmail", 5}, {"qmail-smtpd", 11}, {"tcpserver", 9},
	{"sslserver", 9}, {"rblsmtpd", 8}, {"recordio", 8}, {"splogger", 8}, {"vpopmail", 8},
	{"qmail-smtp", 10}, {"smtp", 4}, {"smtp_log", 8}, {"chkuser", 7}, {"vchkpw-smtp", 11}};

/* How messages of theirs begin. */
static const struct text starts[] = {
	{"tcpserver: ", 11},
	{"sslserver: ", 11},
	{"rblsmtpd: ", 10},
	{"recordio: ", 10},
	{"qmail-smtpd: ", 13},
	{"status: local ", 14},
	{"new msg ", 8},
	{"info msg ", 9},
	{"end msg ", 8},
	{"starting delivery ", 18},
	{"delivery ", 9},
	{"bounce msg ", 11},
	{"CHKUSER ", 8},
};

/* Behind "Reject::" (s/qmail), and behind the address (IndiMail). */
static const struct {
	struct text start;
	enum rejection_kind kind;
} kinds[] = {
	{{"RCPT::Failed_Rcptto", 19}, REJECTION_UNKNOWN_USER},
	{{"RCPT::Toomany_Rcptto", 20}, REJECTION_RATE},
	{{"AUTH::", 6}, REJECTION_AUTHENTICATION},
	{{"DATA::", 6}, REJECTION_CONTENT},
	{{"SNDR::", 6}, REJECTION_POLICY},
	{{"ORIG::", 6}, REJECTION_POLICY},
	{{"RCPT::", 6}, REJECTION_POLICY},
	{{"Invalid ", 8}, REJECTION_POLICY},
	{{"Non-existing DNS_MX", 19}, REJECTION_POLICY},
	{{"Too many RECIPIENTS", 19}, REJECTION_RATE},
	{{"BAD ", 4}, REJECTION_BLOCKLIST},
	{{"virus/banned content", 20}, REJECTION_CONTENT},
	{{"data size exceeded", 18}, REJECTION_CONTENT},
};

struct record { /* "PID < TEXT" */
	struct text pid, text;
	bool from_client, more;
	bool ended; /* a CR was taken off its end */
};

static bool
is_one_of(struct text t, const struct text *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal(t, list[i]))
			return true;
	return false;
}

static bool
take_pid(struct text *rest, struct text *pid)
{
	struct text t = *rest;

	if (!scan_until(&t, ' ', pid) || pid->len == 0 || pid->len > 10)
		return false;
	for (size_t i = 0; i < pid->len; i++)
		if (!scan_is_digit(pid->p[i]))
			return false;
	*rest = t;
	return true;
}

/* A line that is complete has a blank behind it, one that is not a "+". */
static bool
take_record(struct text t, struct record *out)
{
	if (t.len == 0 || !scan_is_digit(t.p[0]) || !take_pid(&t, &out->pid) || t.len < 2 ||
		(t.p[0] != '<' && t.p[0] != '>') || t.p[1] != ' ')
		return false;
	out->from_client = t.p[0] == '<';
	scan_skip(&t, 2);
	out->more = t.len != 0 && t.p[t.len - 1] == '+';
	if (out->more || (t.len != 0 && t.p[t.len - 1] == ' '))
		t.len--;
	out->ended = !out->more && t.len != 0 && t.p[t.len - 1] == '\r';
	if (out->ended)
		t.len--;
	out->text = t;
	return true;
}

bool
qmail_knows(const struct log_line *s)
{
	struct tai_line line;
	struct record r;

	if (s->tag.len != 0)
		return is_one_of(s->tag, tags, ORBL_COUNT(tags));
	return tai_line_parse(s, &line) &&
		(scan_starts_with(line.message, starts, ORBL_COUNT(starts)) ||
			take_record(line.message, &r));
}

bool
qmail_continues(const struct log_line *s)
{
	struct tai_line line;

	return s->message.len != 0 && s->message.p[0] == '@' && tai_line_parse(s, &line);
}

static struct text
make_key(const struct log_line *s, struct text pid, struct parse_state *state)
{
	return session_key(state, "qmail", s->host, pid);
}

/* --- tcpserver --- */

static size_t
count_colons(struct text t)
{
	size_t n = 0;

	for (size_t i = 0; i < t.len; i++)
		n += t.p[i] == ':';
	return n;
}

/* "LOCAL:ADDR:PORT NAME:ADDR:IDENT:PORT". tcpserver makes other colons "?"; where there are
 * more, addresses have them, and who wrote them is not to be told. */
static void
set_ends(struct session_table *table, struct session *session, struct text t)
{
	struct text local = text_cut(&t, ' '), name, address;
	struct addr a;

	local = text_cut(&local, ':');
	if (local.len != 0)
		session_set(table, session, SESSION_SERVER, local);
	if (count_colons(t) != 3)
		return;
	name = text_cut(&t, ':');
	address = text_cut(&t, ':');
	if (name.len != 0)
		session_set(table, session, SESSION_CLIENT_NAME, name);
	if (session_client(session) == NULL && addr_parse(address, &a) == OK)
		session_set_client(session, &a);
}

static enum parse_result
parse_server(const struct log_line *s, struct text t, struct parse_state *state)
{
	struct session *session;
	struct text pid, key;
	struct addr a;

	if (scan_literal(&t, TEXT("pid ")) && take_pid(&t, &pid)) {
		if (!scan_literal(&t, TEXT("from ")) || addr_parse(t, &a) != OK)
			return PARSE_SKIP;
		session = session_start(state->sessions, make_key(s, pid, state));
		if (session != NULL)
			session_set_client(session, &a);
	} else if (scan_literal(&t, TEXT("ok ")) && take_pid(&t, &pid)) {
		key = make_key(s, pid, state);
		session = session_find(state->sessions, key);
		if (session == NULL)
			session = session_start(state->sessions, key);
		if (session != NULL)
			set_ends(state->sessions, session, t);
	} else if (scan_literal(&t, TEXT("end ")) && take_pid(&t, &pid)) {
		key = make_key(s, pid, state);
		session_end(state->sessions, session_find(state->sessions, key));
	} else if (scan_literal(&t, TEXT("deny "))) {
		state->rejection = REJECTION_POLICY;
		return PARSE_REJECTION;
	}
	return PARSE_SKIP;
}

/* --- recordio --- */

static struct qmail_piece *
find_piece(struct qmail_memory *memory, struct text key, bool create)
{
	struct qmail_piece *oldest = &memory->pieces[0];

	for (size_t i = 0; i < QMAIL_PIECES; i++) {
		struct qmail_piece *p = &memory->pieces[i];

		if (p->used != 0 && text_equal((struct text){p->key, p->key_len}, key))
			return p;
		if (p->used < oldest->used)
			oldest = p;
	}
	if (!create || key.len == 0 || key.len > QMAIL_PIECE_KEY)
		return NULL;
	memcpy(oldest->key, key.p, key.len);
	oldest->key_len = (uint16_t)key.len;
	oldest->len = 0;
	return oldest;
}

/* Join a line's pieces; of one that is too long the start is kept. False: it goes on. */
static bool
join_pieces(const struct log_line *s, struct record *r, struct parse_state *state)
{
	struct qmail_memory *memory = state->memory;
	struct text key = session_key(state, r->from_client ? "<" : ">", s->host, r->pid);
	struct qmail_piece *p = find_piece(memory, key, r->more);
	size_t room, n;

	if (p == NULL)
		return !r->more;
	room = sizeof(p->text) - p->len;
	n = r->text.len < room ? r->text.len : room;
	if (n != 0)
		memcpy(p->text + p->len, r->text.p, n);
	p->len = (uint16_t)(p->len + n);
	p->used = ++memory->now;
	if (r->more)
		return false;
	r->text = (struct text){p->text, p->len};
	if (!r->ended && r->text.len != 0 && r->text.p[r->text.len - 1] == '\r')
		r->text.len--;
	p->used = 0; /* the text stays until another piece comes */
	return true;
}

static enum parse_result
parse_record(const struct log_line *s, struct record *r, struct parse_state *state,
	struct denial *out)
{
	struct text key = make_key(s, r->pid, state);
	struct session *session = session_find(state->sessions, key);

	if (!join_pieces(s, r, state) || text_equal(r->text, TEXT("[EOF]")))
		return PARSE_SKIP;
	if (session == NULL)
		session = session_start(state->sessions, key);
	if (session == NULL)
		return PARSE_SKIP;
	if (!r->from_client)
		return smtp_trace_reply(state->sessions, session, r->text, &denials, state, out);
	smtp_trace_command(state->sessions, session, r->text);
	return PARSE_SKIP;
}

/* --- qmail-smtpd of s/qmail and IndiMail --- */

static enum rejection_kind
kind_of(struct text t)
{
	for (size_t i = 0; i < ORBL_COUNT(kinds); i++)
		if (text_has_prefix(t, kinds[i].start))
			return kinds[i].kind;
	return REJECTION_OTHER;
}

/* What stands between two keys that must be there once each, in order. */
static bool
split_at(struct text t, struct text first, struct text second, struct text part[3])
{
	size_t a = text_find(t, first), b = text_find(t, second);

	if (a == SIZE_MAX || b == SIZE_MAX || b < a + first.len || a != text_rfind(t, first) ||
		b != text_rfind(t, second))
		return false;
	part[0] = text_upto(t, a);
	part[1] = text_from(text_upto(t, b), a + first.len);
	part[2] = text_from(t, b + second.len);
	return true;
}

/* "ADDR:NAME", where an IPv6 address has colons as well, and NAME may have some. */
static bool
take_host(struct text t, struct denial *out)
{
	unsigned count = 0;

	for (size_t i = 0; i < t.len && i <= ADDR_TEXT; i++) {
		struct addr a;

		if (t.p[i] != ':' || addr_parse(text_upto(t, i), &a) != OK)
			continue;
		out->client = a;
		out->client_name = text_from(t, i + 1);
		count++;
	}
	if (text_equal(out->client_name, TEXT("unknown")) || out->client_name.len == 0)
		out->client_name = TEXT_NONE;
	return count == 1;
}

/* " P:ESMTP S:ADDR:NAME H:HELO F:SENDER T:RECIPIENT" */
static enum parse_result
parse_invalid_relay(struct text t, struct parse_state *state, struct denial *out)
{
	struct text protocol, host, part[3];

	if (!scan_literal(&t, TEXT(" P:")) || !scan_until(&t, ' ', &protocol) ||
		!scan_literal(&t, TEXT("S:")) || !scan_until(&t, ' ', &host))
		return PARSE_REJECTION;
	if (!take_host(host, out)) {
		state->reason = "qmail-smtpd refused a relay attempt of an unclear address";
		return PARSE_BAD;
	}
	if (scan_literal(&t, TEXT("H:")) && split_at(t, TEXT(" F:"), TEXT(" T:"), part)) {
		out->helo = part[0].len != 0 ? part[0] : TEXT_NONE;
		out->sender = part[1];
		out->recipient = part[2];
	}
	out->reply = TEXT("Reject::SNDR::Invalid_Relay");
	out->kind = DENIAL_RELAY;
	return PARSE_DENIAL;
}

/* "MAIL from <S> RCPT <R>[, Auth <U>]". A recipient may hold ">, Auth <" as well, so that nobody
 * can tell who has logged in, or whether. */
static enum parse_result
parse_relay_client(struct text t, struct denial *out)
{
	static const struct text from = {" MAIL from <", 12}, to = {"> RCPT <", 8};
	static const struct text user = {">, Auth <", 9};
	struct text part[3];

	out->kind = DENIAL_RELAY;
	out->reply = TEXT("Invalid RELAY client");
	if (text_has_suffix(t, TEXT(">")) && split_at(t, from, to, part) && part[0].len == 0) {
		out->sender = part[1];
		if (text_find(part[2], user) == SIZE_MAX)
			out->recipient = text_upto(part[2], part[2].len - 1);
	}
	return PARSE_DENIAL;
}

static enum parse_result
parse_smtpd(struct text t, struct parse_state *state, struct denial *out)
{
	struct text pid, address;

	if (text_has_prefix(t, TEXT("421 badiprbl: "))) {
		state->rejection = REJECTION_BLOCKLIST;
		return PARSE_REJECTION;
	}
	if (!scan_literal(&t, TEXT("pid ")) || !take_pid(&t, &pid))
		return PARSE_SKIP;
	if (scan_literal(&t, TEXT("Reject::"))) {
		if (scan_literal(&t, TEXT("SNDR::Invalid_Relay")))
			return parse_invalid_relay(t, state, out);
		state->rejection = kind_of(t);
		return PARSE_REJECTION;
	}
	if (!scan_literal(&t, TEXT("from ")) || !scan_until(&t, ' ', &address) ||
		addr_parse(address, &out->client) != OK)
		return PARSE_SKIP;
	if (scan_literal(&t, TEXT("Invalid RELAY client:")))
		return parse_relay_client(t, out);
	state->rejection = kind_of(t);
	return state->rejection == REJECTION_OTHER ? PARSE_SKIP : PARSE_REJECTION;
}

enum parse_result
qmail_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	struct tai_line line;
	struct record r;
	struct text t;

	(void)tai_line_parse(s, &line);
	state->stamp = line.stamp;
	t = line.message;
	(void)scan_literal(&t, TEXT("recordio: "));
	if (take_record(t, &r))
		return parse_record(s, &r, state, out);
	if (scan_literal(&t, TEXT("CHKUSER ")))
		return chkuser_parse(t, state, out);
	if (scan_literal(&t, TEXT("tcpserver: ")) || scan_literal(&t, TEXT("sslserver: ")) ||
		text_has_suffix(s->tag, TEXT("server")))
		return parse_server(s, t, state);
	if (scan_literal(&t, TEXT("qmail-smtpd: ")) || text_equal(s->tag, TEXT("qmail-smtpd")))
		return parse_smtpd(t, state, out);
	if (!scan_literal(&t, TEXT("rblsmtpd: ")) && !text_equal(s->tag, TEXT("rblsmtpd")))
		return PARSE_SKIP;
	state->rejection = REJECTION_BLOCKLIST;
	return PARSE_REJECTION;
}
