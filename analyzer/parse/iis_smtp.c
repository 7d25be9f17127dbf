#include "iis_smtp.h"

#include <string.h>

#include "iis_row.h"
#include "scan.h"
#include "session.h"
#include "smtp_trace.h"

enum column { DATE, TIME, CLIENT, USER, SITE, COMPUTER, SERVER, METHOD, QUERY, STATUS, BYTES };

enum {
	ROW_COLUMNS_MAX = 64,
	REPLY_OF_RELAY = 33,  /* "550 5.7.1 Unable to relay for R " and CR LF, without R */
	REPLY_OF_UNKNOWN = 24 /* "550 5.1.1 User unknown" and CR LF */
};

static const struct text names[IIS_SMTP_COLUMNS] = {
	[DATE] = {"date", 4},
	[TIME] = {"time", 4},
	[CLIENT] = {"c-ip", 4},
	[USER] = {"cs-username", 11},
	[SITE] = {"s-sitename", 10},
	[COMPUTER] = {"s-computername", 14},
	[SERVER] = {"s-ip", 4},
	[METHOD] = {"cs-method", 9},
	[QUERY] = {"cs-uri-query", 12},
	[STATUS] = {"sc-status", 9},
	[BYTES] = {"sc-bytes", 8},
};

/* "2006-10-09 " */
static bool
skip_date(struct text *t)
{
	if (t->len < 11 || t->p[4] != '-' || t->p[7] != '-' || t->p[10] != ' ')
		return false;
	scan_skip(t, 11);
	return true;
}

/* [DATE SP] TIME SP ADDR SP: so does IIS order the columns. */
static bool
is_w3c_row(struct text t)
{
	struct text client;

	(void)skip_date(&t);
	if (t.len < 9 || t.p[2] != ':' || t.p[5] != ':' || t.p[8] != ' ')
		return false;
	scan_skip(&t, 9);
	return iis_row_take_address(&t, ' ', &client);
}

bool
iis_smtp_knows(const struct log_line *s)
{
	struct text t = s->message;

	if (s->frame != FRAME_NONE || t.len == 0)
		return false;
	if (t.p[0] == '#')
		return text_has_prefix(t, TEXT("#Software: Microsoft Internet Info")) ||
			text_has_prefix(t, TEXT("#Software: Microsoft SMTP")) ||
			text_has_prefix(t, TEXT("#Version: ")) ||
			text_has_prefix(t, TEXT("#Date: ")) ||
			text_has_prefix(t, TEXT("#Fields: date time ")) ||
			text_has_prefix(t, TEXT("#Fields: time ")) ||
			text_has_prefix(t, TEXT("#Fields: c-ip "));
	return is_w3c_row(t) || iis_row_is_ncsa(t) || iis_row_is_iis(t);
}

static void
read_columns(struct iis_smtp *log, struct text list)
{
	size_t count = 0;

	for (size_t i = 0; i < IIS_SMTP_COLUMNS; i++)
		log->columns[i] = ROW_COLUMNS_MAX;
	for (list = text_trim(list); list.len != 0 && count < ROW_COLUMNS_MAX; count++) {
		struct text name = text_cut(&list, ' ');

		for (size_t i = 0; i < IIS_SMTP_COLUMNS; i++)
			if (text_equal(name, names[i]))
				log->columns[i] = count;
	}
	log->column_count = count;
}

static void
read_header(struct iis_smtp *log, struct text line)
{
	static const struct text date = {"#Date: ", 7}, fields = {"#Fields: ", 9};

	if (text_has_prefix(line, TEXT("#Software: "))) {
		log->column_count = 0;
	} else if (text_has_prefix(line, fields)) {
		read_columns(log, text_from(line, fields.len));
	} else if (text_has_prefix(line, date)) {
		line = text_from(line, date.len);
		(void)stamp_take_date_time(&line, &log->date);
	}
}

static struct text
column_of(const struct iis_smtp *log, const struct text *all, enum column which)
{
	size_t i = log->columns[which];

	return i < log->column_count && !text_equal(all[i], TEXT("-")) ? all[i] : TEXT_NONE;
}

/* Times are UTC. Without a date the row is of the day that the file was begun. */
static struct stamp
time_of(const struct iis_smtp *log, const struct text *all)
{
	struct text date = column_of(log, all, DATE), time = column_of(log, all, TIME);
	struct stamp stamp = log->date, none = {0};
	int year, month, day;

	if (date.p != NULL &&
		(!scan_number(&date, 4, 4, &year) || !scan_byte(&date, '-') ||
			!scan_number(&date, 2, 2, &month) || !scan_byte(&date, '-') ||
			!scan_number(&date, 2, 2, &day) || date.len != 0 ||
			!stamp_set_date(&stamp, year, month, day)))
		return none;
	if (stamp.month == 0 || !stamp_take_clock(&time, &stamp) || time.len != 0)
		return none;
	stamp.is_local = false;
	return stamp;
}

static enum parse_result
read_w3c(const struct iis_smtp *log, struct text line, struct iis_row *out, const char **reason)
{
	struct text all[ROW_COLUMNS_MAX];
	size_t count = 0;

	if (log->column_count == 0) {
		if (text_find(line, TEXT(" RCPT ")) == SIZE_MAX)
			return PARSE_SKIP;
		*reason = "the #Fields line that says what the columns are is missing";
		return PARSE_BAD;
	}
	for (line = text_trim(line); line.len != 0 && count < log->column_count; count++)
		all[count] = text_cut(&line, ' ');
	if (count != log->column_count || line.len != 0) {
		*reason = "the row does not have the columns that #Fields names";
		return PARSE_BAD;
	}
	out->client = column_of(log, all, CLIENT);
	out->user = column_of(log, all, USER);
	out->site = column_of(log, all, SITE);
	out->computer = column_of(log, all, COMPUTER);
	if (log->columns[SERVER] < count)
		out->server = all[log->columns[SERVER]];
	out->method = column_of(log, all, METHOD);
	out->query = column_of(log, all, QUERY);
	out->status = column_of(log, all, STATUS);
	out->bytes = column_of(log, all, BYTES);
	if (text_equal(out->status, TEXT("550"))) /* no other row is a denial */
		out->stamp = time_of(log, all);
	return PARSE_DENIAL;
}

static void
skip_blanks(struct text *t)
{
	while (t->len != 0 && (t->p[0] == '+' || t->p[0] == ' '))
		scan_skip(t, 1);
}

/* "+TO:+<path>+..." A "+" in the path is what the client wrote, or a blank: it stays. */
static bool
read_path(struct text query, struct text keyword, struct text *path)
{
	size_t at, plus;

	skip_blanks(&query);
	if (!text_equal_nocase(text_upto(query, keyword.len), keyword))
		return false;
	query = text_from(query, keyword.len);
	skip_blanks(&query);
	if (!scan_byte(&query, ':'))
		return false;
	skip_blanks(&query);
	if (!smtp_trace_path(query, path))
		return false;
	at = text_find_byte(*path, '@');
	if (query.p[0] != '<' && at != SIZE_MAX &&
		(plus = text_find_byte(text_from(*path, at), '+')) != SIZE_MAX)
		path->len = at + plus;
	return true;
}

static size_t
append(char *p, size_t used, struct text t)
{
	size_t n = t.len < 40 ? t.len : 40;

	if (n != 0)
		memcpy(p + used, t.p, n);
	p[used + n] = ' ';
	return used + n + 1;
}

static struct session *
session_of(struct parse_state *state, const struct iis_row *row, bool may_start)
{
	char key[SESSION_KEY_MAX];
	struct text t = {key, 0};
	struct session *s;

	t.len = append(key, t.len, row->client);
	t.len = append(key, t.len, row->computer);
	t.len = append(key, t.len, row->site);
	s = session_find(state->sessions, t);
	return s != NULL || !may_start ? s : session_start(state->sessions, t);
}

enum method { OTHER, HELO, MAIL, RCPT, END };

static enum method
method_of(const struct iis_row *row)
{
	static const struct {
		const char *name;
		enum method method;
	} methods[] = {{"MAIL", MAIL}, {"RCPT", RCPT}, {"HELO", HELO}, {"EHLO", HELO},
		{"DATA", END}, {"BDAT", END}, {"RSET", END}, {"QUIT", END}};

	for (size_t i = 0; i < ORBL_COUNT(methods); i++)
		if (text_has_prefix(row->method, text_of(methods[i].name)))
			return methods[i].method;
	return OTHER;
}

/* What later rows of this client need. */
static void
note_command(struct parse_state *state, const struct iis_row *row, enum method method)
{
	bool sets = method == HELO || method == MAIL;
	struct session *s = session_of(state, row, sets);
	struct text value = row->query, path = TEXT_NONE;

	if (s == NULL)
		return;
	skip_blanks(&value);
	if (method == HELO)
		session_set(state->sessions, s, SESSION_HELO, value);
	if (method == MAIL && !read_path(row->query, TEXT("FROM"), &path))
		return;
	session_set(state->sessions, s, SESSION_SENDER, path);
}

/* The log has no words of the reply: what its length says. */
static enum parse_result
judge_reply(const struct iis_row *row, struct parse_state *state, struct denial *out)
{
	uint64_t bytes;

	out->kind = DENIAL_RELAY;
	if (text_to_u64(row->bytes, UINT32_MAX, &bytes) != OK || bytes == 0 ||
		out->recipient.p == NULL) {
		out->kind = DENIAL_RELAY_PROBABLE;
		state->rejection = REJECTION_UNKNOWN_USER;
		return parse_is_local(state, out->recipient) ? PARSE_REJECTION : PARSE_DENIAL;
	}
	if (bytes == REPLY_OF_RELAY + out->recipient.len ||
		bytes == REPLY_OF_RELAY - 1 + out->recipient.len) /* without the last blank */
		return PARSE_DENIAL;
	if (bytes == REPLY_OF_UNKNOWN)
		state->rejection = REJECTION_UNKNOWN_USER;
	return PARSE_REJECTION;
}

static enum parse_result
judge_recipient(const struct iis_row *row, struct parse_state *state, struct denial *out)
{
	struct session *s = session_of(state, row, false);
	enum parse_result result;

	if (!read_path(row->query, TEXT("TO"), &out->recipient))
		out->recipient = TEXT_NONE;
	result = judge_reply(row, state, out);
	if (result != PARSE_DENIAL)
		return result;
	if (addr_parse(row->client, &out->client) != OK) {
		state->reason =
			"a refused recipient, but no client address: the service must log c-ip";
		return PARSE_BAD;
	}
	out->helo = text_equal(row->user, TEXT("-")) ? TEXT_NONE : row->user;
	if (s != NULL) {
		out->sender = session_get(s, SESSION_SENDER);
		if (out->helo.p == NULL)
			out->helo = session_get(s, SESSION_HELO);
	}
	out->server = row->computer;
	out->reply = row->status;
	return PARSE_DENIAL;
}

/* This server as a client: then no address of its own is logged. A client cannot bring that about
 * by calling itself so. */
static bool
is_outbound(const struct iis_row *row)
{
	return text_equal(row->server, TEXT("-")) &&
		text_has_prefix(row->user, TEXT("OutboundConnection"));
}

static enum parse_result
judge(const struct iis_row *row, struct parse_state *state, struct denial *out)
{
	enum method method = method_of(row);
	char class = row->status.len == 3 ? row->status.p[0] : '\0';

	if (is_outbound(row))
		return PARSE_SKIP;
	state->stamp = row->stamp;
	if (class == '2' && (method == HELO || method == MAIL || method == END))
		note_command(state, row, method);
	if (class != '4' && class != '5')
		return PARSE_SKIP;
	if (method == RCPT && text_equal(row->status, TEXT("550")))
		return judge_recipient(row, state, out);
	state->rejection = rejection_of_reply(row->status);
	return PARSE_REJECTION;
}

enum parse_result
iis_smtp_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	struct iis_smtp *log = state->memory;
	struct text line = s->message;
	struct iis_row row = {.stamp = {0}};
	enum parse_result result;

	if (line.p[0] == '#') {
		read_header(log, line);
		return PARSE_SKIP;
	}
	if (iis_row_is_iis(line))
		result = iis_row_read_iis(line, &row);
	else if (iis_row_is_ncsa(line))
		result = iis_row_read_ncsa(line, &row);
	else
		result = read_w3c(log, line, &row, &state->reason);
	return result == PARSE_DENIAL ? judge(&row, state, out) : result;
}
