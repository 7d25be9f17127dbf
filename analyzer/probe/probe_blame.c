#include "probe_blame.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <orbl/addr.h>
#include <orbl/compiler.h>
#include <orbl/text.h>

enum { BLAME_TEXT = 1024 };

/* --- words -------------------------------------------------------------- */

static bool
is_alphanumeric(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Blank what stands in <>, and each word that is an address in one of its forms. */
static void
copy_without_paths(const char *text, char out[BLAME_TEXT])
{
	size_t n = 0;

	while (*text != '\0' && n + 1 < BLAME_TEXT) {
		size_t len = *text == '<' ? strcspn(text, ">") : strcspn(text, " <");
		bool path = *text == '<';

		if (len == 0)
			len = 1;
		for (size_t i = 0; i < len; i++)
			path = path || strchr("@!%", text[i]) != NULL;
		for (size_t i = 0; i < len && n + 1 < BLAME_TEXT; i++)
			out[n++] = path ? ' ' : text[i];
		text += len;
	}
	out[n] = '\0';
}

static bool
is_part_of_name(char c)
{
	return is_alphanumeric(c) || c == '-' || c == '.' || c == '/' || c == '_';
}

/* A dot ends a sentence, unless a name goes on behind it. */
static bool
ends_here(const char *p)
{
	return *p == '.' ? !is_alphanumeric(p[1]) : !is_part_of_name(*p);
}

/* The next place where words stand by themselves, not within a name; NULL: none. */
static const char *
find_words(const char *text, const char *from, const char *words)
{
	size_t len = strlen(words);

	for (const char *p = from; *p != '\0'; p++)
		if (strncasecmp(p, words, len) == 0 && (p == text || !is_part_of_name(p[-1])) &&
			ends_here(p + len))
			return p;
	return NULL;
}

static bool
has_piece(const char *text, const char *piece)
{
	for (; *text != '\0'; text++)
		if (strncasecmp(text, piece, strlen(piece)) == 0)
			return true;
	return false;
}

/* --- who is meant ------------------------------------------------------------ */

static bool
is_address(const char *p, size_t len)
{
	struct addr a;

	while (len != 0 && (p[len - 1] == '.' || p[len - 1] == ':'))
		len--;
	return addr_parse((struct text){p, len}, &a) == OK;
}

static bool
names_address(const char *text)
{
	static const char characters[] = "0123456789abcdefABCDEF.:";

	for (const char *p = text; *p != '\0';) {
		size_t len = strspn(p, characters);

		if (len > 3 && (p == text || !is_alphanumeric(p[-1])) && is_address(p, len))
			return true;
		p += len != 0 ? len : 1;
	}
	return false;
}

/* zen.spamhaus.org, b.barracudacentral.org, dnsbl-1.uceprotect.net, list.dsbl.org ... */
static bool
is_zone(const char *p, size_t len)
{
	static const char *const pieces[] = {"bl.", "bl-", "spam", "barracuda", "abuse",
		"uceprotect", "ordb.", "junk", "invaluement", "senderscore", "s5h.net", "gbudb",
		"blocklist", "blacklist"};
	char name[256];

	if (len < 4 || len >= sizeof(name) || memchr(p, '.', len - 1) == NULL)
		return false;
	memcpy(name, p, len);
	name[len] = '\0';
	for (size_t i = 0; i < ORBL_COUNT(pieces); i++)
		if (has_piece(name, pieces[i]))
			return true;
	return false;
}

static bool
names_zone(const char *text)
{
	for (const char *p = text; *p != '\0';) {
		size_t len = 0;

		while (p[len] != '\0' && is_part_of_name(p[len]))
			len++;
		if (is_zone(p, len))
			return true;
		p += len != 0 ? len : 1;
	}
	return false;
}

/* --- the client -------------------------------------------------------------- */

enum {                 /* what must be so for the phrase to be about us */
	HOST = 1,      /* an address is named, or behind it a list of addresses */
	NO_TARGET = 2, /* nothing is said of relaying, recipients, users */
};

static const struct {
	const char *phrase;
	unsigned needs;
} of_client[] = {
	{"client host rejected", 0}, /* Postfix: check_client_access and the like */
	{"client host blocked", 0},
	{"helo command rejected", 0},
	{"sending mta's poor reputation", 0}, /* Cisco IronPort */
	{"banned sending ip", 0},             /* Exchange Online */
	{"blocked using", HOST},              /* Postfix: reject_rbl_client; Barracuda */
	{"black list at", HOST | NO_TARGET},  /* Exim, as its manual has it */
	{"listed in", HOST | NO_TARGET},
	{"listed by", HOST | NO_TARGET},
	{"listed at", HOST | NO_TARGET}, /* Sendmail: FEATURE(dnsbl) */
	{"listed on", HOST | NO_TARGET},
	{"block list", HOST | NO_TARGET}, /* Outlook: S3140, S3150 */
	{"black list", HOST | NO_TARGET},
	{"blocklist", HOST | NO_TARGET},
	{"blacklist", HOST | NO_TARGET}, /* Domino */
	{"blocklisted", HOST | NO_TARGET},
	{"blacklisted", HOST | NO_TARGET},
	{"rbl", HOST | NO_TARGET},
	{"dnsbl", HOST | NO_TARGET},
};

static bool
speaks_of_target(const char *text)
{
	static const char *const words[] = {"relay", "relays", "relayed", "relaying", "recipient",
		"recipients", "user", "users", "mailbox"};

	for (size_t i = 0; i < ORBL_COUNT(words); i++)
		if (find_words(text, text, words[i]) != NULL)
			return true;
	return false;
}

static bool
is_denied(const char *text, const char *p)
{
	return p - text >= 4 && strncasecmp(p - 4, "not ", 4) == 0;
}

static bool
is_of_client(const char *text, const char *phrase, unsigned needs)
{
	const char *p = find_words(text, text, phrase);

	while (p != NULL && is_denied(text, p))
		p = find_words(text, p + 1, phrase);
	if (p == NULL || ((needs & NO_TARGET) != 0 && speaks_of_target(text)))
		return false;
	return (needs & HOST) == 0 || names_address(text) || names_zone(p + strlen(phrase));
}

bool
probe_blame_client(const char *text)
{
	char words[BLAME_TEXT];

	copy_without_paths(text, words);
	for (size_t i = 0; i < ORBL_COUNT(of_client); i++)
		if (is_of_client(words, of_client[i].phrase, of_client[i].needs))
			return true;
	return false;
}

/* --- the sender -------------------------------------------------------------- */

static bool
has_any_piece(const char *text, const char *const *pieces, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (has_piece(text, pieces[i]))
			return true;
	return false;
}

/* Postfix's reject_unknown_sender_domain and reject_unverified_sender, Sendmail's check_mail
 * (RFC 3463: X.1.8), Exim's callouts. Greylisting says "Sender address rejected", too. */
bool
probe_blame_sender(const char *text)
{
	static const char *const pieces[] = {" 4.1.8 ", "not found", "verif", "does not resolve",
		"domain of sender"};
	static const char *const others[] = {"greylist", "grey list", "grey-list", "graylist",
		"gray list", "try again later", "policy"};
	char words[BLAME_TEXT];

	copy_without_paths(text, words);
	return has_any_piece(words, pieces, ORBL_COUNT(pieces)) &&
		!has_any_piece(words, others, ORBL_COUNT(others));
}
