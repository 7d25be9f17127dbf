#include "syslog_line.h"

#include "scan.h"

enum { PRI_MAX = 191 }; /* RFC 5424 section 6.2.1 */

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
	take_tag(&rest, out);
	out->message = rest;
	unfold_repeats(out);
}

static const char *
parse_old(struct text rest, struct log_line *out)
{
	if (!scan_byte(&rest, ' '))
		return no_stamp;
	if (rest.len != 0 && rest.p[0] == '<') { /* FreeBSD's syslogd -v: "<mail.info> " */
		struct text level;

		if (!scan_until(&rest, '>', &level) || !scan_byte(&rest, ' '))
			return no_host;
	}
	if (!take_word(&rest, &out->host))
		return no_host;
	(void)scan_byte(&rest, ' ');
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
	else if (stamp_take_bsd(&rest, &out->stamp) || stamp_take_rfc3339(&rest, &out->stamp))
		*reason = parse_old(rest, out);
	else
		*reason = no_stamp;
	return *reason == NULL ? OK : ERR_SYNTAX;
}
