#include "mailenable.h"

#include <string.h>

#include "scan.h"
#include "session_key.h"
#include "smtp_trace.h"

enum column { DATE, AGENT, MESSAGE, CONNECTION, CLIENT, VERB, COMMAND, REPLY, OUT, IN, USER };

enum { COLUMNS_MIN = 10, COLUMNS_MAX = 12, SPLIT_MAX = 32, CENTURY = 2000, W3C_COLUMNS = 14 };

static const struct text words[] = {
	{"This mail server requires authentication when attempting to send to a non-local", 79},
	{"This mail server requires authentication before sending mail", 60},
	{"Relaying is not allowed", 23},
};
static const struct smtp_trace_denials denials = {ORBL_COUNT(words), words};

struct row {
	struct text connection, client, command, reply, user;
};

/* "11/21/26 19:00:56\t" */
static bool
take_stamp(struct text *rest, struct stamp *out)
{
	struct text t = *rest;
	int month, day, year;

	*out = (struct stamp){0};
	if (!scan_number(&t, 2, 2, &month) || !scan_byte(&t, '/') || !scan_number(&t, 2, 2, &day) ||
		!scan_byte(&t, '/') || !scan_number(&t, 2, 2, &year) || !scan_byte(&t, ' ') ||
		!stamp_take_clock(&t, out) || !scan_byte(&t, '\t') ||
		!stamp_set_date(out, CENTURY + year, month, day))
		return false;
	*rest = t;
	return true;
}

static bool
is_activity(struct text t)
{
	struct stamp stamp;

	return t.len > 25 && t.p[2] == '/' && t.p[5] == '/' && t.p[17] == '\t' &&
		memcmp(t.p + 18, "SMTP-", 5) == 0 && take_stamp(&t, &stamp);
}

static bool
is_number(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (!scan_is_digit(t.p[i]))
			return false;
	return t.len != 0;
}

static bool
is_reply(struct text t)
{
	return t.len >= 3 && is_number(text_upto(t, 3)) &&
		(t.len == 3 || t.p[3] == ' ' || t.p[3] == '-' || t.p[3] == '+');
}

/* date, time, client, agent, account, server, connection, verb, command, reply. IIS writes rows of
 * this form, too, with the client's HELO where the agent is; it has no address and number there. */
static bool
split_w3c(struct text t, struct text columns[W3C_COLUMNS])
{
	struct addr a;
	size_t n = 0;

	while (n < W3C_COLUMNS && t.len != 0)
		columns[n++] = text_cut(&t, ' ');
	return n >= 10 && addr_parse(columns[2], &a) == OK &&
		text_has_prefix(columns[3], TEXT("SMTP-")) && columns[3].len == 7 &&
		addr_parse(columns[5], &a) == OK && is_number(columns[6]) && is_reply(columns[9]);
}

static bool
is_w3c(struct text t)
{
	struct text columns[W3C_COLUMNS] = {{NULL, 0}};

	return t.len > 40 && t.p[4] == '-' && t.p[7] == '-' && t.p[10] == ' ' && t.p[19] == ' ' &&
		text_find(text_upto(t, 70), TEXT(" SMTP-")) != SIZE_MAX && split_w3c(t, columns);
}

bool
mailenable_knows(const struct log_line *s)
{
	struct text t = s->message;

	if (s->frame != FRAME_NONE || t.len == 0)
		return false;
	if (t.p[0] == '#')
		return text_has_prefix(t, TEXT("#Software: MailEnable"));
	if (t.p[0] == '[')
		return text_find(t, TEXT("]****************** LOG FILE ")) == 18;
	return is_activity(t) || is_w3c(t);
}

/* A command of a tab is empty, too, but then the columns behind it have moved. */
static bool
is_greeting(const struct text *columns)
{
	return columns[VERB].len == 0 && columns[COMMAND].len == 0 &&
		text_has_prefix(columns[REPLY], TEXT("220")) && is_reply(columns[REPLY]) &&
		is_number(columns[OUT]) && is_number(columns[IN]);
}

/* A command with tabs in it makes the row longer, and takes more columns; the ones before it
 * and behind it stay. */
static bool
split_activity(struct text t, struct mailenable *memory, struct row *row)
{
	struct text columns[SPLIT_MAX];
	size_t n = 0, count, more;

	while (t.len != 0 && n < SPLIT_MAX) {
		size_t end = text_find_byte(t, '\t');

		columns[n++] = end != SIZE_MAX ? text_upto(t, end) : t;
		t = end != SIZE_MAX ? text_from(t, end + 1) : TEXT_NONE;
		if (end != SIZE_MAX && t.len == 0 && n < SPLIT_MAX)
			columns[n++] = TEXT_NONE;
	}
	if (n < COLUMNS_MIN || n == SPLIT_MAX)
		return false;
	if (is_greeting(columns) && n <= COLUMNS_MAX)
		memory->columns = n;
	count = memory->columns != 0 ? memory->columns : n;
	if (n < count || count > COLUMNS_MAX)
		return false;
	more = n - count;
	row->connection = columns[CONNECTION];
	row->client = columns[CLIENT];
	row->command = (struct text){columns[COMMAND].p,
		(size_t)(columns[COMMAND + more].p + columns[COMMAND + more].len -
			columns[COMMAND].p)};
	row->reply = columns[REPLY + more];
	row->user = USER + more < n ? columns[USER + more] : TEXT_NONE;
	return is_reply(row->reply) && is_number(columns[OUT + more]) &&
		is_number(columns[IN + more]);
}

static struct session *
find_session(struct parse_state *state, const struct row *row)
{
	struct text key = session_key(state, "mailenable", row->connection, row->client);
	struct session *s = session_find(state->sessions, key);
	struct addr client;

	if (s == NULL)
		s = session_start(state->sessions, key);
	if (s != NULL && addr_parse(row->client, &client) == OK)
		session_set_client(s, &client);
	return s;
}

static enum parse_result
read_row(struct parse_state *state, const struct row *row, struct denial *out)
{
	struct session *s = find_session(state, row);
	enum parse_result result;

	if (s == NULL)
		return PARSE_SKIP;
	if (!text_has_prefix(row->reply, TEXT("220")) || row->command.len != 0)
		smtp_trace_command(state->sessions, s, row->command);
	result = smtp_trace_reply(state->sessions, s, smtp_trace_whole(state, row->reply), &denials,
		state, out);
	/* A row that logs in names the user beside the reply. */
	if (text_has_prefix(row->reply, TEXT("235")) && row->user.len != 0)
		session_set(state->sessions, s, SESSION_ACCOUNT, row->user);
	if (result == PARSE_DENIAL && parse_is_local(state, out->recipient)) {
		state->rejection = REJECTION_POLICY;
		return PARSE_REJECTION;
	}
	return result;
}

/* "+" for a space; in an address it may be one of its own. NULL: no room. */
static struct text
without_plus(struct parse_state *state, struct text t, size_t until)
{
	char *copy = state->scratch + state->used;

	if (t.len > sizeof(state->scratch) - state->used)
		return TEXT_NONE;
	for (size_t i = 0; i < t.len; i++)
		copy[i] = t.p[i] == '+' && i < until ? ' ' : t.p[i];
	state->used += t.len;
	return (struct text){copy, t.len};
}

static struct text
none_if_blank(struct text t)
{
	return text_equal(t, TEXT("{blank}")) || text_equal(t, TEXT("-")) ? TEXT_NONE : t;
}

static enum parse_result
parse_w3c(struct text t, struct parse_state *state, struct denial *out)
{
	struct text columns[W3C_COLUMNS] = {{NULL, 0}};
	struct row row = {0};
	size_t colon;

	if (!split_w3c(t, columns) || !text_equal(columns[3], TEXT("SMTP-IN")) ||
		!stamp_take_date_time(&t, &state->stamp))
		return PARSE_SKIP;
	row.connection = columns[6];
	row.client = columns[2];
	row.user = none_if_blank(columns[13]);
	columns[8] = none_if_blank(columns[8]);
	colon = text_find_byte(columns[8], ':');
	row.command = without_plus(state, columns[8], colon);
	row.reply = without_plus(state, columns[9], SIZE_MAX);
	return read_row(state, &row, out);
}

enum parse_result
mailenable_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	struct text t = s->message;
	struct row row = {0};

	if (t.len == 0 || t.p[0] == '#' || t.p[0] == '[')
		return PARSE_SKIP;
	if (!is_activity(t))
		return parse_w3c(t, state, out);
	(void)take_stamp(&t, &state->stamp);
	if (!text_has_prefix(t, TEXT("SMTP-IN\t")))
		return PARSE_SKIP;
	/* DATE and its tab are taken: a row starts with its agent. */
	t = s->message;
	if (!split_activity(t, state->memory, &row))
		return text_find(t, TEXT("\t503 This mail server requires")) != SIZE_MAX ?
			PARSE_REJECTION :
			PARSE_SKIP;
	return read_row(state, &row, out);
}
