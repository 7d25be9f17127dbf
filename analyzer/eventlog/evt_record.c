#include "evt_record.h"

#include <string.h>

#include <orbl/cursor.h>

#include "utf16.h"

struct strings { /* of one record */
	const uint8_t *record;
	size_t len; /* without the length's copy */
	char *text;
};

/* A string that ends with NUL; *at moves behind it. */
static bool
take_string(struct strings *s, size_t *at, struct text *out)
{
	size_t units = 0, room = *at <= s->len ? (s->len - *at) / 2 : 0;
	const uint8_t *p = s->record + *at;

	while (units < room && (p[2 * units] != 0 || p[2 * units + 1] != 0))
		units++;
	if (units == room)
		return false;
	*out = (struct text){s->text, utf16_to_utf8(p, units, s->text)};
	s->text += out->len;
	*at += 2 * units + 2;
	return true;
}

const char *
evt_record_read(const uint8_t *record, size_t len, char *text, struct event_record *out)
{
	struct strings s = {record, len - 4, text};
	size_t count, at = EVT_RECORD_HEAD;
	struct cursor c;

	memset(out, 0, sizeof(*out));
	cursor_init(&c, record, len);
	(void)cursor_u64le(&c); /* length, signature */
	out->number = cursor_u32le(&c);
	(void)stamp_from_epoch((int64_t)cursor_u32le(&c), 0, &out->stamp);
	(void)cursor_u32le(&c); /* when it was written down */
	out->id = cursor_u32le(&c) & 0xffff;
	(void)cursor_u16le(&c); /* error, warning ... */
	count = cursor_u16le(&c);
	(void)cursor_u64le(&c); /* category, flags, closing record */
	if (!take_string(&s, &at, &out->source) || !take_string(&s, &at, &out->computer))
		return "its source or its computer's name does not end";
	at = cursor_u32le(&c);
	if (count != 0 && at < EVT_RECORD_HEAD)
		return "its strings start within its head";
	for (size_t i = 0; i < count && i < EVENT_STRINGS_MAX; i++) {
		if (!take_string(&s, &at, &out->strings[i].value))
			return "one of its strings does not end";
		out->string_count++;
	}
	return NULL;
}
