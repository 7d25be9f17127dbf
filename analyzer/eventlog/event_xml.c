#include "event_xml.h"

#include <expat.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event_build.h"
#include "event_markup.h"

enum { BUFFER = 1 << 20, REASON = 160, CODE_MAX = 0x10ffff };

struct event_xml {
	struct container_sink sink;
	enum err failed;
	bool is_stopped; /* the rest is not read */
	XML_Parser parser;
	uint64_t line; /* of start */
	size_t start;  /* in bytes: what is not done yet, the open event first */
	size_t at;     /* how far markup has been looked at */
	size_t len;    /* of bytes, from 0 */
	size_t wait;   /* no use in looking before there is so much */
	bool in_event, in_user;
	bool is_foreign; /* what stands between two events is no XML of an event log, and is told */
	unsigned roots;  /* <Events> that are open */
	size_t nested;   /* where an event within the open event's UserData starts; 0: none */
	bool in_nested;
	struct event_build build;
	char bytes[BUFFER];
};

/* So are byte order marks, of exports that were put together. */
static bool
is_blank(struct text t)
{
	static const char blanks[] =
		" \t\n\v\f\r\xef\xbb\xbf"; /* NUL, too, as it may be at the end */

	while (t.len != 0 && memchr(blanks, t.p[0], sizeof(blanks)) != NULL)
		t = text_from(t, 1);
	return t.len == 0;
}

bool
event_xml_knows(struct text head)
{
	enum markup m;
	size_t len;

	if (text_has_prefix(head, TEXT("\xef\xbb\xbf")))
		head = text_from(head, 3);
	while (head.len != 0) {
		m = event_markup_next(head, &len);
		if (m == MARKUP_DOCTYPE) /* to be refused, with a reason */
			return text_has_prefix(head, TEXT("<!DOCTYPE Event"));
		if (m == MARKUP_EVENT_START)
			return true;
		if (m == MARKUP_TEXT && !is_blank(text_upto(head, len)))
			return false;
		if (m != MARKUP_TEXT && m != MARKUP_OTHER)
			return false;
		if (m == MARKUP_OTHER && head.p[1] != '?' && head.p[1] != '!')
			return event_markup_is(text_upto(head, len), TEXT("Events"));
		head = text_from(head, len);
	}
	return false;
}

void
event_xml_close(void *context)
{
	struct event_xml *x = context;

	if (x == NULL)
		return;
	XML_ParserFree(x->parser);
	free(x);
}

void *
event_xml_open(const struct container_sink *sink)
{
	struct event_xml *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->sink = *sink;
	x->line = 1;
	x->parser = XML_ParserCreate("UTF-8");
	if (x->parser != NULL)
		return x;
	free(x);
	return NULL;
}

static void
tell(struct event_xml *x, const char *problem)
{
	char reason[REASON];

	(void)snprintf(reason, sizeof(reason), "the event at line %" PRIu64 ": %s", x->line,
		problem);
	x->sink.trouble(x->build.record.is_line ? 0 : x->build.record.number, reason,
		x->sink.context);
}

static void
check_build(struct event_xml *x)
{
	if (x->build.problem != NULL)
		(void)XML_StopParser(x->parser, XML_FALSE);
}

static void
start_element(void *context, const XML_Char *name, const XML_Char **attributes)
{
	struct event_xml *x = context;

	event_build_start(&x->build, text_of(name));
	for (; attributes[0] != NULL; attributes += 2) {
		event_build_attribute(&x->build, text_of(attributes[0]));
		event_build_text(&x->build, text_of(attributes[1]));
	}
	event_build_content(&x->build);
	check_build(x);
}

static void
end_element(void *context, const XML_Char *name)
{
	struct event_xml *x = context;

	(void)name;
	event_build_end(&x->build);
	check_build(x);
}

static void
take_text(void *context, const XML_Char *p, int len)
{
	struct event_xml *x = context;

	event_build_text(&x->build, (struct text){p, (size_t)len});
	check_build(x);
}

static const char *
parse(struct event_xml *x, struct text event, const char *encoding)
{
	if (XML_ParserReset(x->parser, encoding) != XML_TRUE)
		return "out of memory";
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, start_element, end_element);
	XML_SetCharacterDataHandler(x->parser, take_text);
	event_build_begin(&x->build, x->line, true, NULL);
	if (XML_Parse(x->parser, event.p, (int)event.len, 1) == XML_STATUS_OK)
		return event_build_finish(&x->build);
	if (x->build.problem != NULL)
		return x->build.problem;
	return XML_ErrorString(XML_GetErrorCode(x->parser));
}

static bool
is_character(uint32_t code)
{
	return code == '\t' || code == '\n' || code == '\r' || (code >= 0x20 && code < 0xd800) ||
		(code >= 0xe000 && code < 0xfffe) || (code > 0xffff && code <= CODE_MAX);
}

/* "&#...;" for a character that XML cannot have: its length, else 0. */
static size_t
bad_reference(struct text t)
{
	bool hex = t.len > 3 && t.p[2] == 'x';
	size_t i = hex ? 3 : 2, first = i;
	uint32_t code = 0;

	if (t.len < 4 || t.p[1] != '#')
		return 0;
	for (; i < t.len; i++) {
		char c = t.p[i];
		unsigned digit;

		if (c >= '0' && c <= '9')
			digit = (unsigned)(c - '0');
		else if (hex && (c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			digit = (unsigned)((c | 0x20) - 'a' + 10);
		else
			break;
		code = code > CODE_MAX ? code : code * (hex ? 16 : 10) + digit;
	}
	if (i == first || i == t.len || t.p[i] != ';' || is_character(code))
		return 0;
	return i + 1;
}

/* Windows puts characters into XML that XML does not have; a client must not hide what it
 * did by sending one. In place; returns the new length. */
static size_t
replace_forbidden(char *p, size_t len)
{
	size_t used = 0, skip;

	for (size_t i = 0; i < len; i += skip) {
		unsigned char c = (unsigned char)p[i];

		skip = c == '&' ? bad_reference((struct text){p + i, len - i}) : 0;
		p[used++] = skip != 0 || !is_character(c) ? '?' : p[i];
		if (skip == 0)
			skip = 1;
	}
	return used;
}

static enum err
read_event(struct event_xml *x, size_t end)
{
	char *p = x->bytes + x->start;
	struct text event = {p, replace_forbidden(p, end - x->start)};
	const char *problem = parse(x, event, "UTF-8");

	if (problem != NULL && x->build.problem == NULL &&
		XML_GetErrorCode(x->parser) == XML_ERROR_INVALID_TOKEN)
		problem = parse(x, event, "ISO-8859-1");
	if (problem == NULL)
		return x->sink.event(&x->build.record, x->sink.context);
	tell(x, problem);
	return OK;
}

/* What is before at is done. */
static void
drop_to(struct event_xml *x, size_t at)
{
	for (const char *p = x->bytes + x->start, *end = x->bytes + at;
		p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL; p++)
		x->line++;
	x->start = x->at = at;
}

/* The open event is no good: the next one may start at at. */
static void
give_up(struct event_xml *x, size_t at, const char *problem)
{
	event_build_begin(&x->build, x->line, true, NULL);
	tell(x, problem);
	x->in_event = false;
	x->is_foreign = true;
	drop_to(x, x->nested != 0 ? x->nested : at);
}

static void
start_event(struct event_xml *x, size_t len)
{
	if (x->in_event && x->in_user && x->nested == 0) {
		x->nested = x->at;
		x->in_nested = true;
	} else if (x->in_event) {
		give_up(x, x->at, "it does not end");
		return; /* to look at this tag, or the nested one, again */
	} else {
		drop_to(x, x->at);
		x->is_foreign = false;
		x->in_event = true;
		x->in_user = x->in_nested = false;
		x->nested = 0;
	}
	x->at += len;
}

static enum err
end_event(struct event_xml *x, size_t len)
{
	size_t end = x->at + len;
	enum err failed = OK;

	x->at = end;
	if (!x->in_event || x->in_nested) {
		x->in_nested = false;
		return OK;
	}
	failed = read_event(x, end);
	x->in_event = false;
	drop_to(x, end);
	return failed;
}

static void
stop(struct event_xml *x, const char *problem)
{
	x->sink.trouble(0, problem, x->sink.context);
	x->is_stopped = true;
	x->in_event = false;
}

/* Text that no export has between events: another log, or an event whose start is damaged. */
static void
note_foreign(struct event_xml *x, struct text t)
{
	uint64_t line = x->line;
	char reason[REASON];
	size_t at;

	if (x->in_event || x->is_foreign || is_blank(t))
		return;
	for (at = x->start; at < x->at || is_blank((struct text){x->bytes + at, 1}); at++)
		line += x->bytes[at] == '\n' ? 1 : 0;
	x->is_foreign = true;
	(void)snprintf(reason, sizeof(reason), "line %" PRIu64 " is no part of an event", line);
	x->sink.trouble(0, reason, x->sink.context);
}

static void
note_root(struct event_xml *x, struct text tag)
{
	if (x->in_event)
		return;
	if (event_markup_is(tag, TEXT("Events")))
		x->roots += text_has_suffix(tag, TEXT("/>")) ? 0 : 1;
	else if (x->roots != 0 && tag.len > 1 && tag.p[1] == '/' &&
		event_markup_is(text_from(tag, 1), TEXT("Events")))
		x->roots--;
}

/* Markup whose end is not there; it will not come when is_last or when there is no room. */
static bool
is_waiting(struct event_xml *x, enum markup m, bool is_last)
{
	if (!is_last && (x->start != 0 || x->len < sizeof(x->bytes))) {
		x->wait = x->len + (x->len - x->at);
		return true;
	}
	if (m == MARKUP_SECTION)
		stop(x, "a comment or CDATA does not end: the rest is not read");
	else
		note_foreign(x, TEXT("<"));
	x->at++;
	return m == MARKUP_SECTION;
}

static enum err
look(struct event_xml *x, bool is_last)
{
	enum err failed = OK;
	size_t len = 0;

	while (failed == OK && !x->is_stopped && x->at < x->len) {
		struct text t = {x->bytes + x->at, x->len - x->at};
		enum markup m = event_markup_next(t, &len);

		switch (m) {
		case MARKUP_MORE:
		case MARKUP_SECTION:
			if (is_waiting(x, m, is_last))
				return OK;
			break;
		case MARKUP_EVENT_START: start_event(x, len); break;
		case MARKUP_EVENT_END: failed = end_event(x, len); break;
		case MARKUP_DOCTYPE:
			stop(x, "a document type, which no event log has: the rest is not read");
			break;
		case MARKUP_USER_START:
		case MARKUP_USER_END:
			if (!x->in_nested)
				x->in_user = m == MARKUP_USER_START;
			x->at += len;
			break;
		case MARKUP_TEXT:
			note_foreign(x, text_upto(t, len));
			x->at += len;
			break;
		case MARKUP_OTHER:
			note_root(x, text_upto(t, len));
			x->at += len;
			break;
		case MARKUP_EVENT_EMPTY: x->at += len; break;
		}
	}
	return failed;
}

static enum err
read_bytes(struct event_xml *x, bool is_last)
{
	if (x->len < x->wait && !is_last && x->len < sizeof(x->bytes))
		return OK;
	x->wait = 0;
	x->failed = look(x, is_last);
	if (!x->in_event)
		drop_to(x, x->at);
	return x->failed;
}

static void
make_room(struct event_xml *x)
{
	if (x->start == 0 && x->len == sizeof(x->bytes))
		give_up(x, x->at, "it is longer than 1 MiB");
	memmove(x->bytes, x->bytes + x->start, x->len - x->start);
	x->len -= x->start;
	x->at -= x->start;
	x->wait -= x->wait > x->start ? x->start : x->wait;
	if (x->nested != 0)
		x->nested -= x->start;
	x->start = 0;
}

enum err
event_xml_feed(void *context, const void *bytes, size_t len)
{
	struct event_xml *x = context;
	const char *at = bytes;

	while (x->failed == OK && !x->is_stopped && len != 0) {
		size_t n;

		if (x->len == sizeof(x->bytes))
			make_room(x);
		n = sizeof(x->bytes) - x->len < len ? sizeof(x->bytes) - x->len : len;
		memcpy(x->bytes + x->len, at, n);
		x->len += n;
		at += n;
		len -= n;
		(void)read_bytes(x, false);
	}
	return x->failed;
}

enum err
event_xml_finish(void *context)
{
	struct event_xml *x = context;
	bool is_told = false;

	while (x->failed == OK && !x->is_stopped && x->start < x->len) {
		(void)read_bytes(x, true);
		is_told = x->in_event;
		if (x->in_event)
			give_up(x, x->at, "it does not end");
	}
	if (x->failed == OK && !x->is_stopped && x->roots != 0 && !is_told)
		x->sink.trouble(0, "the file ends before </Events> does", x->sink.context);
	return x->failed;
}
