#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <orbl/text.h>

#include "eventlog_write.h"

static uint32_t
next_code(const unsigned char **p)
{
	uint32_t code = *(*p)++;
	int more = code < 0xc0 ? 0 : code < 0xe0 ? 1 : code < 0xf0 ? 2 : 3;

	if (more != 0)
		code &= 0x3fU >> more;
	for (; more != 0 && (**p & 0xc0) == 0x80; more--)
		code = code << 6 | (*(*p)++ & 0x3f);
	return code;
}

size_t
eventlog_utf16(struct writer *w, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t units = 0;

	while (*p != '\0') {
		uint32_t code;

		if (p[0] == '\\' && p[1] == 'u' && strlen((const char *)p) >= 6) {
			char hex[5] = {(char)p[2], (char)p[3], (char)p[4], (char)p[5], '\0'};

			code = (uint32_t)strtoul(hex, NULL, 16);
			p += 6;
		} else {
			code = next_code(&p);
		}
		if (code >= 0x10000) {
			writer_u16le(w, (uint16_t)(0xd800 + ((code - 0x10000) >> 10)));
			code = 0xdc00 + (code & 0x3ff);
			units++;
		}
		writer_u16le(w, (uint16_t)code);
		units++;
	}
	return units;
}

uint64_t
eventlog_filetime(int64_t time_s)
{
	return (uint64_t)time_s * 10000000 + UINT64_C(116444736000000000);
}

static void
copy(char *out, size_t size, struct text t)
{
	(void)snprintf(out, size, "%.*s", TEXT_ARG(t));
}

static void
add_string(struct event_spec *e, struct text name, struct text value)
{
	if (e->string_count == EVENT_SPEC_STRINGS)
		return;
	copy(e->strings[e->string_count].name, sizeof(e->strings[0].name), name);
	copy(e->strings[e->string_count].value, sizeof(e->strings[0].value), value);
	e->string_count++;
}

static bool
read_number(struct text t, uint64_t *out)
{
	return text_to_u64(t, UINT64_MAX, out) == OK;
}

static bool
read_field(struct event_spec *e, struct text key, struct text value)
{
	uint64_t n = 0;

	if (text_equal(key, TEXT("source")))
		copy(e->source, sizeof(e->source), value);
	else if (text_equal(key, TEXT("computer")))
		copy(e->computer, sizeof(e->computer), value);
	else if (text_equal(key, TEXT("message")))
		copy(e->message, sizeof(e->message), value);
	else if (text_equal(key, TEXT("user")))
		copy(e->user_data, sizeof(e->user_data), value);
	else if (text_equal(key, TEXT("string")))
		add_string(e, TEXT_NONE, value);
	else if (text_equal(key, TEXT("named")))
		add_string(e, text_cut(&value, ' '), value);
	else if (!read_number(value, &n))
		return false;
	else if (text_equal(key, TEXT("id")))
		e->id = (uint32_t)n;
	else if (text_equal(key, TEXT("number")))
		e->number = n;
	else if (text_equal(key, TEXT("time")))
		e->time_s = (int64_t)n;
	else
		return false;
	return true;
}

size_t
eventlog_read_specs(const char *text, size_t len, struct event_spec *out, size_t max)
{
	struct text rest = {text, len}, line;
	size_t count = 0;

	while (text_next_line(&rest, &line)) {
		struct text key;

		if (line.len == 0 || line.p[0] == '#')
			continue;
		key = text_cut(&line, ' ');
		if (text_equal(key, TEXT("event"))) {
			if (count == max)
				return 0;
			memset(&out[count++], 0, sizeof(*out));
			out[count - 1].number = count;
		} else if (count == 0 || !read_field(&out[count - 1], key, line)) {
			return 0;
		}
	}
	return count;
}
