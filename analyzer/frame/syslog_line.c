#include "syslog_line.h"

#include "scan.h"
#include "syslog_level.h"

enum {
	PRI_MAX = 191, /* RFC 5424 section 6.2.1 */
	ZONE_MAX = 6   /* "AEST", "+0530" */
};

static const char no_stamp[] = "no syslog time stamp at the start of the line";
static const char no_host[] = "no host name after the time stamp";
static const char bad_5424[] = "the RFC 5424 header is not complete";
static const char bad_pri[] = "the syslog priority in <> is not a number up to 191";

static bool
take_pri(struct text *rest)
{
	int pri;

	return scan_byte(rest, '<') && scan_number(rest, 1, 3, &pri) && scan_byte(rest, '>') &&
		pri <= PRI_MAX;
}

/* A run of other bytes than space, at least one. */
static bool
take_word(struct text *rest, struct text *out)
{
	struct text word = *rest;
	const char *end = rest->len != 0 ? memchr(rest->p, ' ', rest->len) : NULL;

	if (end != NULL)
		word.len = (size_t)(end - rest->p);
	*out = word;
	scan_skip(rest, word.len);
	return word.len != 0;
}

static const bool ends_tag[256] = {[' '] = true, ['['] = true, [':'] = true};

/* "tag[pid]: " or "tag: "; a message may have neither, and then nothing is taken. */
static void
take_tag(struct text *rest, struct log_line *out)
{
	struct text t = *rest;
	size_t n = 0;

	while (n < t.len && !ends_tag[(unsigned char)t.p[n]])
		n++;
	out->tag = text_upto(t, n);
	scan_skip(&t, n);
	if (scan_byte(&t, '[') && !scan_until(&t, ']', &out->pid))
		n = 0;
	if (n == 0 || !scan_byte(&t, ':')) {
		out->tag = text_upto(*rest, 0);
		out->pid = TEXT_NONE;
		return;
	}
	(void)scan_byte(&t, ' ');
	*rest = t;
}

/* The number in "PREFIX N times". */
static bool
take_repeat(struct text *rest, struct text prefix, uint32_t *count)
{
	struct text number, t = *rest;
	uint64_t n;

	if (!scan_literal(&t, prefix) || !scan_until(&t, ' ', &number) ||
		!scan_literal(&t, TEXT("times")) || text_to_u64(number, UINT32_MAX, &n) != OK ||
		n == 0)
		return false;
	*count = (uint32_t)n;
	*rest = t;
	return true;
}

static void
unfold_repeats(struct log_line *s)
{
	struct text t = s->message;
	uint32_t count;

	if (t.len == 0 || (t.p[0] != 'm' && t.p[0] != 'l'))
		return;
	if (take_repeat(&t, TEXT("last message repeated "), &count) && t.len == 0) {
		s->count = count;
		s->repeats_last = true;
		s->message = t;
		return;
	}
	t = s->message;
	if (!take_repeat(&t, TEXT("message repeated "), &count) || !scan_literal(&t, TEXT(": [")) ||
		t.len == 0 || t.p[t.len - 1] != ']')
		return;
	(void)scan_byte(&t, ' ');
	s->count = count;
	s->message = text_upto(t, t.len != 0 ? t.len - 1 : 0);
}

void
syslog_line_message(struct text rest, struct log_line *out)
{
	struct text whole = rest;

	take_tag(&rest, out);
	if ((out->tag.len == 0 || rest.p[-1] != ' ') && syslog_level_take(&whole)) {
		rest = whole;
		take_tag(&rest, out);
	}
	if (rest.len != 0 && rest.p[0] == '[')
		(void)syslog_level_take_id(&rest);
	out->message = rest;
	unfold_repeats(out);
}

/* AIX writes "Message forwarded from mx: " where others have the host. */
static bool
take_forwarder(struct text *rest, struct text *host)
{
	struct text t = *rest;

	if (!scan_literal(&t, TEXT("Message forwarded from ")) || !scan_until(&t, ':', host) ||
		host->len == 0 || text_find_byte(*host, ' ') != SIZE_MAX || t.len == 0 ||
		t.p[0] != ' ')
		return false;
	*rest = t;
	return true;
}

static const char *
parse_old(struct text rest, struct log_line *out)
{
	struct text level;

	if (!scan_byte(&rest, ' '))
		return no_stamp;
	if (rest.len != 0 && rest.p[0] == '<' && /* FreeBSD's syslogd -v: "<mail.info> " */
		(!scan_until(&rest, '>', &level) || !scan_byte(&rest, ' ')))
		return no_host;
	if (!take_forwarder(&rest, &out->host) && !take_word(&rest, &out->host))
		return no_host;
	if (out->host.p[0] == '[' && syslog_level_is_mark(out->host))
		return no_host;
	(void)scan_byte(&rest, ' ');
	if (syslog_level_is_name(out->host)) {
		out->host = TEXT_NONE;
		while (scan_byte(&rest, ' '))
			continue;
	}
	syslog_line_message(rest, out);
	return NULL;
}

/* RFC 5424 section 6.3: "-" or elements [id name="value" ...], in values \ escapes. */
static bool
take_structured_data(struct text *rest)
{
	bool quoted = false;
	size_t i = 1;

	if (scan_byte(rest, '-'))
		return true;
	if (rest->len == 0 || rest->p[0] != '[')
		return false;
	for (; i < rest->len; i++) {
		char c = rest->p[i];

		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && c == ']' && (i + 1 == rest->len || rest->p[i + 1] != '['))
			break;
	}
	if (i >= rest->len)
		return false;
	scan_skip(rest, i + 1);
	return true;
}

/* Section 6: "-" is no value. */
static void
drop_nil(struct text *t)
{
	if (t->len == 1 && t->p[0] == '-')
		*t = TEXT_NONE;
}

static const char *
parse_5424(struct text rest, struct log_line *out)
{
	struct text msgid;

	if (!scan_literal(&rest, TEXT("- ")) &&
		(!stamp_take_rfc3339(&rest, &out->stamp) || !scan_byte(&rest, ' ')))
		return bad_5424;
	if (!take_word(&rest, &out->host) || !scan_byte(&rest, ' ') ||
		!take_word(&rest, &out->tag) || !scan_byte(&rest, ' ') ||
		!take_word(&rest, &out->pid) || !scan_byte(&rest, ' ') ||
		!take_word(&rest, &msgid) || !scan_byte(&rest, ' ') || !take_structured_data(&rest))
		return bad_5424;
	if (rest.len != 0 && !scan_byte(&rest, ' '))
		return bad_5424;
	/* rsyslog keeps the space that stood behind the tag; the byte order mark is section 6.4. */
	while (scan_byte(&rest, ' ') || scan_literal(&rest, TEXT("\xef\xbb\xbf")))
		continue;
	out->message = rest;
	out->tag_cut = true;
	out->frame = FRAME_5424;
	drop_nil(&out->host);
	drop_nil(&out->tag);
	drop_nil(&out->pid);
	unfold_repeats(out);
	return NULL;
}

static bool
take_weekday(struct text *rest)
{
	static const char names[] = "SunMonTueWedThuFriSat";

	for (size_t i = 0; rest->len >= 4 && rest->p[3] == ' ' && i < 7; i++) {
		if (memcmp(rest->p, names + 3 * i, 3) != 0)
			continue;
		scan_skip(rest, 4);
		return true;
	}
	return false;
}

/* The name of a zone: UTC, or one that is taken for the reader's own. */
static bool
take_zone(struct text *rest, struct stamp *stamp)
{
	struct text word;

	if (!take_word(rest, &word) || word.len > ZONE_MAX)
		return false;
	for (size_t i = 0; i < word.len; i++)
		if (!scan_is_alnum(word.p[i]) && word.p[i] != '+' && word.p[i] != '-')
			return false;
	if (text_equal(word, TEXT("UTC")) || text_equal(word, TEXT("GMT")))
		stamp->is_local = false;
	return true;
}

/* "Sat 2026-11-21 19:00:56 UTC", journalctl -o short-full and with-unit. */
static bool
take_full(struct text *rest, struct stamp *out)
{
	struct text t = *rest;

	if (!take_weekday(&t) || !stamp_take_date_time(&t, out))
		return false;
	if (out->is_local && (!scan_byte(&t, ' ') || !take_zone(&t, out)))
		return false;
	*rest = t;
	return true;
}

/* "2026 Nov 21 19:00:56" */
static bool
take_year_first(struct text *rest, struct stamp *out)
{
	struct text t = *rest;
	int year;

	if (!scan_number(&t, 4, 4, &year) || !scan_byte(&t, ' ') || !stamp_take_bsd(&t, out) ||
		!stamp_set_date(out, year, out->month, out->day))
		return false;
	*rest = t;
	return true;
}

/* "Sat Nov 21 19:00:56 2026 mail.info tag[pid]: message", OpenWrt's logread: no host. */
static bool
parse_logread(struct text rest, struct log_line *out)
{
	int year;

	if (!take_weekday(&rest) || !stamp_take_bsd(&rest, &out->stamp) || !scan_byte(&rest, ' ') ||
		!scan_number(&rest, 4, 4, &year) || !scan_byte(&rest, ' ') ||
		!stamp_set_date(&out->stamp, year, out->stamp.month, out->stamp.day) ||
		!syslog_level_take(&rest))
		return false;
	syslog_line_message(rest, out);
	return true;
}

enum err
syslog_line_parse(struct text line, struct log_line *out, const char **reason)
{
	struct text rest = line;

	*out = (struct log_line){.frame = FRAME_SYSLOG, .raw = line, .count = 1};
	if (rest.len != 0 && rest.p[0] == '<') {
		*reason = bad_pri;
		if (!take_pri(&rest))
			return ERR_SYNTAX;
	}
	if (rest.p != line.p && scan_literal(&rest, TEXT("1 ")))
		*reason = parse_5424(rest, out);
	else if (stamp_take_bsd(&rest, &out->stamp) || stamp_take_rfc3339(&rest, &out->stamp) ||
		take_full(&rest, &out->stamp) || take_year_first(&rest, &out->stamp))
		*reason = parse_old(rest, out);
	else
		*reason = parse_logread(rest, out) ? NULL : no_stamp;
	return *reason == NULL ? OK : ERR_SYNTAX;
}

/* "1795287656.051238", journalctl -o short-unix. */
static bool
take_unix(struct text *rest, struct stamp *out)
{
	struct text seconds, t = *rest;
	uint64_t s;
	int us;

	if (!scan_until(&t, '.', &seconds) || seconds.len < 9 ||
		text_to_u64(seconds, INT32_MAX * UINT64_C(8), &s) != OK ||
		!scan_number(&t, 6, 6, &us) || !stamp_from_epoch((int64_t)s, us, out))
		return false;
	*rest = t;
	return true;
}

/* Some letter or digit that is no capital: "ETRN" is no host. */
static bool
is_host(struct text word)
{
	bool named = false;

	for (size_t i = 0; i < word.len; i++) {
		char c = word.p[i];

		if (!scan_is_alnum(c) && c != '.' && c != '-' && c != '_' && c != ':')
			return false;
		named = named || scan_is_digit(c) || (unsigned)(c - 'a') < 26;
	}
	return named && word.p[word.len - 1] != ':';
}

static bool
is_number(struct text t)
{
	uint64_t n;

	return text_to_u64(t, UINT32_MAX, &n) == OK;
}

bool
syslog_line_parse_weak(struct text line, struct log_line *out)
{
	struct text rest = line;

	*out = (struct log_line){.frame = FRAME_SYSLOG, .raw = line, .count = 1};
	if (!stamp_take_date_time(&rest, &out->stamp) && !take_unix(&rest, &out->stamp))
		return false;
	if (!scan_byte(&rest, ' ') || !take_word(&rest, &out->host) || !is_host(out->host) ||
		!scan_byte(&rest, ' '))
		return false;
	syslog_line_message(rest, out);
	return out->tag.len != 0 && out->tag.p == rest.p && is_number(out->pid);
}
