#include "exim.h"

#include "exim_rejected.h"
#include "scan.h"

enum {
	MESSAGE_MAX = 32768,    /* Exim's own buffer has 8192 */
	WHOLE_MAX = 8000,       /* what is longer a syslog daemon may have cut */
	SYSLOG_WHOLE_MAX = 870, /* Exim's own MAX_SYSLOG_LEN */
	OLD_ID = 16,            /* 1aBcDe-000fGh-Ij */
	NEW_ID = 23             /* 1aBcDe-0000000fGhI-JkLm, 4.97 */
};

/* A line taken apart as far as every line of Exim's goes. */
struct entry {
	struct stamp stamp;
	struct text when; /* the stamp's text, p NULL: syslog_timestamp is off */
	struct text what; /* behind stamp and pid */
	struct text text; /* and behind the message id */
	bool has_id;
	int part;    /* n of "[n/m]", which syslog has before a long line; 0 none */
	bool is_cut; /* it goes on in part n + 1; "[n\\m]" ends where a line of the text does */
};

/* How lines begin that have no message id. */
static const struct text starts[] = {
	{"H=", 2},
	{"<= ", 3},
	{"DSH=", 4},
	{"SMTP ", 5},
	{"no MAIL in SMTP ", 16},
	{"no host name found for IP address ", 34},
	{"no IP address found for host ", 29},
	{"rejected ", 9},
	{"temporarily rejected ", 21},
	{"refused relay (", 15},
	{"Connection from ", 16},
	{"unexpected disconnection ", 25},
	{"TLS error ", 10},
	{"TLS session: ", 13},
	{"Start queue run: ", 17},
	{"End queue run: ", 15},
	{"exim ", 5},
	{"too many recipients: ", 21},
	{"SIGHUP received", 15},
	{"U=", 2},
	{"host name alias list ", 21},
	{"dovecot_", 8},
	{"cwd=/", 5},
	{"Sender identification U=", 24},
	{"VRFY failed for ", 16},
	{"socket bind() to port ", 22},
};

static const struct {
	struct text start, holds;
	enum rejection_kind kind;
} refusals[] = {
	{{"SMTP protocol ", 14}, {"", 0}, REJECTION_PROTOCOL},
	{{"SMTP syntax error ", 18}, {"", 0}, REJECTION_PROTOCOL},
	{{"SMTP call from ", 15}, {" dropped: ", 10}, REJECTION_RATE},
	{{"rejected EHLO ", 14}, {"", 0}, REJECTION_PROTOCOL},
	{{"rejected HELO ", 14}, {"", 0}, REJECTION_PROTOCOL},
	{{"rejected \"", 10}, {"", 0}, REJECTION_PROTOCOL},
	{{"rejected MAIL ", 14}, {"", 0}, REJECTION_POLICY},
	{{"rejected from <", 15}, {"", 0}, REJECTION_CONTENT},
	{{"too many recipients: ", 21}, {"", 0}, REJECTION_RATE},
	{{"Connection from ", 16}, {" refused: too many connections", 30}, REJECTION_RATE},
	{{"Connection from ", 16}, {" refused", 8}, REJECTION_POLICY},
	{{"refused relay (", 15}, {"", 0}, REJECTION_OTHER},
};

/* Of commands other than RCPT. */
static const struct {
	struct text start;
	enum rejection_kind kind;
} commands[] = {
	{{"EHLO or HELO", 12}, REJECTION_POLICY},
	{{"connection", 10}, REJECTION_POLICY},
	{{"MAIL", 4}, REJECTION_POLICY},
	{{"AUTH", 4}, REJECTION_AUTHENTICATION},
	{{"after DATA", 10}, REJECTION_CONTENT},
	{{"during MIME", 11}, REJECTION_CONTENT},
	{{"by local_scan", 13}, REJECTION_CONTENT},
	{{"DATA", 4}, REJECTION_POLICY},
};

/* Words of the reasons that configurations in use give. */
static const struct {
	struct text words;
	enum rejection_kind kind;
} reasons[] = {
	{{"is in a black list at", 21}, REJECTION_BLOCKLIST},
	{{"blacklisted", 11}, REJECTION_BLOCKLIST},
	{{"blocklist", 9}, REJECTION_BLOCKLIST},
	{{"found in dnsbl", 14}, REJECTION_BLOCKLIST},
	{{"is in an RBL", 12}, REJECTION_BLOCKLIST},
	{{"listed at", 9}, REJECTION_BLOCKLIST},
	{{"greylist", 8}, REJECTION_GREYLIST},
	{{"Greylist", 8}, REJECTION_GREYLIST},
	{{"Sender verify failed", 20}, REJECTION_POLICY},
	{{"nknown user", 11}, REJECTION_UNKNOWN_USER},
	{{"nrouteable address", 18}, REJECTION_UNKNOWN_USER},
	{{"No Such User Here", 17}, REJECTION_UNKNOWN_USER},
	{{"SMTP AUTH is required", 21}, REJECTION_AUTHENTICATION},
	{{"ratelimit", 9}, REJECTION_RATE},
	{{"too many", 8}, REJECTION_RATE},
};

static const struct text relay_reasons[] = {
	{"relay not permitted", 19}, /* src/configure.default */
	{"relay not permitted, authentication required", 44},
	{"Administrative prohibition: relay not permitted", 47},
	{"relaying not permitted", 22},
	{"relaying denied", 15},
	{"relay denied", 12},
	{"relay access denied", 19},
};

/* cPanel: behind $sender_fullhost. With or without a full stop at the end. */
static const struct text full_host_reasons[] = {
	{" is currently not permitted to relay through this server", 56},
	{" is currently not permitted to relay through this server. Perhaps you have not logged "
	 "into the pop/imap server in the last 30 minutes or do not have SMTP Authentication "
	 "turned on in your email client",
		199},
	{" is not permitted to relay through this server without authentication", 69},
};

/* cPanel, since 11.24; alone, or in front of such a sentence. */
static const struct text turn_on[] = {
	{"Please turn on SMTP Authentication in your mail client.", 55},
	{"Please turn on SMTP Authentication in your mail client, or login to the IMAP/POP3 server "
	 "before sending your message.",
		117},
	{"Please turn on SMTP Authentication in your mail client", 54},
};

/* DirectAdmin; others may say it to those who write to local users. */
static const struct text needs_authentication = {"authentication required", 23};

static void
take_part(struct text *rest, struct entry *out)
{
	struct text t = *rest;
	bool ends_line;
	int n, of;

	if (!scan_byte(&t, '[') || !scan_number(&t, 1, 4, &n))
		return;
	ends_line = scan_byte(&t, '\\');
	if ((!ends_line && !scan_byte(&t, '/')) || !scan_number(&t, 1, 4, &of) ||
		!scan_literal(&t, TEXT("] ")))
		return;
	out->part = n;
	out->is_cut = !ends_line && n < of;
	*rest = t;
}

static bool
is_id(struct text t, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool hyphen = i == 6 || i == len - (len == OLD_ID ? 3 : 5);

		if (hyphen ? t.p[i] != '-' : !scan_is_alnum(t.p[i]))
			return false;
	}
	return t.p[len] == ' ';
}

static bool
take_id(struct text *rest)
{
	if (rest->len > OLD_ID && is_id(*rest, OLD_ID))
		scan_skip(rest, OLD_ID + 1);
	else if (rest->len > NEW_ID && is_id(*rest, NEW_ID))
		scan_skip(rest, NEW_ID + 1);
	else
		return false;
	return true;
}

static void
take_pid(struct text *rest)
{
	struct text t = *rest;
	int pid;

	if (scan_byte(&t, '[') && scan_number(&t, 1, 9, &pid) && scan_literal(&t, TEXT("] ")))
		*rest = t;
}

/* False when there is no time stamp, which only syslog lines can do without. */
static bool
take_entry(struct text t, struct entry *out)
{
	struct text rest = t;
	bool has_stamp;

	*out = (struct entry){.when = TEXT_NONE};
	take_part(&rest, out);
	t = rest;
	has_stamp = rest.len != 0 && scan_is_digit(rest.p[0]) &&
		stamp_take_date_time(&rest, &out->stamp) && scan_byte(&rest, ' ');
	if (has_stamp)
		out->when = text_upto(t, t.len - rest.len);
	else
		rest = t;
	take_pid(&rest);
	out->what = rest;
	out->has_id = take_id(&rest);
	while (scan_byte(&rest, ' '))
		continue;
	(void)scan_literal(&rest, TEXT("DS")); /* reverse name checked with DNSSEC */
	out->text = rest;
	return has_stamp;
}

/* "login authenticator failed for ": the first word is the server's. */
static bool
is_failed_login(struct text t)
{
	size_t blank = text_find_byte(text_upto(t, 64), ' ');

	return blank != SIZE_MAX &&
		text_has_prefix(text_from(t, blank), TEXT(" authenticator failed for "));
}

/* What the reject log has of a message's header. */
static bool
is_header(struct text t)
{
	struct text name;

	if (t.p[0] == '\t' || t.p[0] == ' ')
		return true;
	if (text_has_prefix(t, TEXT("Envelope-from: <")) ||
		text_has_prefix(t, TEXT("Envelope-to: <")) ||
		text_equal(t, TEXT("*** truncated ***")))
		return true;
	if (t.len < 4 || t.p[1] != ' ' || memchr("PIRSFTBC*", t.p[0], 9) == NULL)
		return false;
	scan_skip(&t, 2);
	if (!scan_until(&t, ':', &name) || name.len == 0)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!scan_is_alnum(name.p[i]) && name.p[i] != '-' && name.p[i] != '_')
			return false;
	return true;
}

bool
exim_knows(const struct log_line *s)
{
	struct entry e;

	if (s->tag.len != 0)
		return text_has_prefix(s->tag, TEXT("exim"));
	return take_entry(s->message, &e) &&
		(e.has_id || scan_starts_with(e.text, starts, ORBL_COUNT(starts)) ||
			is_failed_login(e.text));
}

bool
exim_continues(const struct log_line *s)
{
	struct entry e;

	if (s->message.len == 0)
		return false;
	if (!scan_is_digit(s->message.p[0]))
		return s->frame == FRAME_NONE && is_header(s->message);
	return s->message.len > 10 && s->message.p[10] == ' ' && take_entry(s->message, &e);
}

static bool
is_in(struct text t, const struct text *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text_equal_nocase(t, list[i]))
			return true;
	return false;
}

static bool
names_full_host(struct text reason, struct text full)
{
	if (!scan_literal(&reason, full))
		return false;
	if (text_has_suffix(reason, TEXT(".")))
		reason.len--;
	for (size_t i = 0; i < ORBL_COUNT(full_host_reasons); i++)
		if (text_equal(reason, full_host_reasons[i]))
			return true;
	return false;
}

static bool
tells_to_turn_on(struct text reason, struct text full)
{
	for (size_t i = 0; i < ORBL_COUNT(turn_on); i++) {
		struct text t = reason;

		if (!scan_literal(&t, turn_on[i]))
			continue;
		t = text_trim(t);
		if (t.len == 0 || names_full_host(t, full))
			return true;
	}
	return false;
}

/* "relaying to <R> prohibited by administrator", as Exim 3 said to clients. */
static bool
prohibits(struct text reason, struct text recipient)
{
	return recipient.len != 0 && scan_literal(&reason, TEXT("relaying to <")) &&
		scan_literal(&reason, recipient) &&
		text_equal(reason, TEXT("> prohibited by administrator"));
}

static bool
is_relay_reason(const struct exim_rejected *r)
{
	if (r->reason.p == NULL)
		return false;
	return is_in(r->reason, relay_reasons, ORBL_COUNT(relay_reasons)) ||
		prohibits(r->reason, r->recipient) || tells_to_turn_on(r->reason, r->host.full) ||
		names_full_host(r->reason, r->host.full);
}

static enum rejection_kind
kind_of(const struct exim_rejected *r)
{
	for (size_t i = 0; i < ORBL_COUNT(commands); i++)
		if (text_has_prefix(r->what, commands[i].start))
			return commands[i].kind;
	for (size_t i = 0; r->reason.p != NULL && i < ORBL_COUNT(reasons); i++)
		if (text_find(r->reason, reasons[i].words) != SIZE_MAX)
			return reasons[i].kind;
	return REJECTION_OTHER;
}

/* Exim's own words without the pid, which syslog may have instead. */
static struct text
identity_of(const struct entry *e, struct parse_state *state)
{
	char *to = state->scratch + state->used;
	size_t len = e->when.len + e->what.len;

	if (e->when.p == NULL || len > sizeof(state->scratch) - state->used)
		return TEXT_NONE;
	memcpy(to, e->when.p, e->when.len);
	memcpy(to + e->when.len, e->what.p, e->what.len);
	state->used += len;
	return (struct text){to, len};
}

static void
fill(const struct exim_rejected *r, struct denial *out)
{
	out->client = r->host.client;
	out->client_name = r->host.name;
	out->helo = r->host.helo;
	out->sender = r->sender;
	out->recipient = r->recipient;
	out->account = r->account;
	out->reply = r->reason;
	out->kind = r->authenticated ? DENIAL_AUTHENTICATED :
		r->temporary         ? DENIAL_RELAY_TEMPORARY :
				       DENIAL_RELAY;
}

static enum parse_result
parse_rejected(const struct entry *e, struct parse_state *state, struct denial *out)
{
	struct exim_rejected r;

	if (e->is_cut || exim_read_rejected(text_from(e->text, 2), &r) != EXIM_READ)
		return PARSE_REJECTION;
	fill(&r, out);
	if (is_relay_reason(&r))
		return PARSE_DENIAL;
	state->rejection = kind_of(&r);
	if (r.reason.p == NULL || !text_equal_nocase(r.reason, needs_authentication))
		return PARSE_REJECTION;
	state->rejection = REJECTION_AUTHENTICATION;
	if (r.authenticated || parse_is_local(state, r.recipient))
		return PARSE_REJECTION;
	out->kind = DENIAL_RELAY_PROBABLE;
	return PARSE_DENIAL;
}

/* Exim 3: "refused relay (host) to <R> from <S> H=HOST". */
static enum parse_result
parse_refused(struct text t, struct denial *out)
{
	struct exim_host host;
	struct text why;

	scan_skip(&t, sizeof("refused relay (") - 1);
	if (!scan_until(&t, ')', &why) || !scan_literal(&t, TEXT(" to <")) ||
		!exim_take_address(&t, &out->recipient) || !scan_literal(&t, TEXT(" from <")) ||
		!exim_take_address(&t, &out->sender) || !scan_literal(&t, TEXT(" H=")) ||
		!exim_take_host(t, &host))
		return PARSE_REJECTION;
	if (host.rest.len != 0 && !text_has_prefix(host.rest, TEXT(" (failed to find host name")))
		return PARSE_REJECTION;
	out->client = host.client;
	out->client_name = host.name;
	out->helo = host.helo;
	out->kind = DENIAL_RELAY;
	return PARSE_DENIAL;
}

static enum parse_result
parse_other(struct text t, struct parse_state *state)
{
	if (is_failed_login(t)) {
		state->rejection = REJECTION_AUTHENTICATION;
		return PARSE_REJECTION;
	}
	for (size_t i = 0; i < ORBL_COUNT(refusals); i++) {
		if (!text_has_prefix(t, refusals[i].start) ||
			text_find(t, refusals[i].holds) == SIZE_MAX)
			continue;
		state->rejection = refusals[i].kind;
		return PARSE_REJECTION;
	}
	return PARSE_SKIP;
}

/* Written by Exim itself, not through syslog. */
static bool
is_file(const struct log_line *s)
{
	return s->frame == FRAME_NONE || s->frame == FRAME_DOCKER;
}

enum parse_result
exim_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	enum parse_result result;
	struct entry e;

	if (!take_entry(s->message, &e) && s->frame == FRAME_NONE)
		return PARSE_SKIP;
	if (e.part > 1 || s->message.len > MESSAGE_MAX || e.text.len == 0)
		return PARSE_SKIP;
	if (s->message.len > (is_file(s) ? WHOLE_MAX : SYSLOG_WHOLE_MAX))
		e.is_cut = true;
	if (text_has_prefix(e.text, TEXT("H="))) {
		if (text_find(e.text, TEXT(" rejected ")) == SIZE_MAX)
			return PARSE_SKIP;
		result = parse_rejected(&e, state, out);
	} else if (text_has_prefix(e.text, TEXT("refused relay ("))) {
		result = e.is_cut ? PARSE_REJECTION : parse_refused(e.text, out);
	} else {
		result = parse_other(e.text, state);
	}
	if (result == PARSE_SKIP)
		return result;
	state->stamp = e.stamp;
	state->twice = !is_file(s);
	out->identity = identity_of(&e, state);
	return result;
}
