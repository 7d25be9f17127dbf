#include "rejection.h"

#include <string.h>

#include "scan.h"

enum { WORDS_MAX = 200, PAIRS = 1024 };

static const char *const names[REJECTION_KIND_COUNT] = {
	[REJECTION_BLOCKLIST] = "blocklist",
	[REJECTION_UNKNOWN_USER] = "unknown-user",
	[REJECTION_GREYLIST] = "greylist",
	[REJECTION_POLICY] = "policy",
	[REJECTION_AUTHENTICATION] = "authentication",
	[REJECTION_RATE] = "rate",
	[REJECTION_PROTOCOL] = "protocol",
	[REJECTION_CONTENT] = "content",
	[REJECTION_OTHER] = "other",
};

/* The first row that fits: by words, anywhere, in any case of letters; or, without them, by code,
 * how the reply starts, and by enhanced, subject and detail of the enhanced code, or how they
 * start, with a *. An empty text fits every reply. */
static const struct {
	const char *code, *enhanced, *words;
	enum rejection_kind kind;
} rows[] = {
	{"", "", "greylist", REJECTION_GREYLIST},
	{"", "", "graylist", REJECTION_GREYLIST},
	{"", "", "grey-list", REJECTION_GREYLIST},
	{"", "", "grey list", REJECTION_GREYLIST},
	{"", "", "postgrey", REJECTION_GREYLIST},

	{"", "", "blocked using", REJECTION_BLOCKLIST},
	{"", "", "blocklist", REJECTION_BLOCKLIST},
	{"", "", "block list", REJECTION_BLOCKLIST},
	{"", "", "blacklist", REJECTION_BLOCKLIST},
	{"", "", "black list", REJECTION_BLOCKLIST},
	{"", "", "dnsbl", REJECTION_BLOCKLIST},
	{"", "", "rbl", REJECTION_BLOCKLIST},
	{"", "", "listed at", REJECTION_BLOCKLIST},
	{"", "", "listed by", REJECTION_BLOCKLIST},
	{"", "", "listed in", REJECTION_BLOCKLIST},
	{"", "", "spamhaus", REJECTION_BLOCKLIST},
	{"", "", "spamcop", REJECTION_BLOCKLIST},

	{"530", "", "", REJECTION_AUTHENTICATION}, /* RFC 4954 section 6 */
	{"534", "", "", REJECTION_AUTHENTICATION},
	{"535", "", "", REJECTION_AUTHENTICATION},
	{"538", "", "", REJECTION_AUTHENTICATION},
	{"", "7.8", "", REJECTION_AUTHENTICATION},
	{"", "7.9", "", REJECTION_AUTHENTICATION},
	{"", "", "authentication", REJECTION_AUTHENTICATION},
	{"", "", "not logged in", REJECTION_AUTHENTICATION},

	{"", "1.1", "", REJECTION_UNKNOWN_USER},
	{"", "1.10", "", REJECTION_UNKNOWN_USER}, /* null MX */
	{"", "", "user unknown", REJECTION_UNKNOWN_USER},
	{"", "", "unknown user", REJECTION_UNKNOWN_USER},
	{"", "", "unknown recipient", REJECTION_UNKNOWN_USER},
	{"", "", "recipient unknown", REJECTION_UNKNOWN_USER},
	{"", "", "unknown local part", REJECTION_UNKNOWN_USER},
	{"", "", "no such user", REJECTION_UNKNOWN_USER},
	{"", "", "no such recipient", REJECTION_UNKNOWN_USER},
	{"", "", "no such person", REJECTION_UNKNOWN_USER},
	{"", "", "no mailbox", REJECTION_UNKNOWN_USER},
	{"", "", "mailbox not found", REJECTION_UNKNOWN_USER},
	{"", "", "invalid recipient", REJECTION_UNKNOWN_USER},
	{"", "", "unrouteable address", REJECTION_UNKNOWN_USER},
	{"", "2.1", "", REJECTION_UNKNOWN_USER}, /* a mailbox that is switched off */

	{"421", "", "", REJECTION_RATE},
	{"", "5.3", "", REJECTION_RATE}, /* too many recipients */
	{"", "", "too many", REJECTION_RATE},
	{"", "", "rate limit", REJECTION_RATE},
	{"", "", "limit exceeded", REJECTION_RATE},
	{"", "", "throttl", REJECTION_RATE},
	{"", "", "too fast", REJECTION_RATE},

	{"", "", "helo command rejected", REJECTION_POLICY},
	{"", "", "sender address rejected", REJECTION_POLICY},
	{"", "", "client host rejected", REJECTION_POLICY},

	{"50", "", "", REJECTION_PROTOCOL},
	{"", "5.*", "", REJECTION_PROTOCOL},
	{"", "", "pipelining", REJECTION_PROTOCOL},
	{"", "", "synchronization", REJECTION_PROTOCOL},
	{"", "", "out of sequence", REJECTION_PROTOCOL},
	{"", "", "protocol error", REJECTION_PROTOCOL},
	{"", "1.3", "", REJECTION_PROTOCOL}, /* addresses that are none */
	{"", "1.7", "", REJECTION_PROTOCOL},

	{"552", "", "", REJECTION_CONTENT},
	{"", "3.4", "", REJECTION_CONTENT},
	{"", "6.*", "", REJECTION_CONTENT},
	{"", "", "virus", REJECTION_CONTENT},
	{"", "", "malware", REJECTION_CONTENT},
	{"", "", "spam", REJECTION_CONTENT},
	{"", "", "content reject", REJECTION_CONTENT},
	{"", "", "message size", REJECTION_CONTENT},
	{"", "", "too large", REJECTION_CONTENT},
	{"", "", "too big", REJECTION_CONTENT},

	{"", "1.8", "", REJECTION_POLICY}, /* the sender's domain */
	{"", "7.1", "", REJECTION_POLICY},
	{"", "7.2*", "", REJECTION_POLICY}, /* of RFC 7372: DKIM, SPF, reverse DNS */
	{"", "", "access denied", REJECTION_POLICY},
	{"", "", "address rejected", REJECTION_POLICY},
	{"", "", "host rejected", REJECTION_POLICY},
	{"", "", "command rejected", REJECTION_POLICY},
	{"", "", "helo", REJECTION_POLICY},
	{"", "", "reverse dns", REJECTION_POLICY},
	{"", "", "spf", REJECTION_POLICY},
	{"", "", "dmarc", REJECTION_POLICY},
	{"", "", "sender verify", REJECTION_POLICY},
	{"", "", "not allowed", REJECTION_POLICY},
	{"", "", "not permitted", REJECTION_POLICY},
	{"", "", "policy", REJECTION_POLICY},
	{"", "", "administrative", REJECTION_POLICY},
};

const char *
rejection_kind_name(enum rejection_kind k)
{
	return (unsigned)k < REJECTION_KIND_COUNT ? names[k] : "unknown";
}

/* "5.7.1" behind the code and a blank or dash: its "7.1", or nothing. */
static struct text
enhanced_of(struct text reply)
{
	struct text t = text_from(reply, 4);
	size_t n = 0;

	if (t.len < 4 || t.p[0] != reply.p[0] || t.p[1] != '.')
		return TEXT_NONE;
	t = text_from(t, 2);
	while (n < t.len && (scan_is_digit(t.p[n]) || t.p[n] == '.'))
		n++;
	return text_upto(t, n);
}

static bool
fits_enhanced(struct text enhanced, const char *row)
{
	struct text wanted = text_of(row);

	if (wanted.len == 0)
		return true;
	if (wanted.p[wanted.len - 1] != '*')
		return text_equal(enhanced, wanted);
	return text_has_prefix(enhanced, text_upto(wanted, wanted.len - 1));
}

/* Which pairs of neighbouring bytes a text has: most words need not be looked for. */
struct pairs {
	uint8_t has[PAIRS];
};

static unsigned
pair_of(const char *p)
{
	return ((unsigned)(unsigned char)p[0] * 31 + (unsigned char)p[1]) % PAIRS;
}

static bool
has_words(struct text t, const struct pairs *pairs, const char *words)
{
	const char *p = words;

	for (; p[0] != '\0' && p[1] != '\0'; p++)
		if (!pairs->has[pair_of(p)])
			return false;
	return text_find(t, (struct text){words, (size_t)(p - words) + (*p != '\0')}) != SIZE_MAX;
}

/* Take out what stands between the first opening and the last closing mark: addresses of the
 * client's. What is never closed reaches to the end. */
static size_t
take_out(char *p, size_t len, char opening, char closing)
{
	char *from = memchr(p, opening, len), *to = from;

	if (from == NULL)
		return len;
	to = memrchr(from + 1, closing, (size_t)(p + len - from) - 1);
	to = to != NULL ? to + 1 : p + len;
	memmove(from, to, (size_t)(p + len - to));
	return len - (size_t)(to - from);
}

/* The server's own words in small letters. */
static size_t
own_words(struct text reply, char out[WORDS_MAX], struct pairs *pairs)
{
	size_t n = reply.len < WORDS_MAX ? reply.len : WORDS_MAX;

	*pairs = (struct pairs){{0}};
	if (n == 0)
		return 0;
	memcpy(out, reply.p, n);
	n = take_out(out, n, '<', '>');
	n = take_out(out, n, '"', '"');
	for (size_t i = 0; i < n; i++) {
		if (out[i] >= 'A' && out[i] <= 'Z')
			out[i] = (char)(out[i] | 0x20);
		if (i != 0)
			pairs->has[pair_of(out + i - 1)] = 1;
	}
	return n;
}

enum rejection_kind
rejection_of_reply(struct text reply)
{
	char words[WORDS_MAX];
	struct text enhanced = enhanced_of(reply), own;
	struct pairs pairs;

	own = (struct text){words, own_words(reply, words, &pairs)};
	for (size_t i = 0; i < ORBL_COUNT(rows); i++)
		if (*rows[i].words != '\0' ? has_words(own, &pairs, rows[i].words) :
					     text_has_prefix(reply, text_of(rows[i].code)) &&
					fits_enhanced(enhanced, rows[i].enhanced))
			return rows[i].kind;
	return REJECTION_OTHER;
}
