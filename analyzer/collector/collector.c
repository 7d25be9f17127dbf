#include "collector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector_data.h"

enum { REPLY_MAX = 512 };

enum tls_state { TLS_NONE, TLS_WANTED, TLS_ON };

struct collector_session {
	const struct collector_conf *conf;
	struct addr local;
	bool helo_said, mail_said, in_data, over;
	bool null_sender, line_too_long;
	bool known;      /* a recipient was one of ours */
	bool held, lost; /* the reply to the message waits; it will be 451 */
	struct collector_data data;
	enum tls_state tls_state;
	char tls[COLLECTOR_TLS_TEXT];
	unsigned errors, messages;
	char helo[256], mail_from[COLLECTOR_PATH];
	size_t rcpt_count;
	struct {
		struct token token;
		char path[COLLECTOR_PATH];
	} rcpts[COLLECTOR_RCPTS_MAX];
	size_t line_len, output_len;
	char line[COLLECTOR_LINE_MAX];
	char output[COLLECTOR_OUTPUT_MAX];
};

static void
reply(struct collector_session *s, const char *text)
{
	size_t room = sizeof(s->output) - s->output_len;
	int n = snprintf(s->output + s->output_len, room, "%s\r\n", text);

	if (n > 0)
		s->output_len += (size_t)n < room ? (size_t)n : room - 1;
}

/* With the page about us, when the line has room for it (RFC 5321 section 4.5.3.1.5). */
static void
add_url(const struct collector_session *s, char text[REPLY_MAX])
{
	size_t len = strlen(text), room = REPLY_MAX - len;
	const char *url = s->conf->url;

	if (url != NULL && url[0] != '\0' && len + strlen(url) + strlen(": \r\n") < REPLY_MAX)
		snprintf(text + len, room, ": %s", url);
}

static void
reply_error(struct collector_session *s, const char *text)
{
	if (++s->errors <= COLLECTOR_ERRORS_MAX) {
		reply(s, text);
		return;
	}
	reply(s, "421 4.7.0 Too many errors");
	s->over = true;
}

struct collector_session *
collector_session_new(const struct collector_conf *conf, const struct addr *local)
{
	struct collector_session *s = calloc(1, sizeof(*s));
	char banner[REPLY_MAX];

	if (s == NULL)
		return NULL;
	s->conf = conf;
	if (local != NULL)
		s->local = *local;
	snprintf(banner, sizeof(banner), "220 %s ESMTP collector of relay tests", conf->name);
	add_url(s, banner);
	reply(s, banner);
	return s;
}

void
collector_session_free(struct collector_session *s)
{
	if (s == NULL)
		return;
	collector_data_drop(&s->data);
	free(s);
}

struct text
collector_output(const struct collector_session *s)
{
	return (struct text){s->output, s->output_len};
}

void
collector_output_taken(struct collector_session *s, size_t len)
{
	memmove(s->output, s->output + len, s->output_len - len);
	s->output_len -= len;
}

bool
collector_is_over(const struct collector_session *s)
{
	return s->over;
}

bool
collector_wants_tls(const struct collector_session *s)
{
	return s->tls_state == TLS_WANTED;
}

static void
reset_transaction(struct collector_session *s)
{
	s->mail_said = false;
	s->rcpt_count = 0;
}

void
collector_tls_started(struct collector_session *s, const char *how)
{
	s->tls_state = TLS_ON;
	snprintf(s->tls, sizeof(s->tls), "%s", how);
	/* RFC 3207 section 4.2: what was said in clear may be somebody else's. */
	s->helo_said = false;
	s->helo[0] = '\0';
	reset_transaction(s);
}

/* --- paths -------------------------------------------------------------- */

/* "<PATH> parameters" or, as some write it, " <PATH>"; the path without its brackets. */
static bool
parse_path(struct text argument, struct text *path)
{
	size_t end;

	argument = text_trim(argument);
	if (argument.len == 0 || argument.p[0] != '<')
		return false;
	end = text_find_byte(argument, '>');
	if (end == SIZE_MAX)
		return false;
	*path = text_upto(text_from(argument, 1), end - 1);
	return true;
}

static bool
is_our_domain(const struct collector_session *s, struct text domain)
{
	struct text ours = text_of(s->conf->domain);
	char literal[ADDR_TEXT + 8], address[ADDR_TEXT];

	if (s->local.family != 0) {
		snprintf(literal, sizeof(literal), "[%s%s]", s->local.family == 6 ? "IPv6:" : "",
			addr_format(&s->local, address));
		if (text_equal_nocase(domain, text_of(literal)))
			return true;
	}
	if (domain.len != 0 && domain.p[domain.len - 1] == '.')
		domain.len--;
	if (domain.len > ours.len && domain.p[domain.len - ours.len - 1] == '.')
		domain = text_from(domain, domain.len - ours.len);
	return text_equal_nocase(domain, ours);
}

/* The mailbox must be the token itself. A source route is passed over (RFC 5321 appendix C):
 * it led here; a token that is still wrapped in another form did not reach its mailbox. */
static enum err
parse_recipient(const struct collector_session *s, struct text path, int64_t now_s,
	struct token *out)
{
	struct text local;
	size_t at;

	if (path.len != 0 && path.p[0] == '@')
		path = text_from(text_from(path, text_find_byte(path, ':')), 1);
	at = text_rfind(path, TEXT("@"));
	if (at == SIZE_MAX || !is_our_domain(s, text_from(path, at + 1)))
		return ERR_REFUSED;
	local = text_upto(path, at);
	if (local.len >= 2 && local.p[0] == '"' && local.p[local.len - 1] == '"')
		local = text_upto(text_from(local, 1), local.len - 2);
	return token_parse(local, s->conf->key, now_s, TOKEN_MAX_AGE_HOURS, out);
}

static void
keep_path(struct text path, char out[COLLECTOR_PATH])
{
	size_t n;

	out[0] = '<';
	n = text_printable(path, out + 1, COLLECTOR_PATH - 2);
	out[n + 1] = '>';
	out[n + 2] = '\0';
}

/* --- commands ----------------------------------------------------------- */

static void
command_helo(struct collector_session *s, struct text argument, int64_t now_s)
{
	char text[REPLY_MAX];

	(void)now_s;
	text_printable(text_trim(argument), s->helo, sizeof(s->helo));
	s->helo_said = true;
	reset_transaction(s);
	snprintf(text, sizeof(text), "250 %s", s->conf->name);
	reply(s, text);
}

static void
command_ehlo(struct collector_session *s, struct text argument, int64_t now_s)
{
	char text[REPLY_MAX];

	(void)now_s;
	text_printable(text_trim(argument), s->helo, sizeof(s->helo));
	s->helo_said = true;
	reset_transaction(s);
	snprintf(text, sizeof(text),
		"250-%s\r\n250-8BITMIME\r\n250-ENHANCEDSTATUSCODES\r\n250-PIPELINING\r\n"
		"%s250 SIZE %d",
		s->conf->name, s->conf->tls && s->tls_state == TLS_NONE ? "250-STARTTLS\r\n" : "",
		COLLECTOR_MESSAGE_MAX);
	reply(s, text);
}

static void
command_starttls(struct collector_session *s, struct text argument, int64_t now_s)
{
	(void)now_s;
	if (!s->conf->tls || s->tls_state != TLS_NONE) {
		reply_error(s, "503 5.5.1 No TLS here, or no second time");
	} else if (text_trim(argument).len != 0) {
		reply_error(s, "501 5.5.4 STARTTLS has no argument");
	} else {
		reply(s, "220 2.0.0 Go ahead");
		s->tls_state = TLS_WANTED;
	}
}

static void
command_mail(struct collector_session *s, struct text argument, int64_t now_s)
{
	struct text path;

	(void)now_s;
	if (!s->helo_said || s->mail_said) {
		reply_error(s, "503 5.5.1 Not now");
	} else if (!parse_path(argument, &path)) {
		reply_error(s, "501 5.5.4 MAIL FROM:<address>");
	} else {
		s->mail_said = true;
		s->null_sender = path.len == 0;
		keep_path(path, s->mail_from);
		reply(s, "250 2.1.0 Ok");
	}
}

static void
refuse_recipient(struct collector_session *s, struct text path)
{
	static const struct text postmaster = {"postmaster", 10};
	bool is_postmaster = text_equal_nocase(text_upto(path, postmaster.len), postmaster);
	char text[REPLY_MAX];

	snprintf(text, sizeof(text), "550 5.1.1 %s",
		is_postmaster ? "Nobody reads mail here; how to reach us" :
				"No such mailbox; this server takes relay tests only");
	add_url(s, text);
	reply_error(s, text);
}

/* Named twice it is one: each is looked for in the whole message. */
static bool
has_recipient(const struct collector_session *s, const struct token *token)
{
	for (size_t i = 0; i < s->rcpt_count; i++) {
		const struct token *t = &s->rcpts[i].token;

		if (t->probe_id == token->probe_id && t->case_index == token->case_index &&
			t->hour == token->hour && t->to_sender == token->to_sender)
			return true;
	}
	return false;
}

static void
command_rcpt(struct collector_session *s, struct text argument, int64_t now_s)
{
	struct token token;
	struct text path;

	if (!s->mail_said) {
		reply_error(s, "503 5.5.1 MAIL first");
	} else if (!parse_path(argument, &path)) {
		reply_error(s, "501 5.5.4 RCPT TO:<address>");
	} else if (parse_recipient(s, path, now_s, &token) != OK) {
		refuse_recipient(s, path);
	} else if (has_recipient(s, &token)) {
		reply_error(s, "250 2.1.5 Ok, again");
	} else if (s->rcpt_count == COLLECTOR_RCPTS_MAX) {
		reply_error(s, "452 4.5.3 Too many recipients");
	} else {
		s->known = true;
		s->rcpts[s->rcpt_count].token = token;
		keep_path(path, s->rcpts[s->rcpt_count++].path);
		reply(s, "250 2.1.5 Ok");
	}
}

static void
command_data(struct collector_session *s, struct text argument, int64_t now_s)
{
	(void)argument;
	(void)now_s;
	if (s->rcpt_count == 0) {
		reply_error(s, "503 5.5.1 RCPT first");
		return;
	}
	s->in_data = true;
	collector_data_begin(&s->data);
	reply(s, "354 End with a dot alone on a line");
}

static void
command_rset(struct collector_session *s, struct text argument, int64_t now_s)
{
	(void)argument;
	(void)now_s;
	reset_transaction(s);
	/* Counted, so that a session of these has an end. */
	reply_error(s, "250 2.0.0 Ok");
}

static void
command_noop(struct collector_session *s, struct text argument, int64_t now_s)
{
	(void)argument;
	(void)now_s;
	reply_error(s, "250 2.0.0 Ok");
}

/* RFC 5321 section 3.5.3; there is nothing to verify. */
static void
command_vrfy(struct collector_session *s, struct text argument, int64_t now_s)
{
	(void)argument;
	(void)now_s;
	reply_error(s, "252 2.5.2 Cannot verify; RCPT may tell");
}

static void
command_expn(struct collector_session *s, struct text argument, int64_t now_s)
{
	(void)argument;
	(void)now_s;
	reply_error(s, "502 5.5.1 No lists here");
}

static void
command_quit(struct collector_session *s, struct text argument, int64_t now_s)
{
	(void)argument;
	(void)now_s;
	reply(s, "221 2.0.0 Bye");
	s->over = true;
}

static const struct command {
	const char *verb; /* with what stands between it and the argument */
	void (*fn)(struct collector_session *, struct text argument, int64_t now_s);
} commands[] = {
	{"HELO ", command_helo},
	{"EHLO ", command_ehlo},
	{"STARTTLS", command_starttls},
	{"MAIL FROM:", command_mail},
	{"RCPT TO:", command_rcpt},
	{"DATA", command_data},
	{"RSET", command_rset},
	{"NOOP", command_noop},
	{"VRFY", command_vrfy},
	{"EXPN", command_expn},
	{"QUIT", command_quit},
};

static void
take_command(struct collector_session *s, struct text line, int64_t now_s)
{
	for (size_t i = 0; i < ORBL_COUNT(commands); i++) {
		struct text verb = text_of(commands[i].verb);

		if (text_equal_nocase(text_upto(line, verb.len), verb)) {
			commands[i].fn(s, text_from(line, verb.len), now_s);
			return;
		}
	}
	reply_error(s, "500 5.5.2 Unknown command");
}

/* --- bytes -------------------------------------------------------------- */

static void
take_command_byte(struct collector_session *s, char c, int64_t now_s)
{
	struct text line = {s->line, s->line_len};

	if (c != '\n') {
		if (s->line_len == sizeof(s->line))
			s->line_too_long = true;
		else
			s->line[s->line_len++] = c;
		return;
	}
	if (line.len != 0 && line.p[line.len - 1] == '\r')
		line.len--;
	s->line_len = 0;
	if (s->line_too_long)
		reply_error(s, "500 5.5.2 Line too long");
	else
		take_command(s, line, now_s);
	s->line_too_long = false;
}

static bool
has_recipient_of(const struct collector_session *s, uint64_t probe_id)
{
	for (size_t i = 0; i < s->rcpt_count; i++)
		if (!s->rcpts[i].token.to_sender && s->rcpts[i].token.probe_id == probe_id)
			return true;
	return false;
}

static void
report_arrivals(struct collector_session *s)
{
	bool told[COLLECTOR_LOST + 1] = {false};
	struct collector_arrival a = {.null_sender = s->null_sender,
		.bytes = s->data.bytes,
		.message = {s->data.kept, s->data.len}};

	memcpy(a.mail_from, s->mail_from, sizeof(a.mail_from));
	memcpy(a.helo, s->helo, sizeof(a.helo));
	memcpy(a.tls, s->tls, sizeof(a.tls));
	for (size_t i = 0; i < s->rcpt_count; i++) {
		a.token = s->rcpts[i].token;
		a.is_copy = a.token.to_sender && !s->null_sender &&
			has_recipient_of(s, a.token.probe_id);
		memcpy(a.rcpt_to, s->rcpts[i].path, sizeof(a.rcpt_to));
		told[s->conf->arrival_fn(&a, s->conf->context)] = true;
	}
	s->lost = told[COLLECTOR_LOST];
	s->held = told[COLLECTOR_HELD];
}

static void
count_message(struct collector_session *s)
{
	if (++s->messages == COLLECTOR_MESSAGES_MAX)
		s->over = true;
}

static void
answer_message(struct collector_session *s)
{
	reply(s, s->lost ? "451 4.3.0 Not stored, try again" : "250 2.0.0 Ok, got it");
	s->lost = s->held = false;
	count_message(s);
}

static void
end_message(struct collector_session *s)
{
	s->in_data = false;
	if (s->data.bytes > COLLECTOR_MESSAGE_MAX) {
		reply_error(s, "552 5.3.4 Message too big");
		count_message(s);
	} else {
		report_arrivals(s);
		if (!s->held)
			answer_message(s);
	}
	collector_data_drop(&s->data);
	reset_transaction(s);
}

bool
collector_is_known(const struct collector_session *s)
{
	return s->known;
}

bool
collector_is_held(const struct collector_session *s)
{
	return s->held;
}

void
collector_release(struct collector_session *s, bool stored)
{
	if (!s->held)
		return;
	s->lost = s->lost || !stored;
	answer_message(s);
}

/* Endless data: no reply can be given before the dot, so the session just ends. */
static bool
is_flooding(const struct collector_session *s)
{
	return s->in_data && s->data.bytes > 4 * (size_t)COLLECTOR_MESSAGE_MAX;
}

size_t
collector_feed(struct collector_session *s, const void *bytes, size_t len, int64_t now_s)
{
	const char *p = bytes;
	size_t used = 0;

	while (used < len && !s->over && !s->held &&
		s->output_len + REPLY_MAX <= sizeof(s->output)) {
		if (s->tls_state == TLS_WANTED)
			return len;
		if (!s->in_data)
			take_command_byte(s, p[used++], now_s);
		else if (collector_data_byte(&s->data, p[used++]))
			end_message(s);
		if (is_flooding(s))
			s->over = true;
	}
	return used;
}
