#include "exchange_smtp.h"

#include <string.h>

#include "csv.h"
#include "scan.h"
#include "session.h"
#include "smtp_trace.h"

enum column { TIME, CONNECTOR, SESSION, SEQUENCE, LOCAL, REMOTE, EVENT, DATA, CONTEXT };

enum { COLUMNS_MAX = 32 };

static const struct text names[EXCHANGE_SMTP_COLUMNS] = {
	[TIME] = {"date-time", 9},
	[CONNECTOR] = {"connector-id", 12},
	[SESSION] = {"session-id", 10},
	[SEQUENCE] = {"sequence-number", 15},
	[LOCAL] = {"local-endpoint", 14},
	[REMOTE] = {"remote-endpoint", 15},
	[EVENT] = {"event", 5},
	[DATA] = {"data", 4},
	[CONTEXT] = {"context", 7},
};

/* 2007 and 2010; 2013 and later; Exchange Online. */
static const struct text words[] = {
	{"Unable to relay", 15},
	{"SMTP; Unable to relay", 21},
	{"TenantAttribution; Relay Access Denied", 38},
};
static const struct smtp_trace_denials denials = {ORBL_COUNT(words), words};

static const struct text software = {"#Software: Microsoft Exchange", 29};
static const struct text log_type = {"#Log-type: ", 11};
static const struct text fields = {"#Fields: ", 9};

/* "2020-11-27T09:34:38.000Z," */
static bool
is_row(struct text t)
{
	return t.len > 24 && t.p[4] == '-' && t.p[10] == 'T' && t.p[19] == '.' &&
		scan_is_digit(t.p[0]) &&
		text_find_byte(text_from(text_upto(t, 32), 20), ',') != SIZE_MAX;
}

bool
exchange_smtp_knows(const struct log_line *s)
{
	struct text t = s->message;

	if (s->frame != FRAME_NONE || t.len == 0)
		return false;
	if (t.p[0] != '#')
		return is_row(t);
	return text_has_prefix(t, software) || text_has_prefix(t, log_type) ||
		text_has_prefix(t, TEXT("#Fields: date-time,"));
}

/* A name that is not there leaves its column beyond the last. */
static void
read_columns(struct exchange_smtp *log, struct text list)
{
	struct text name;
	size_t count = 0;

	for (size_t i = 0; i < EXCHANGE_SMTP_COLUMNS; i++)
		log->columns[i] = COLUMNS_MAX;
	for (list = text_trim(list); list.len != 0 && count < COLUMNS_MAX; count++) {
		name = text_trim(text_cut(&list, ','));
		for (size_t i = 0; i < EXCHANGE_SMTP_COLUMNS; i++)
			if (text_equal(name, names[i]))
				log->columns[i] = count;
	}
	log->column_count = count;
	log->has_columns = true;
	for (size_t i = 0; i < EXCHANGE_SMTP_COLUMNS; i++)
		if (log->columns[i] == COLUMNS_MAX && i != SEQUENCE && i != LOCAL && i != CONTEXT)
			log->is_other = true;
}

static void
read_header(struct exchange_smtp *log, struct text line)
{
	if (text_has_prefix(line, software))
		*log = (struct exchange_smtp){.has_columns = false};
	else if (text_has_prefix(line, log_type))
		log->is_other = text_find(line, TEXT("SMTP Receive")) == SIZE_MAX;
	else if (text_has_prefix(line, fields) && !log->is_other)
		read_columns(log, text_from(line, fields.len));
}

/* The columns of every version known, for a log whose head is missing. */
static void
assume_columns(struct exchange_smtp *log)
{
	for (size_t i = 0; i < EXCHANGE_SMTP_COLUMNS; i++)
		log->columns[i] = i;
	log->column_count = EXCHANGE_SMTP_COLUMNS;
	log->has_columns = true;
}

/* The server's name stands before the connector's: "MAIL01\Default Frontend MAIL01". */
static struct text
server_of(struct text connector)
{
	size_t end = text_find_byte(connector, '\\');

	return end != SIZE_MAX && end != 0 ? text_upto(connector, end) : TEXT_NONE;
}

static bool
read_client(struct text remote, struct addr *out)
{
	struct endpoint e;

	if (text_find_byte(remote, '@') != SIZE_MAX || endpoint_parse(remote, &e) != OK)
		return false;
	*out = e.addr;
	return true;
}

static struct session *
start_session(struct parse_state *state, struct text key, const struct text *row)
{
	struct session *s = session_start(state->sessions, key);
	struct addr client;

	if (s == NULL)
		return NULL;
	if (read_client(row[REMOTE], &client))
		session_set_client(s, &client);
	session_set(state->sessions, s, SESSION_SERVER, server_of(row[CONNECTOR]));
	return s;
}

/* Session ids are made by each server for itself. */
static struct text
key_of(const struct text *row, char key[SESSION_KEY_MAX])
{
	struct text server = text_upto(server_of(row[CONNECTOR]), 64);
	struct text id = text_upto(row[SESSION], SESSION_KEY_MAX - 65);

	if (id.len == 0)
		return TEXT_NONE;
	if (server.len != 0)
		memcpy(key, server.p, server.len);
	key[server.len] = '/';
	memcpy(key + server.len + 1, id.p, id.len);
	return (struct text){key, server.len + 1 + id.len};
}

/* "*,DOMAIN\user,authenticated" comes before the reply to AUTH: keep the account over that. */
static enum parse_result
trace_reply(struct parse_state *state, struct session *s, struct text reply, struct denial *out)
{
	struct text account = session_get(s, SESSION_ACCOUNT);
	bool keeps = account.p != NULL && text_has_prefix(reply, TEXT("235"));
	char kept[SESSION_TEXT_MAX];
	enum parse_result result;

	if (keeps && account.len != 0)
		memcpy(kept, account.p, account.len);
	result = smtp_trace_reply(state->sessions, s, reply, &denials, state, out);
	if (keeps)
		session_set(state->sessions, s, SESSION_ACCOUNT, (struct text){kept, account.len});
	return result;
}

static bool
is_own_address(const struct text *row)
{
	struct addr local, remote;

	return read_client(row[LOCAL], &local) && read_client(row[REMOTE], &remote) &&
		addr_equal(&local, &remote);
}

/* Since 2013 the front end hands sessions on to the hub, on this or another server: in the hub's
 * log the client is the front end, which has the same session in its own log. The server takes
 * XPROXYFROM from its like only. */
static enum parse_result
read_reply(const struct text *row, struct parse_state *state, struct session *s, struct denial *out)
{
	static const struct text accepted = {"250 XProxyFrom accepted", 23};
	static const struct text proxied = {"proxied", 7};
	enum parse_result result = trace_reply(state, s, row[DATA], out);

	if (text_equal_nocase(text_upto(row[DATA], accepted.len), accepted))
		session_set(state->sessions, s, SESSION_CLIENT_NAME, proxied);
	if (result != PARSE_DENIAL)
		return result;
	out->client_name = TEXT_NONE; /* Exchange logs none */
	return session_get(s, SESSION_CLIENT_NAME).p != NULL || is_own_address(row) ? PARSE_SKIP :
										      PARSE_DENIAL;
}

static enum parse_result
read_event(const struct text *row, struct parse_state *state, struct session *s, struct denial *out)
{
	switch (row[EVENT].p[0]) {
	case '-': session_end(state->sessions, s); break;
	case '<': smtp_trace_command(state->sessions, s, row[DATA]); break;
	case '>': return read_reply(row, state, s, out);
	case '*':
		if (text_equal(row[CONTEXT], TEXT("authenticated")) && row[DATA].len != 0)
			session_set(state->sessions, s, SESSION_ACCOUNT, row[DATA]);
		break;
	default: break;
	}
	return PARSE_SKIP;
}

static enum parse_result
read_row(const struct text *row, struct parse_state *state, struct denial *out)
{
	struct text time = row[TIME], key;
	char room[SESSION_KEY_MAX];
	struct session *s;
	enum parse_result result;

	if (row[EVENT].len != 1 || strchr("+-<>*", row[EVENT].p[0]) == NULL)
		return PARSE_SKIP;
	key = key_of(row, room);
	s = row[EVENT].p[0] == '+' ? NULL : session_find(state->sessions, key);
	if (s == NULL && row[EVENT].p[0] != '-')
		s = start_session(state, key, row);
	if (s == NULL)
		return PARSE_SKIP;
	result = read_event(row, state, s, out);
	if (result == PARSE_DENIAL)
		(void)stamp_take_rfc3339(&time, &state->stamp);
	return result;
}

/* Rows of a log without its head are taken only if they look as such. */
static bool
is_receive_row(const struct text *row, size_t count)
{
	struct addr client;
	uint64_t number;

	return count == EXCHANGE_SMTP_COLUMNS &&
		text_to_u64(row[SEQUENCE], UINT32_MAX, &number) == OK &&
		read_client(row[REMOTE], &client);
}

enum parse_result
exchange_smtp_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	struct exchange_smtp *log = state->memory;
	struct text all[COLUMNS_MAX], row[EXCHANGE_SMTP_COLUMNS] = {{NULL, 0}};
	struct csv csv;
	size_t count;
	enum csv_result result;

	if (s->message.p[0] == '#')
		read_header(log, s->message);
	if (s->message.p[0] == '#' || log->is_other)
		return PARSE_SKIP;
	csv_init(&csv, s->message, ',', state->scratch, sizeof(state->scratch));
	result = csv_split(&csv, all, COLUMNS_MAX, &count);
	if (result == CSV_OPEN)
		return PARSE_MORE;
	if (!log->has_columns) {
		if (result != CSV_END || !is_receive_row(all, count))
			return PARSE_SKIP;
		assume_columns(log);
	}
	if (result != CSV_END || count > log->column_count) {
		state->reason = "the row does not fit the columns that #Fields names";
		return PARSE_BAD;
	}
	for (size_t i = 0; i < EXCHANGE_SMTP_COLUMNS; i++)
		if (log->columns[i] < count)
			row[i] = all[log->columns[i]];
	return read_row(row, state, out);
}
