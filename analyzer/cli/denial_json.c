#include "denial_json.h"

#include <stdbool.h>
#include <string.h>

#include "utf8_length.h"

enum { DAY_S = 86400, LINE_BYTES = 4096 };

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

static void
put(struct line *to, const char *p, size_t len)
{
	while (len > sizeof(to->b) - to->len) {
		size_t n = sizeof(to->b) - to->len;

		memcpy(to->b + to->len, p, n);
		to->len += n;
		p += n;
		len -= n;
		flush(to);
	}
	memcpy(to->b + to->len, p, len);
	to->len += len;
}

static void
put_text(struct line *to, const char *s)
{
	put(to, s, strlen(s));
}

static bool
is_literal(char c)
{
	unsigned char b = (unsigned char)c;

	return b >= ' ' && b < 0x7f && b != '"' && b != '\\';
}

/* Is any of eight bytes not literal? */
static bool
has_special(const char *p)
{
	const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
	uint64_t x, quote, backslash, del;

	memcpy(&x, p, sizeof(x));
	quote = x ^ ones * '"';
	backslash = x ^ ones * '\\';
	del = x ^ ones * 0x7f;
	return ((x | ((x - ones * ' ') & ~x) | ((quote - ones) & ~quote) |
			((backslash - ones) & ~backslash) | ((del - ones) & ~del)) &
		       high) != 0;
}

static size_t
literal_length(struct text t)
{
	size_t n = 0;

	while (t.len - n >= sizeof(uint64_t) && !has_special(t.p + n))
		n += sizeof(uint64_t);
	while (n < t.len && is_literal(t.p[n]))
		n++;
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
		put_text(to, "\\ufffd");
		return 1;
	}
	if (first == 0xc2 && (unsigned char)t.p[1] < 0xa0)
		put_escape(to, (unsigned char)t.p[1]);
	else
		put(to, t.p, len);
	return len;
}

static void
put_string(struct line *to, struct text t)
{
	put(to, "\"", 1);
	while (t.len != 0) {
		size_t n = literal_length(t);

		put(to, t.p, n);
		t = text_from(t, n);
		if (t.len != 0)
			t = text_from(t, put_character(to, t));
	}
	put(to, "\"", 1);
}

static void
put_member(struct line *to, const char *key, struct text value)
{
	put_text(to, key);
	if (value.p == NULL)
		put_text(to, "null");
	else
		put_string(to, value);
}

static char *
put_digits(char *at, int64_t value, int width)
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
	at = put_digits(at, era * 400 + year + (month <= 2), 4);
	*at++ = '-';
	at = put_digits(at, month, 2);
	*at++ = '-';
	return put_digits(at, day + 1, 2);
}

static char *
put_clock(char *at, int64_t second)
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
	at = put_clock(at, local % DAY_S);
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
put_number(struct line *to, const char *key, uint64_t value)
{
	char digits[20], *at = digits + sizeof(digits);

	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	put_text(to, key);
	put(to, at, (size_t)(digits + sizeof(digits) - at));
}

/* inet_ntop prints IPv4 with snprintf, which costs as much as the rest of the object. */
static void
put_address(struct line *to, const char *key, const struct addr *a)
{
	char text[ADDR_TEXT], *at = text;

	if (a->family != 4) {
		put_member(to, key, text_of(addr_format(a, text)));
		return;
	}
	for (int i = 0; i < 4; i++) {
		int width = a->b[i] < 10 ? 1 : a->b[i] < 100 ? 2 : 3;

		at = put_digits(at, a->b[i], width);
		*at++ = '.';
	}
	put_member(to, key, (struct text){text, (size_t)(at - text) - 1});
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

void
denial_json_write(FILE *out, const char *file, const struct denial *d)
{
	char stamp[DENIAL_TIME_TEXT];
	struct line to;

	to.out = out;
	to.len = 0;
	put_member(&to, "{\"file\":", text_of(file));
	put_number(&to, d->is_record ? ",\"record\":" : ",\"line\":", d->line);
	put_member(&to, ",\"time\":", text_of(denial_time_format(d, stamp)));
	put_address(&to, ",\"ip\":", &d->client);
	put_member(&to, ",\"host\":", d->client_name);
	put_member(&to, ",\"helo\":", d->helo);
	put_member(&to, ",\"sender\":", d->sender);
	put_member(&to, ",\"recipient\":", d->recipient);
	put_member(&to, ",\"account\":", d->account);
	put_member(&to, ",\"code\":", reply_code(d->reply));
	put_member(&to, ",\"reply\":", d->reply);
	put_member(&to, ",\"server\":", d->server);
	put_member(&to, ",\"kind\":", text_of(denial_kind_name(d->kind)));
	put_number(&to, ",\"count\":", d->count);
	put_text(&to, "}\n");
	flush(&to);
}
