#include "denial_json.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

static void
put(FILE *out, const char *p, size_t len)
{
	(void)fwrite_unlocked(p, 1, len, out);
}

static void
put_text(FILE *out, const char *s)
{
	put(out, s, strlen(s));
}

/* Bytes of the UTF-8 character at the start of t, 0 when it is none (RFC 3629 section 4: not
 * overlong, no surrogate, at most U+10FFFF). */
static size_t
utf8_length(struct text t)
{
	static const struct {
		uint8_t first_low, first_high, second_low, second_high;
		size_t len;
	} forms[] = {
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	const uint8_t *b = (const uint8_t *)t.p;

	for (size_t i = 0; i < ORBL_COUNT(forms); i++) {
		if (b[0] < forms[i].first_low || b[0] > forms[i].first_high)
			continue;
		if (t.len < forms[i].len || b[1] < forms[i].second_low ||
			b[1] > forms[i].second_high)
			return 0;
		for (size_t j = 2; j < forms[i].len; j++)
			if ((b[j] & 0xc0) != 0x80)
				return 0;
		return forms[i].len;
	}
	return 0;
}

static bool
is_literal(char c)
{
	unsigned char b = (unsigned char)c;

	return b >= ' ' && b < 0x7f && b != '"' && b != '\\';
}

static void
put_escape(FILE *out, unsigned code)
{
	static const char digits[] = "0123456789abcdef";
	char escape[6] = {'\\', 'u', '0', '0', digits[code >> 4 & 15], digits[code & 15]};

	if (code == '"' || code == '\\') {
		escape[1] = (char)code;
		put(out, escape, 2);
		return;
	}
	put(out, escape, sizeof(escape));
}

/* The first character of t, which is not literal. Returns its bytes. C1 control characters
 * are escaped too: some terminals obey them. */
static size_t
put_character(FILE *out, struct text t)
{
	unsigned first = (unsigned char)t.p[0];
	size_t len;

	if (first < 0x80) {
		put_escape(out, first);
		return 1;
	}
	len = utf8_length(t);
	if (len == 0) {
		put_text(out, "\\ufffd");
		return 1;
	}
	if (first == 0xc2 && (unsigned char)t.p[1] < 0xa0)
		put_escape(out, (unsigned char)t.p[1]);
	else
		put(out, t.p, len);
	return len;
}

static void
put_string(FILE *out, struct text t)
{
	putc_unlocked('"', out);
	while (t.len != 0) {
		size_t n = 0;

		while (n < t.len && is_literal(t.p[n]))
			n++;
		put(out, t.p, n);
		t = text_from(t, n);
		if (t.len != 0)
			t = text_from(t, put_character(out, t));
	}
	putc_unlocked('"', out);
}

static void
put_member(FILE *out, const char *key, struct text value)
{
	put_text(out, key);
	if (value.p == NULL)
		put_text(out, "null");
	else
		put_string(out, value);
}

static char *
put_digits(char *at, int value, int width)
{
	for (int i = width; i-- > 0; value /= 10)
		at[i] = (char)('0' + value % 10);
	return at + width;
}

/* "YYYY-MM-DDThh:mm:ss"; snprintf costs more than all the rest of a line. */
static char *
put_date_time(char *at, const struct tm *tm)
{
	at = put_digits(at, tm->tm_year + 1900, 4);
	*at++ = '-';
	at = put_digits(at, tm->tm_mon + 1, 2);
	*at++ = '-';
	at = put_digits(at, tm->tm_mday, 2);
	*at++ = 'T';
	at = put_digits(at, tm->tm_hour, 2);
	*at++ = ':';
	at = put_digits(at, tm->tm_min, 2);
	*at++ = ':';
	return put_digits(at, tm->tm_sec, 2);
}

const char *
denial_time_format(const struct denial *d, char out[DENIAL_TIME_TEXT])
{
	int32_t offset = d->time_offset_s, ahead = offset < 0 ? -offset : offset;
	time_t t = (time_t)(d->time_s + offset);
	char *at = out;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL)
		memset(&tm, 0, sizeof(tm));
	at = put_date_time(at, &tm);
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
put_number(FILE *out, const char *key, uint64_t value)
{
	char digits[20], *at = digits + sizeof(digits);

	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	put_text(out, key);
	put(out, at, (size_t)(digits + sizeof(digits) - at));
}

void
denial_json_write(FILE *out, const char *file, const struct denial *d)
{
	char stamp[DENIAL_TIME_TEXT], address[ADDR_TEXT];

	put_member(out, "{\"file\":", text_of(file));
	put_number(out, ",\"line\":", d->line);
	put_member(out, ",\"time\":", text_of(denial_time_format(d, stamp)));
	put_member(out, ",\"ip\":", text_of(addr_format(&d->client, address)));
	put_member(out, ",\"helo\":", d->helo);
	put_member(out, ",\"sender\":", d->sender);
	put_member(out, ",\"recipient\":", d->recipient);
	put_member(out, ",\"account\":", d->account);
	put_member(out, ",\"reply\":", d->reply);
	put_member(out, ",\"server\":", d->server);
	put_member(out, ",\"kind\":", text_of(denial_kind_name(d->kind)));
	put_number(out, ",\"count\":", d->count);
	put_text(out, "}\n");
}
