#include "denial_json.h"

#include <stdbool.h>
#include <string.h>

#include "utf8_length.h"

enum {
	DAY_S = 86400,
	LINE_BYTES = 8192,
	WORD = 8,              /* bytes looked at together */
	ESCAPE_MAX = 6,        /* bytes that one byte may become */
	STRING_MORE = 2 + WORD /* room for a string beside its bytes */
};

/* An object is put together here: a call of stdio for each member costs more than reading the
 * line it comes from. */
struct line {
	FILE *out;
	size_t len;
	char b[LINE_BYTES];
};

static void
flush(struct line *to)
{
	(void)fwrite_unlocked(to->b, 1, to->len, to->out);
	to->len = 0;
}

/* Room for what is at most half of LINE_BYTES. */
static inline void
need(struct line *to, size_t len)
{
	if (len > sizeof(to->b) - to->len)
		flush(to);
}

static inline void
put(struct line *to, const char *p, size_t len)
{
	need(to, len);
	memcpy(to->b + to->len, p, len);
	to->len += len;
}

#define PUT(to, literal) put(to, literal, sizeof(literal) - 1)

static bool
is_literal(char c)
{
	unsigned char b = (unsigned char)c;

	return b >= ' ' && b < 0x7f && b != '"' && b != '\\';
}

/* Is any of eight bytes not literal? */
static inline bool
has_special(uint64_t x)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
	uint64_t quote = x ^ ones * '"', backslash = x ^ ones * '\\', del = x ^ ones * 0x7f;

	return ((x | ((x - ones * ' ') & ~x) | ((quote - ones) & ~quote) |
			((backslash - ones) & ~backslash) | ((del - ones) & ~del)) &
		       high) != 0;
}

static inline uint64_t
load(const char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return word;
}

static inline void
store(char *p, uint64_t word)
{
	memcpy(p, &word, sizeof(word));
}

/* Copy the literal bytes at the start of t; returns their number. There is room for t. */
static inline size_t
copy_literal(char *to, struct text t)
{
	size_t n = 0;

	for (; t.len - n >= WORD && !has_special(load(t.p + n)); n += WORD)
		store(to + n, load(t.p + n));
	if (t.len >= WORD && t.len - n < WORD && !has_special(load(t.p + t.len - WORD))) {
		store(to + t.len - WORD, load(t.p + t.len - WORD)); /* some of it once more */
		return t.len;
	}
	for (; n < t.len && is_literal(t.p[n]); n++)
		to[n] = t.p[n];
	return n;
}

static void
put_escape(struct line *to, unsigned code)
{
	static const char digits[] = "0123456789abcdef";
	char escape[6] = {'\\', 'u', '0', '0', digits[code >> 4 & 15], digits[code & 15]};

	if (code == '"' || code == '\\') {
		escape[1] = (char)code;
		put(to, escape, 2);
		return;
	}
	put(to, escape, sizeof(escape));
}

/* The first character of t, which is not literal. Returns its bytes. C1 control characters
 * are escaped too: some terminals obey them. */
static size_t
put_character(struct line *to, struct text t)
{
	unsigned first = (unsigned char)t.p[0];
	size_t len;

	if (first < 0x80) {
		put_escape(to, first);
		return 1;
	}
	len = utf8_length(t);
	if (len == 0) {
		PUT(to, "\\ufffd");
		return 1;
	}
	if (first == 0xc2 && (unsigned char)t.p[1] < 0xa0)
		put_escape(to, (unsigned char)t.p[1]);
	else
		put(to, t.p, len);
	return len;
}

/* At most LINE_BYTES / 16 bytes. */
static void
put_piece(struct line *to, struct text t)
{
	need(to, ESCAPE_MAX * t.len + STRING_MORE);
	while (t.len != 0) {
		size_t n = copy_literal(to->b + to->len, t);

		to->len += n;
		t = text_from(t, n);
		if (t.len != 0)
			t = text_from(t, put_character(to, t));
	}
}

static void
put_long(struct line *to, struct text t)
{
	PUT(to, "\"");
	while (t.len > LINE_BYTES / 16) {
		size_t n = LINE_BYTES / 16;

		while (n > LINE_BYTES / 32 && ((unsigned char)t.p[n] & 0xc0) == 0x80)
			n--; /* a character stays whole */
		put_piece(to, text_upto(t, n));
		t = text_from(t, n);
	}
	put_piece(to, t);
	PUT(to, "\"");
}

static void
put_string(struct line *to, struct text t)
{
	char *at;

	if (t.len > LINE_BYTES / 16) {
		put_long(to, t);
		return;
	}
	need(to, t.len + STRING_MORE);
	at = to->b + to->len;
	*at++ = '"';
	if (copy_literal(at, t) == t.len) { /* as nearly all are */
		at[t.len] = '"';
		to->len += t.len + 2;
	} else {
		put_long(to, t);
	}
}

static void
put_value(struct line *to, struct text value)
{
	if (value.p == NULL)
		PUT(to, "null");
	else
		put_string(to, value);
}

static char *
put_digits(char *at, int value, int width)
{
	for (int i = width; i-- > 0; value /= 10)
		at[i] = (char)('0' + value % 10);
	return at + width;
}

/* "YYYY-MM-DD" of a day since 1970-01-01. Counted are eras of 400 years, and years that start
 * in March, so that a leap day is the last of its year. */
static char *
put_date(char *at, int64_t days)
{
	int64_t since = days + 719468, era = since / 146097, day = since % 146097, year, month;

	year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= year * 365 + year / 4 - year / 100;
	month = (5 * day + 2) / 153;
	day -= (153 * month + 2) / 5;
	month = month < 10 ? month + 3 : month - 9;
	at = put_digits(at, (int)(era * 400 + year + (month <= 2)), 4);
	*at++ = '-';
	at = put_digits(at, (int)month, 2);
	*at++ = '-';
	return put_digits(at, (int)day + 1, 2);
}

static char *
put_clock(char *at, int second)
{
	at = put_digits(at, second / 3600, 2);
	*at++ = ':';
	at = put_digits(at, second / 60 % 60, 2);
	*at++ = ':';
	return put_digits(at, second % 60, 2);
}

const char *
denial_time_format(const struct denial *d, char out[DENIAL_TIME_TEXT])
{
	int32_t offset = d->time_offset_s, ahead = offset < 0 ? -offset : offset;
	int64_t local = d->time_s + offset;
	char *at = out;

	if (local < 0)
		local = 0;
	at = put_date(at, local / DAY_S);
	*at++ = 'T';
	at = put_clock(at, (int)(local % DAY_S));
	if (d->time_us != 0) {
		*at++ = '.';
		at = put_digits(at, d->time_us, 6);
	}
	*at++ = offset < 0 ? '-' : '+';
	at = put_digits(at, ahead / 3600, 2);
	*at++ = ':';
	at = put_digits(at, ahead / 60 % 60, 2);
	*at = '\0';
	return out;
}

static void
put_number(struct line *to, uint64_t value)
{
	char digits[20], *at = digits + sizeof(digits);

	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	put(to, at, (size_t)(digits + sizeof(digits) - at));
}

/* inet_ntop prints IPv4 with snprintf, which costs as much as the rest of the object. */
static void
put_address(struct line *to, const struct addr *a)
{
	char text[ADDR_TEXT], *at = text;

	if (a->family != 4) {
		put_value(to, text_of(addr_format(a, text)));
		return;
	}
	for (int i = 0; i < 4; i++) {
		int width = a->b[i] < 10 ? 1 : a->b[i] < 100 ? 2 : 3;

		at = put_digits(at, a->b[i], width);
		*at++ = '.';
	}
	put_value(to, (struct text){text, (size_t)(at - text) - 1});
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* RFC 5321 section 4.2: three digits, of which the first is 2 to 5. */
static struct text
reply_code(struct text reply)
{
	if (reply.len < 3 || reply.p[0] < '2' || reply.p[0] > '5' || !is_digit(reply.p[1]) ||
		!is_digit(reply.p[2]) || (reply.len > 3 && is_digit(reply.p[3])))
		return TEXT_NONE;
	return text_upto(reply, 3);
}

static void
put_line(struct line *to, const struct denial *d)
{
	if (d->is_record)
		PUT(to, ",\"record\":");
	else
		PUT(to, ",\"line\":");
	put_number(to, d->line);
}

void
denial_json_write(FILE *out, const char *file, const struct denial *d)
{
	char stamp[DENIAL_TIME_TEXT];
	struct line to;

	to.out = out;
	to.len = 0;
	PUT(&to, "{\"file\":");
	put_value(&to, text_of(file));
	put_line(&to, d);
	PUT(&to, ",\"time\":");
	put_value(&to, text_of(denial_time_format(d, stamp)));
	PUT(&to, ",\"ip\":");
	put_address(&to, &d->client);
	PUT(&to, ",\"host\":");
	put_value(&to, d->client_name);
	PUT(&to, ",\"helo\":");
	put_value(&to, d->helo);
	PUT(&to, ",\"sender\":");
	put_value(&to, d->sender);
	PUT(&to, ",\"recipient\":");
	put_value(&to, d->recipient);
	PUT(&to, ",\"account\":");
	put_value(&to, d->account);
	PUT(&to, ",\"code\":");
	put_value(&to, reply_code(d->reply));
	PUT(&to, ",\"reply\":");
	put_value(&to, d->reply);
	PUT(&to, ",\"server\":");
	put_value(&to, d->server);
	PUT(&to, ",\"kind\":");
	put_value(&to, text_of(denial_kind_name(d->kind)));
	PUT(&to, ",\"count\":");
	put_number(&to, d->count);
	PUT(&to, "}\n");
	flush(&to);
}
