#include "opensmtpd.h"

#include <string.h>

#include "mailbox.h"
#include "scan.h"
#include "session_key.h"
#include "smtp_trace.h"

enum { ID_LEN = 16 };

struct line {
	const struct log_line *log;
	struct parse_state *state;
	struct text id;
	struct text rest;
};

static bool
is_hex(char c)
{
	return scan_is_digit(c) || (c >= 'a' && c <= 'f');
}

static bool
take_id(struct text *rest, struct text *id)
{
	size_t n = 0;

	while (n < rest->len && n < ID_LEN && is_hex(rest->p[n]))
		n++;
	if (n != ID_LEN)
		return false;
	*id = text_upto(*rest, ID_LEN);
	scan_skip(rest, ID_LEN);
	return true;
}

/* Without a syslog it writes the bare message. */
static bool
is_bare(struct text t)
{
	struct text id;

	return take_id(&t, &id) &&
		(text_has_prefix(t, TEXT(" smtp ")) || text_has_prefix(t, TEXT(" mda ")));
}

bool
opensmtpd_knows(const struct log_line *s)
{
	return text_equal(s->tag, TEXT("smtpd")) || (s->tag.len == 0 && is_bare(s->message));
}

static struct text
key_of(const struct line *l)
{
	return session_key(l->state, "opensmtpd", l->log->host, l->id);
}

static struct session *
find(const struct line *l)
{
	return session_find(l->state->sessions, key_of(l));
}

/* "192.0.2.1", "[2001:db8::1]", before 5.4 "IPv6:2001:db8::1"; "local" is no address. */
static bool
read_address(struct text t, struct addr *out)
{
	if (t.len > 2 && t.p[0] == '[' && t.p[t.len - 1] == ']')
		t = text_upto(text_from(t, 1), t.len - 2);
	(void)scan_literal(&t, TEXT("IPv6:"));
	return addr_parse(t, out) == OK;
}

/* A session without a client is one of this host's own users. */
static enum parse_result
start_session(const struct line *l, struct text address, struct text host)
{
	struct session *s = session_start(l->state->sessions, key_of(l));
	struct addr client;

	if (s == NULL)
		return PARSE_SKIP;
	if (read_address(address, &client))
		session_set_client(s, &client);
	if (host.len != 0 && mailbox_is_plain(host))
		session_set(l->state->sessions, s, SESSION_CLIENT_NAME, host);
	return PARSE_SKIP;
}

/* "address=A host=H"; H ends at the next space. */
static bool
take_peer(struct text *rest, struct text *address, struct text *host)
{
	struct text t = *rest;

	if (!scan_literal(&t, TEXT("address=")) || !scan_until(&t, ' ', address) ||
		!scan_literal(&t, TEXT("host=")))
		return false;
	*host = text_cut(&t, ' ');
	*rest = t;
	return true;
}

/* "U result=ok"; U has no blank, as the server escapes it, and of 5.9 to 6.1 an address follows. */
static enum parse_result
authenticate(const struct line *l, struct text user)
{
	struct text name, rest = user;
	struct session *s;

	if (!scan_until(&rest, ' ', &name) || name.len == 0 ||
		!text_has_suffix(rest, TEXT("result=ok")) ||
		(rest.len > 9 && !text_has_prefix(rest, TEXT("address="))))
		return PARSE_SKIP;
	s = find(l);
	if (s != NULL)
		session_set(l->state->sessions, s, SESSION_ACCOUNT, name);
	return PARSE_SKIP;
}

static struct text
domain_of(struct text mailbox)
{
	size_t at = text_rfind(mailbox, TEXT("@"));

	return at != SIZE_MAX ? text_from(mailbox, at + 1) : TEXT_NONE;
}

/* The name under which a domain is remembered; len 0: too long, or no domain. */
static struct text
local_name(const struct line *l, struct text mailbox, char out[OPENSMTPD_DOMAIN])
{
	struct text host = l->log->host, domain = domain_of(mailbox);

	if (domain.len == 0 || host.len + 1 + domain.len > OPENSMTPD_DOMAIN)
		return TEXT_NONE;
	if (host.len != 0)
		memcpy(out, host.p, host.len);
	out[host.len] = ' ';
	memcpy(out + host.len + 1, domain.p, domain.len);
	return (struct text){out, host.len + 1 + domain.len};
}

static bool
is_remembered(const struct opensmtpd *memory, struct text name)
{
	for (size_t i = 0; i < OPENSMTPD_DOMAINS; i++)
		if (text_equal_nocase(name,
			    (struct text){memory->domains[i].name, memory->domains[i].len}))
			return true;
	return false;
}

/* "evpid=E from=<S> to=<R> ...": what an mda takes is for a domain of this host. smtpd takes no
 * address with a space or a bracket in it. */
static enum parse_result
deliver(const struct line *l, struct text rest)
{
	struct opensmtpd *memory = l->state->memory;
	char buffer[OPENSMTPD_DOMAIN];
	struct text evpid, from, to, name;

	if (!scan_until(&rest, ' ', &evpid) || !scan_literal(&rest, TEXT("from=<")) ||
		!scan_until(&rest, '>', &from) || !scan_literal(&rest, TEXT(" to=<")) ||
		!scan_until(&rest, '>', &to))
		return PARSE_SKIP;
	name = local_name(l, to, buffer);
	if (name.len == 0 || is_remembered(memory, name))
		return PARSE_SKIP;
	memory->domains[memory->next].len = name.len;
	memcpy(memory->domains[memory->next].name, name.p, name.len);
	memory->next = (memory->next + 1) % OPENSMTPD_DOMAINS;
	return PARSE_SKIP;
}

static bool
is_local(const struct line *l, struct text recipient)
{
	char buffer[OPENSMTPD_DOMAIN];
	struct text name = local_name(l, recipient, buffer);

	return parse_is_local(l->state, recipient) ||
		(name.len != 0 && is_remembered(l->state->memory, name));
}

/* The result repeats the recipient as the server understood it: without source route, and with
 * its own domain where none was given. */
static bool
is_of_command(struct text recipient, struct text path)
{
	size_t route = text_rfind(path, TEXT(":"));

	if (text_equal_nocase(recipient, path))
		return true;
	if (route != SIZE_MAX)
		return text_equal_nocase(recipient, text_from(path, route + 1));
	return domain_of(path).p == NULL && recipient.len > path.len &&
		recipient.p[path.len] == '@' &&
		text_equal_nocase(text_upto(recipient, path.len), path);
}

/* "550 Invalid recipient: <R>" to "RCPT TO:<R>"; older versions do not repeat R. The server takes
 * no R that needs quotes. */
static bool
read_refusal(struct text command, struct text result, struct text *recipient)
{
	struct text path;

	if (!text_equal_nocase(text_upto(command, 8), TEXT("RCPT TO:")) ||
		!smtp_trace_path(text_from(command, 8), &path) || !mailbox_is_plain(path) ||
		!scan_literal(&result, TEXT("550 Invalid recipient")))
		return false;
	*recipient = path;
	if (result.len == 0)
		return true;
	if (!scan_literal(&result, TEXT(": <")) || result.len == 0 ||
		result.p[result.len - 1] != '>')
		return false;
	*recipient = text_upto(result, result.len - 1);
	return mailbox_is_plain(*recipient) && is_of_command(*recipient, path);
}

static enum parse_result
reject(const struct line *l, enum rejection_kind kind)
{
	l->state->rejection = kind;
	return PARSE_REJECTION;
}

static enum parse_result
deny(const struct line *l, struct text result, struct denial *out)
{
	struct session *s = find(l);

	if (is_local(l, out->recipient))
		return reject(l, REJECTION_UNKNOWN_USER);
	if (s == NULL) {
		l->state->reason = "OpenSMTPD refused a recipient, and the start of the session, "
				   "which has the client's address, is not in the log";
		return PARSE_BAD;
	}
	if (session_client(s) == NULL)
		return reject(l, REJECTION_UNKNOWN_USER);
	out->client = *session_client(s);
	out->client_name = session_get(s, SESSION_CLIENT_NAME);
	out->account = session_get(s, SESSION_ACCOUNT);
	out->reply = result;
	out->kind = out->account.p != NULL ? DENIAL_AUTHENTICATED : DENIAL_RELAY_PROBABLE;
	return PARSE_DENIAL;
}

/* COMMAND, separator, RESULT. The command's quotes are not escaped; no result has a separator
 * in it, as what results repeat of a client ends at a space. */
static enum parse_result
fail(const struct line *l, struct text t, struct text separator, struct denial *out)
{
	size_t at = text_rfind(t, separator);
	struct text result;

	if (at == SIZE_MAX)
		return reject(l, REJECTION_OTHER); /* the log has cut it */
	result = text_from(t, at + separator.len);
	if (read_refusal(text_upto(t, at), result, &out->recipient))
		return deny(l, result, out);
	/* what an address of a virtual domain without such a user expands to */
	if (text_has_prefix(result, TEXT("524 5.2.4 ")))
		return reject(l, REJECTION_UNKNOWN_USER);
	return reject(l, rejection_of_reply(result));
}

/* ["address=A host=H "] command="C" result="R" */
static enum parse_result
fail_fields(const struct line *l, struct text t, struct denial *out)
{
	struct text address, host;
	struct addr client;

	if (take_peer(&t, &address, &host) && find(l) == NULL && read_address(address, &client))
		(void)start_session(l, address, host);
	if (!scan_literal(&t, TEXT("command=\"")) || t.len == 0 || t.p[t.len - 1] != '"')
		return reject(l, REJECTION_OTHER);
	return fail(l, text_upto(t, t.len - 1), TEXT("\" result=\""), out);
}

static enum parse_result
parse_smtp(struct line *l, struct denial *out)
{
	struct text address, host, t = l->rest;

	(void)scan_literal(&t, TEXT("event="));
	if (scan_literal(&t, TEXT("failed-command ")))
		return fail_fields(l, t, out);
	if (scan_literal(&t, TEXT("connected ")))
		return take_peer(&t, &address, &host) ? start_session(l, address, host) :
							PARSE_SKIP;
	if (scan_literal(&t, TEXT("authentication user=")))
		return authenticate(l, t);
	if (scan_literal(&t, TEXT("bad-input ")))
		return reject(l, REJECTION_PROTOCOL);
	if (text_has_prefix(t, TEXT("disconnected")) || text_has_prefix(t, TEXT("closed")))
		session_end(l->state->sessions, find(l));
	return PARSE_SKIP;
}

/* "ID from host NAME [ADDRESS]" */
static enum parse_result
greet(struct line *l, struct text t)
{
	struct text host;

	if (!take_id(&t, &l->id) || !scan_literal(&t, TEXT(" from host ")))
		return PARSE_SKIP;
	host = text_cut(&t, ' ');
	if (t.len < 2 || t.p[0] != '[' || t.p[t.len - 1] != ']')
		return PARSE_SKIP;
	return start_session(l, text_upto(text_from(t, 1), t.len - 2), host);
}

static enum parse_result
parse_sentence(struct line *l, struct denial *out)
{
	struct text t = l->rest;

	if (scan_literal(&t, TEXT("New session ")))
		return greet(l, t);
	if (scan_literal(&t, TEXT("Failed command on session "))) {
		if (!take_id(&t, &l->id) || !scan_literal(&t, TEXT(": \"")))
			return PARSE_SKIP;
		return fail(l, t, TEXT("\" => "), out);
	}
	if (scan_literal(&t, TEXT("Bad input on session ")))
		return reject(l, REJECTION_PROTOCOL);
	if (scan_literal(&t, TEXT("Closing session ")) && take_id(&t, &l->id))
		session_end(l->state->sessions, find(l));
	return PARSE_SKIP;
}

enum parse_result
opensmtpd_parse(const struct log_line *s, struct parse_state *state, struct denial *out)
{
	struct line l = {s, state, TEXT_NONE, s->message};

	if (take_id(&l.rest, &l.id)) {
		if (scan_literal(&l.rest, TEXT(" smtp ")))
			return parse_smtp(&l, out);
		if (scan_literal(&l.rest, TEXT(" mda delivery ")) ||
			scan_literal(&l.rest, TEXT(" mda event=delivery ")))
			return deliver(&l, l.rest);
		return PARSE_SKIP;
	}
	(void)scan_literal(&l.rest, TEXT("info: "));
	if (scan_literal(&l.rest, TEXT("smtp-in: ")))
		return parse_sentence(&l, out);
	return PARSE_SKIP;
}
